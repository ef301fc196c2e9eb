// Error replies and readings of arguments that several commands share, in the words of Redis 7.
import type { CommandRow } from "./command-row.ts";
import { type ErrorReply, error, type Reply, simple } from "./reply.ts";

export const syntaxError = error("ERR syntax error");

export const wrongArity = (name: string): ErrorReply => error(`ERR wrong number of arguments for '${name}' command`);

export const unknownSubcommand = (container: string, subcommand: string): ErrorReply =>
  error(`ERR unknown subcommand '${subcommand.slice(0, 128)}'. Try ${container.toUpperCase()} HELP.`);

/** A whole number as Redis reads it: no plus sign, no leading zero, no space; undefined for anything else. */
export function parseInteger(argument: Buffer): number | undefined {
  const text = argument.toString("latin1");
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** An argument as an upper-case word, for comparing with option names. */
export const optionOf = (argument: Buffer | undefined): string => argument?.toString("latin1").toUpperCase() ?? "";

/** HELP of a container command, from its rows of the table. */
export function helpReply(row: CommandRow): Reply {
  const name = row.name.toUpperCase();
  const lines = row.subcommands.flatMap((subcommand) => [
    subcommand.name.slice(row.name.length + 1).toUpperCase(),
    `    ${subcommand.summary}`,
  ]);
  return [`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`, ...lines].map(simple);
}
