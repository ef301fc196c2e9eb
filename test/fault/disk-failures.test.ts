// A real node on a disk that fails: writes are refused and never falsely acknowledged, reads go on, health turns red, the node recovers
// by itself, and a kill -9 after that takes nothing back that was acknowledged at any time.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ServedNode } from "../harness/served-node.ts";
import { buildFaultLibrary, DiskFaults, type Fault } from "./disk-faults.ts";

const deadlineMs = 45_000;

let library: string;
let directory: string;
let faults: DiskFaults;
let node: ServedNode;

beforeAll(() => {
  library = buildFaultLibrary();
});

afterAll(() => rmSync(dirname(library), { recursive: true, force: true }));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "distcache-disk-"));
  faults = new DiskFaults(library, directory);
});

afterEach(async () => {
  await node.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function startNode(settings: Record<string, string> = {}): Promise<ServedNode> {
  const kept = { WAL_FILE: "log", SNAPSHOT_FILE: "snap", DATA_DIR: join(directory, "data"), CACHE_SIZE: "0" };
  return ServedNode.start({ settings: { ...kept, WAL_SEGMENT_BYTES: "4096", ...settings, ...faults.environment } });
}

function connect(): Redis {
  const connection = new Redis({ port: node.port, retryStrategy: () => 50, maxRetriesPerRequest: 100 });
  connection.on("error", () => {}); // the node closes connections whose replies it can not stand by
  return connection;
}

/** "OK", the error's text, or "closed" when the connection went without an answer. */
async function trySet(key: string, value: string): Promise<string> {
  const connection = new Redis({ port: node.port, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  connection.on("error", () => {});
  try {
    return (await connection.set(key, value)) as string;
  } catch (error) {
    const { message } = error as Error;
    return message.startsWith("MISCONF") ? message : "closed";
  } finally {
    connection.disconnect();
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}\n${node.log}${node.errors}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function info(connection: Redis, field: string): Promise<string | undefined> {
  const text = await connection.info("persistence");
  return new RegExp(`^${field}:(.*)\r$`, "m").exec(text)?.[1];
}

/** Writes until the node refuses; every key that was acknowledged goes into `acknowledged`. */
async function writeUntilRefused(acknowledged: Map<string, string>): Promise<void> {
  let serial = 0;
  await until("writes are refused", async () => {
    serial += 1;
    const [key, value] = [`during:${serial}`, "x".repeat(200)];
    const outcome = await trySet(key, value);
    if (outcome === "OK") acknowledged.set(key, value);
    return outcome.startsWith("MISCONF");
  });
}

async function writeUntilTaken(acknowledged: Map<string, string>): Promise<void> {
  await until("writes are taken again", async () => (await trySet("after", "1")) === "OK");
  acknowledged.set("after", "1");
}

/** kill -9 once everything that was acknowledged is synced: the policies differ in what is, not in what a failure may take. */
async function killWhenSynced(): Promise<void> {
  const connection = connect();
  expect(await connection.call("WAITAOF", 1, 0, 0)).toEqual([1, 0]);
  connection.disconnect();
  await node.kill();
}

async function expectEverything(acknowledged: ReadonlyMap<string, string>): Promise<void> {
  if (acknowledged.size === 0) return;
  const connection = connect();
  const keys = [...acknowledged.keys()];
  const values = await connection.mget(keys);
  expect(Object.fromEntries(keys.map((key, index) => [key, values[index]]))).toEqual(Object.fromEntries(acknowledged));
  connection.disconnect();
}

const logFaults: readonly (readonly [string, string, Fault])[] = [
  ["always", "the disk is full", { call: "write", part: ".wal", action: "ENOSPC" }],
  ["always", "writes fail", { call: "write", part: ".wal", action: "EIO" }],
  ["always", "one write fails", { call: "write", part: ".wal", action: "EIO", times: 1 }],
  ["everysec", "the disk is full", { call: "write", part: ".wal", action: "ENOSPC" }],
  ["everysec", "syncs fail", { call: "sync", part: ".wal", action: "EIO" }],
  ["no", "syncs of full segments fail", { call: "sync", part: ".wal", action: "EIO" }],
  ["no", "no segment can be made", { call: "open", part: ".wal", action: "EMFILE" }],
  ["no", "no segment can be renamed", { call: "rename", part: ".wal", action: "EIO" }],
];

describe("a log whose disk fails", () => {
  test.each(logFaults)("under %s, when %s", { timeout: 120_000 }, async (policy, _, fault) => {
    node = await startNode({ WAL_FSYNC: policy });
    const acknowledged = new Map<string, string>();
    for (let count = 0; count < 10; count += 1) {
      expect(await trySet(`before:${count}`, String(count))).toBe("OK");
      acknowledged.set(`before:${count}`, String(count));
    }
    const reader = connect();
    faults.set(fault);
    if (fault.times === undefined) {
      await writeUntilRefused(acknowledged);
      expect(await reader.get("before:3")).toBe("3");
      expect(await info(reader, "durability_healthy")).toBe("0");
      expect(await info(reader, "aof_last_write_status")).toBe("err");
      faults.heal();
    } else {
      expect(await trySet("during", "x")).not.toBe("OK");
      faults.heal();
    }
    await writeUntilTaken(acknowledged);
    expect(await info(reader, "durability_healthy")).toBe("1");
    expect(faults.hits).toBeGreaterThan(0);
    reader.disconnect();
    await killWhenSynced();
    node = await startNode({ WAL_FSYNC: policy });
    await expectEverything(acknowledged);
  });

  test("that takes only parts of what it is given loses nothing and refuses nothing", {
    timeout: 120_000,
  }, async () => {
    node = await startNode({ WAL_FSYNC: "always" });
    faults.set({ call: "write", part: ".wal", action: "short", times: 40 });
    const acknowledged = new Map<string, string>();
    for (let count = 0; count < 40; count += 1) {
      expect(await trySet(`key:${count}`, String(count))).toBe("OK");
      acknowledged.set(`key:${count}`, String(count));
    }
    expect(faults.hits).toBe(40);
    await node.kill();
    node = await startNode();
    await expectEverything(acknowledged);
  });
});

const snapshotFaults: readonly (readonly [string, Fault])[] = [
  ["the disk is full", { call: "write", part: ".snapshot", action: "ENOSPC" }],
  ["syncs fail", { call: "sync", part: ".snapshot", action: "EIO" }],
  ["it can not be made", { call: "open", part: ".snapshot", action: "EACCES" }],
  ["it can not be renamed", { call: "rename", part: ".snapshot", action: "EIO" }],
];

describe("a snapshot whose disk fails", () => {
  test.each(snapshotFaults)(
    "when %s: writes are refused until one succeeds",
    { timeout: 120_000 },
    async (_, fault) => {
      node = await startNode();
      const connection = connect();
      await connection.set("key", "1");
      await connection.save();
      await connection.set("key", "2");
      faults.set(fault);
      await expect(connection.save()).rejects.toThrow(/ERR writing a snapshot failed/);
      expect(await trySet("key", "3")).toMatch(/^MISCONF/);
      expect(await connection.get("key")).toBe("2");
      expect(await info(connection, "rdb_last_bgsave_status")).toBe("err");
      expect(faults.hits).toBeGreaterThan(0);
      faults.heal();
      await until("writes are taken again", async () => (await trySet("key", "4")) === "OK");
      expect(await info(connection, "rdb_last_bgsave_status")).toBe("ok");
      connection.disconnect();
      await killWhenSynced();
      node = await startNode();
      await expectEverything(new Map([["key", "4"]]));
    },
  );
});

describe("a disk that stalls", () => {
  test.each(["always", "everysec"])(
    "under %s holds writes back, not reads, within the buffer's bound",
    async (policy) => {
      const bufferBytes = 65_536;
      node = await startNode({ WAL_FSYNC: policy, WAL_BUFFER_BYTES: String(bufferBytes), WAL_SEGMENT_BYTES: "1mb" });
      const keys = Array.from({ length: 64 }, (_, index) => `before:${index}`);
      const writer = connect();
      await writer.mset(keys.flatMap((key) => [key, "1"]));
      await writer.call("WAITAOF", 1, 0, 0);
      faults.set({ call: "write", part: ".wal", action: "hold" });
      // Two values as large as half the buffer, one much larger than all of it, and one more behind them.
      const values = [30_000, 30_000, 5_000_000, 30_000].map((sizeBytes) => "x".repeat(sizeBytes));
      const writers = values.map(() => connect());
      let written = 0;
      const writes = values.map(async (value, index) => {
        await writers[index]?.set(`big:${index}`, value);
        written += 1;
      });
      const watcher = connect();
      await until("a write is held", async () => faults.hits > 0);
      // A read waits only where its shard has a write that is held; most shards have none.
      const readers = keys.map(() => connect());
      let read = 0;
      const reads = keys.map(async (key, index) => {
        expect(await readers[index]?.get(key)).toBe("1");
        read += 1;
      });
      await until("reads are answered", async () => {
        expect(Number(await info(watcher, "aof_buffer_length"))).toBeLessThan(2 * bufferBytes + 5_100_000);
        return read > 0;
      });
      expect(written).toBeLessThan(values.length);
      faults.heal();
      await Promise.all([...writes, ...reads]);
      for (const connection of [writer, watcher, ...writers, ...readers]) connection.disconnect();
      await killWhenSynced();
      node = await startNode();
      await expectEverything(new Map(values.map((value, index) => [`big:${index}`, value])));
    },
  );
});

describe("kill -9 at any step", () => {
  test("of writing, renaming and disposing leaves everything that was acknowledged", { timeout: 600_000 }, async () => {
    const acknowledged = new Map<string, string>();
    let step = 0;
    for (let isOver = false; !isOver; step += 1) {
      node = await startNode({ WAL_FSYNC: "always" });
      await expectEverything(acknowledged);
      faults.set({ call: "any", part: "/data/", action: "kill", after: step, times: 1 });
      isOver = await runUntilKilled(acknowledged, step);
      faults.heal();
      await node.kill();
    }
    expect(step).toBeGreaterThan(40);
    console.log(`killed at each of ${step - 1} calls; ${acknowledged.size} acknowledged keys were all there`);
    node = await startNode();
    await expectEverything(acknowledged);
  });
});

/** Writes and takes snapshots; true when the node survived to the end. */
async function runUntilKilled(acknowledged: Map<string, string>, step: number): Promise<boolean> {
  const connection = new Redis({ port: node.port, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  connection.on("error", () => {});
  try {
    for (let count = 0; count < 12; count += 1) {
      const [key, value] = [`${step}:${count}`, "x".repeat(600)];
      await connection.set(key, value);
      acknowledged.set(key, value);
      if (count % 4 === 3) await connection.save();
    }
    return true;
  } catch {
    return false;
  } finally {
    connection.disconnect();
  }
}
