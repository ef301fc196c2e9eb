// The command table for TypeScript: rows of commands/*.json, found by name. Nothing here is native; the data plane has the
// same rows in native/command/command_table.h.
import { commandRows } from "./command-data.generated.ts";
import type { CommandRow } from "./command-row.ts";

/** A key among the arguments of a command, with what the command does to it. */
export interface KeyPosition {
  readonly index: number;
  readonly flags: readonly string[];
}

/** All commands, sorted by name; the place of a row is its index in native metric arrays. */
export const commandTable: readonly CommandRow[] = commandRows;

const byName = new Map<string, CommandRow>();
for (const row of commandRows) {
  byName.set(row.name, row);
  for (const subcommand of row.subcommands) byName.set(subcommand.name, subcommand);
}

/** The row of `name` in any case; subcommands as `config|get`. */
export function findCommand(name: string): CommandRow | undefined {
  return byName.get(name.toLowerCase());
}

/** The row that a full command runs: the subcommand's where the command is a container and names a known one. */
export function resolveCommand(words: readonly string[]): CommandRow | undefined {
  const [name, subcommand] = words;
  if (name === undefined) return undefined;
  const row = findCommand(name);
  if (row === undefined || row.subcommands.length === 0 || subcommand === undefined) return row;
  return findCommand(`${name}|${subcommand}`) ?? row;
}

/** Whether a command of `count` words (its name counts) fits the arity. */
export function fitsArity(row: CommandRow, count: number): boolean {
  return row.arity >= 0 ? count === row.arity : count >= -row.arity;
}

/** The keys of a full command of `count` words, in the order of their specs. */
export function keyPositions(row: CommandRow, count: number): KeyPosition[] {
  return row.keys.flatMap(({ flags, index, last, step }) => {
    const end = last < 0 ? count + last : index + last;
    const found: KeyPosition[] = [];
    for (let place = index; place <= end && place < count; place += step) found.push({ index: place, flags });
    return found;
  });
}
