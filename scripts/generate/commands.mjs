// From commands/*.json: the native command table, the TypeScript one, and docs/commands.md. The shape of a row is told
// in commands/README.md.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { listFiles, root } from "../project.mjs";

const nativeFlags = {
  write: "kWrite",
  readonly: "kReadonly",
  denyoom: "kDenyOom",
  fast: "kFast",
  no_auth: "kNoAuth",
  loading: "kLoading",
  stale: "kStale",
  admin: "kAdmin",
  noscript: "kNoScript",
  no_multi: "kNoMulti",
  no_async_loading: "kNoAsyncLoading",
  skip_slowlog: "kSkipSlowlog",
  skip_monitor: "kSkipMonitor",
  movablekeys: "kMovableKeys",
  allow_busy: "kAllowBusy",
  blocking: "kBlocking",
  pubsub: "kPubSub",
};

/** Access categories in the order in which COMMAND INFO names them. */
const categoryOrder =
  "keyspace read write string pubsub admin fast slow blocking dangerous connection transaction".split(" ");

/** Categories that follow from flags, as Redis derives them, and those the row names itself. */
function categoriesOf({ flags, categories }) {
  const found = new Set(categories);
  const implied = { write: "write", readonly: "read", pubsub: "pubsub", blocking: "blocking", admin: "admin" };
  for (const flag of flags) if (implied[flag] !== undefined) found.add(implied[flag]);
  if (flags.includes("admin")) found.add("dangerous");
  found.add(flags.includes("fast") ? "fast" : "slow");
  for (const name of found) if (!categoryOrder.includes(name)) throw new Error(`unknown category ${name}`);
  return categoryOrder.filter((name) => found.has(name));
}

/** First key, last key and step as COMMAND INFO has them; a last key below zero counts from the end. */
function keyRangeOf(keys = []) {
  if (keys.length === 0) return { first: 0, last: 0, step: 0 };
  const ends = keys.map(({ index, last }) => (last < 0 ? last : index + last));
  return {
    first: Math.min(...keys.map(({ index }) => index)),
    last: ends.find((end) => end < 0) ?? Math.max(...ends),
    step: keys[0].step,
  };
}

function completeRow(name, group, row) {
  const subcommands = Object.entries(row.subcommands ?? {}).map(([word, subcommand]) =>
    completeRow(`${name}|${word.toLowerCase()}`, group, subcommand),
  );
  for (const flag of row.flags) if (nativeFlags[flag] === undefined) throw new Error(`${name}: unknown flag ${flag}`);
  const { summary, since, complexity, arity, handler = "", flags, tips = [], keys = [] } = row;
  const facts = { name, group, summary, since, complexity, arity, handler, flags, categories: categoriesOf(row), tips };
  return { ...facts, keys, ...keyRangeOf(keys), arguments: row.arguments ?? [], subcommands };
}

/** All rows, sorted by name, with everything that is derived filled in. */
export function readCommands() {
  const rows = listFiles("commands", (name) => name.endsWith(".json")).flatMap((path) => {
    const group = basename(path, ".json");
    const family = JSON.parse(readFileSync(join(root, path), "utf8"));
    return Object.entries(family).map(([name, row]) => completeRow(name.toLowerCase(), group, row));
  });
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function nativeFlagsOf(flags) {
  return flags.length === 0 ? "0" : flags.map((flag) => nativeFlags[flag]).join(" | ");
}

const nativeFacts = ({ arity, flags, handler }) =>
  `${handler || "Posted"}, ${arity}, ${nativeFlagsOf(flags)}, ${handler !== ""}`;

/** One line a command and then one a subcommand; who includes the file defines COMMAND and SUBCOMMAND. */
function nativeTable(rows) {
  const all = rows.flatMap(({ subcommands }) => subcommands);
  const lines = ["// Generated from commands/*.json by `npm run generate`."];
  for (const [index, row] of rows.entries()) {
    const { name, first, last, step, subcommands } = row;
    const place = subcommands.length === 0 ? 0 : all.indexOf(subcommands[0]);
    const numbers = [first, last, step, place, subcommands.length].join(", ");
    lines.push(`COMMAND(${index}, "${name}", ${nativeFacts(row)}, ${numbers})`);
  }
  for (const [index, row] of all.entries()) {
    lines.push(`SUBCOMMAND(${index}, "${row.name.split("|")[1]}", "${row.name}", ${nativeFacts(row)})`);
  }
  return `${lines.join("\n")}\n`;
}

function typescriptTable(rows) {
  const withoutHandler = ({ handler, subcommands, ...facts }) => ({
    ...facts,
    isNative: handler !== "",
    subcommands: subcommands.map(withoutHandler),
  });
  return [
    "// Generated from commands/*.json by `npm run generate`.",
    'import type { CommandRow } from "./command-row.ts";',
    "",
    "export const commandRows: readonly CommandRow[] = [",
    ...rows.map((row) => `  ${JSON.stringify(withoutHandler(row))},`),
    "];",
    "",
  ].join("\n");
}

const optional = (flags, text) => (flags.includes("optional") ? `[${text}]` : text);

/** One argument in the usual notation: upper case is typed as it stands, square brackets may be left out. */
function notation(argument) {
  const { type, token, flags = [], arguments: parts = [] } = argument;
  let text = argument.name;
  if (type === "pure-token") text = "";
  else if (type === "oneof") text = parts.map(notation).join(" \\| ");
  else if (type === "block") text = parts.map(notation).join(" ");
  if (type === "oneof" && !flags.includes("optional")) text = `(${text})`;
  const first = [token, text].filter(Boolean).join(" ");
  return optional(flags, flags.includes("multiple") ? `${first} [${first} ...]` : first);
}

function documentRow(row) {
  const usage = [row.name.replace("|", " ").toUpperCase(), ...row.arguments.map(notation)].join(" ");
  return `| ${usage} | ${row.summary} | ${row.complexity} | ${row.since} |`;
}

const groupTitles = {
  string: "Strings",
  generic: "Keys",
  transactions: "Transactions",
  connection: "Connections",
  server: "Server",
};

function reference(rows) {
  const lines = [
    "# Commands",
    "",
    "Generated from `commands/*.json` by `npm run generate`. *Since* is the version of Redis or Valkey in which the command first",
    "appeared; replies and errors are those of Redis 7.0 except where `test/conformance/differences.ts` says otherwise.",
  ];
  for (const [group, title] of Object.entries(groupTitles)) {
    lines.push("", `## ${title}`, "", "| Command | Does | Time | Since |", "|---|---|---|---|");
    const members = rows.filter((row) => row.group === group);
    for (const row of members) {
      const isContainer = row.subcommands.length > 0 && row.arity === -2;
      if (!isContainer) lines.push(documentRow(row));
      lines.push(...row.subcommands.map(documentRow));
    }
  }
  const known = rows.filter((row) => groupTitles[row.group] === undefined);
  if (known.length > 0) throw new Error(`no title for the group ${known[0].group}`);
  return `${lines.join("\n")}\n`;
}

export function generate() {
  const rows = readCommands();
  return {
    "native/command/command_table.generated.inc": nativeTable(rows),
    "src/commands/command-data.generated.ts": typescriptTable(rows),
    "docs/commands.md": reference(rows),
  };
}
