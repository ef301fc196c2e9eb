// COMMAND and its subcommands: the command table as clients ask for it.

import type { ArgumentSpec, CommandRow, KeySpec } from "./command-row.ts";
import { commandTable, findCommand, fitsArity, keyPositions, resolveCommand } from "./command-table.ts";
import { matchesGlob } from "./glob.ts";
import type { CommandRegistry } from "./registry.ts";
import { helpReply, optionOf, syntaxError } from "./replies.ts";
import { error, map, type Reply, set, simple } from "./reply.ts";

export function registerCommandCommand(registry: CommandRegistry): void {
  registry.add("COMMAND", () => commandTable.map(describe));
  registry.add("COMMAND|COUNT", () => commandTable.length);
  registry.add("COMMAND|INFO", (_context, args) => infoOf(args));
  registry.add("COMMAND|DOCS", (_context, args) => docsOf(args));
  registry.add("COMMAND|LIST", (_context, args) => list(args));
  registry.add("COMMAND|GETKEYS", (_context, args) => keysOf(args, (key) => key));
  registry.add("COMMAND|GETKEYSANDFLAGS", (_context, args) =>
    keysOf(args, (key, flags) => [key, set(flags.map(simple))]),
  );
  registry.add("COMMAND|HELP", () => helpReply(findCommand("command") as CommandRow));
}

function infoOf(args: readonly Buffer[]): Reply {
  if (args.length === 0) return commandTable.map(describe);
  return args.map((name) => {
    const row = findCommand(name.toString("latin1"));
    return row === undefined ? null : describe(row);
  });
}

/** The ten fields of COMMAND INFO. */
function describe(row: CommandRow): Reply {
  return [
    row.name,
    row.arity,
    set(row.flags.map(simple)),
    row.first,
    row.last,
    row.step,
    set(row.categories.map((category) => simple(`@${category}`))),
    set(row.tips),
    set(row.keys.map(describeKeys)),
    // As Redis has it: an empty set, but an array when there are some.
    row.subcommands.length === 0 ? set([]) : row.subcommands.map(describe),
  ];
}

function describeKeys(keys: KeySpec): Reply {
  const range: [Reply, Reply][] = [
    ["lastkey", keys.last],
    ["keystep", keys.step],
    ["limit", 0],
  ];
  return map([
    ...(keys.notes === undefined ? [] : ([["notes", keys.notes]] as [Reply, Reply][])),
    ["flags", set(keys.flags.map(simple))],
    ["begin_search", map([["type", "index"] as const, ["spec", map([["index", keys.index]])] as const])],
    ["find_keys", map([["type", "range"] as const, ["spec", map(range)] as const])],
  ]);
}

function docsOf(args: readonly Buffer[]): Reply {
  const rows = args.length === 0 ? commandTable : args.flatMap((name) => findCommand(name.toString("latin1")) ?? []);
  return map(rows.map((row) => [row.name, document(row)]));
}

function document(row: CommandRow): Reply {
  const entries: [Reply, Reply][] = [
    ["summary", row.summary],
    ["since", row.since],
    ["group", row.group],
    ["complexity", row.complexity],
  ];
  if (row.arguments.length > 0) entries.push(["arguments", row.arguments.map(documentArgument)]);
  if (row.subcommands.length > 0) {
    entries.push(["subcommands", map(row.subcommands.map((subcommand) => [subcommand.name, document(subcommand)]))]);
  }
  return map(entries);
}

function documentArgument(argument: ArgumentSpec): Reply {
  const entries: [Reply, Reply][] = [
    ["name", argument.name],
    ["type", argument.type],
  ];
  if (argument.keySpec !== undefined) entries.push(["key_spec_index", argument.keySpec]);
  if (argument.token !== undefined) entries.push(["token", argument.token]);
  if (argument.since !== undefined) entries.push(["since", argument.since]);
  if (argument.flags !== undefined) entries.push(["flags", set(argument.flags.map(simple))]);
  if (argument.arguments !== undefined) entries.push(["arguments", argument.arguments.map(documentArgument)]);
  return map(entries);
}

function list(args: readonly Buffer[]): Reply {
  if (args.length === 0) return commandTable.map((row) => row.name);
  const [filter, kind, value] = args;
  if (args.length !== 3 || optionOf(filter) !== "FILTERBY" || value === undefined) return syntaxError;
  const wanted = value.toString("latin1").toLowerCase();
  switch (optionOf(kind)) {
    case "MODULE":
      return [];
    case "ACLCAT":
      return namesWhere((row) => row.categories.includes(wanted));
    case "PATTERN":
      return namesWhere((row) => matchesGlob(wanted, row.name));
    default:
      return syntaxError;
  }
}

function namesWhere(accepts: (row: CommandRow) => boolean): string[] {
  const rows = commandTable.flatMap((row) => [row, ...row.subcommands]);
  return rows.filter(accepts).map((row) => row.name);
}

function keysOf(words: readonly Buffer[], show: (key: Buffer, flags: readonly string[]) => Reply): Reply {
  const row = resolveCommand(words.map((word) => word.toString("latin1")));
  if (row === undefined) return error("ERR Invalid command specified");
  if (row.keys.length === 0) return error("ERR The command has no key arguments");
  if (!fitsArity(row, words.length)) return error("ERR Invalid number of arguments specified for command");
  return keyPositions(row, words.length).flatMap(({ index, flags }) => {
    const key = words[index];
    return key === undefined ? [] : [show(key, flags)];
  });
}
