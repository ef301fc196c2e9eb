// The command table against what redis-server says of its own commands: a wrong arity or flag misleads clients.
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandRow } from "../../src/commands/command-row.ts";
import { commandTable, keyPositions, resolveCommand } from "../../src/commands/command-table.ts";
import { type RunningServer, startRedis } from "./servers.ts";

/** A row of COMMAND INFO: name, arity, flags, first, last, step, categories, tips, key specs, subcommands. */
type InfoRow = [string, number, string[], number, number, number, string[], string[], unknown[], InfoRow[]];

/** Newer than Redis 7.0, from Redis 7.2 or Valkey. */
const newer = ["client|no-touch", "client|setinfo", "delifeq", "waitaof"];

let redis: RunningServer;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis({ host: redis.host, port: redis.port, protocol: 2 });
});

afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

const everyRow = commandTable.flatMap((row) => [row, ...row.subcommands]);

const factsOfRow = ({ name, arity, flags, first, last, step, categories, tips }: CommandRow) => ({
  name,
  arity,
  keys: [first, last, step],
  flags: [...flags].sort(),
  categories: [...categories].sort(),
  tips: [...tips].sort(),
});

const factsOfInfo = ([name, arity, flags, first, last, step, categories, tips]: InfoRow) => ({
  name,
  arity,
  keys: [first, last, step],
  flags: [...flags].sort(),
  categories: categories.map((category) => category.slice(1)).sort(),
  tips: [...tips].sort(),
});

test("every row says what Redis says of the command", async () => {
  const rows = everyRow.filter(({ name }) => !newer.includes(name));
  const infos = (await client.call("COMMAND", "INFO", ...rows.map(({ name }) => name))) as (InfoRow | null)[];
  expect(rows.map(factsOfRow)).toEqual(infos.map((info) => (info === null ? null : factsOfInfo(info))));
});

test("what is said to be newer is unknown to Redis 7.0", async () => {
  expect(everyRow.map(({ name }) => name)).toEqual(expect.arrayContaining(newer));
  expect(await client.call("COMMAND", "INFO", ...newer)).toEqual(newer.map(() => null));
});

test.each([
  ["get a"],
  ["mset a 1 b 2"],
  ["del a b c"],
  ["copy a b db 3 replace"],
  ["object encoding a"],
  ["memory usage a"],
  ["watch a b"],
  ["rename a b"],
])("the keys of '%s' stand where Redis sees them", async (line) => {
  const words = line.split(" ");
  const row = resolveCommand(words);
  const keys = row === undefined ? [] : keyPositions(row, words.length).map(({ index }) => words[index]);
  expect(keys).toEqual(await client.call("COMMAND", "GETKEYS", ...words));
});
