// Durability from outside: restarts, the commands and the tools, and what a node says when it refuses.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Cache } from "../../src/index.ts";
import { ServedNode } from "../harness/served-node.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const deadlineMs = 45_000;

let directory: string;
let node: ServedNode | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "distcache-durability-"));
});

afterEach(async () => {
  await node?.kill();
  node = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const kept = { WAL_FILE: "log", SNAPSHOT_FILE: "snap", NODE_ID: "n1" };

async function startNode(settings: Record<string, string> = kept): Promise<Redis> {
  node = await ServedNode.start({ settings, cwd: directory });
  return connect(node.port);
}

function connect(port: number): Redis {
  const connection = new Redis({ port, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  connection.on("error", () => {});
  return connection;
}

interface Ran {
  code: number;
  output: string;
}

function cli(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}

function filesOf(kind: string): string[] {
  const path = join(directory, "data", "n1");
  return readdirSync(path)
    .filter((name) => name.endsWith(`.${kind}`))
    .sort()
    .map((name) => join(path, name));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("a node", () => {
  test("without a name keeps its data in ./data under one that it keeps, through stop and kill -9", async () => {
    const { NODE_ID: _, ...unnamed } = kept;
    let connection = await startNode(unnamed);
    await connection.set("key", "1");
    await node?.stop();
    connection = await startNode(unnamed);
    expect(await connection.incr("key")).toBe(2);
    expect(await connection.call("WAITAOF", "1", "0", "0")).toEqual([1, 0]);
    await node?.kill();
    connection = await startNode(unnamed);
    expect(await connection.get("key")).toBe("2");
    connection.disconnect();
    const id = readFileSync(join(directory, "data", "node-id"), "utf8").trim();
    expect(readdirSync(join(directory, "data")).sort()).toEqual([id, "lock", "node-id"].sort());
  });

  test("on a directory in use is refused, and told what to do", async () => {
    const connection = await startNode();
    const { code, errors } = await ServedNode.refusal({ settings: kept, cwd: directory });
    expect(code).toBe(1);
    expect(errors).toMatch(/data\/n1 is in use by another node: stop it first, or give this one a NODE_ID or DATA_DIR/);
    connection.disconnect();
  });

  test("whose log is damaged refuses to start, names file, offset, record and tools, and starts after a repair", async () => {
    const connection = await startNode({ ...kept, SNAPSHOT_FILE: "" });
    for (let count = 0; count < 10; count += 1) await connection.set(`key:${count}`, String(count));
    await node?.stop();
    const [segment = ""] = filesOf("wal");
    const bytes = readFileSync(segment);
    bytes.writeUInt8(bytes.readUInt8(150) ^ 1, 150);
    writeFileSync(segment, bytes);

    const { code, errors } = await ServedNode.refusal({ settings: { ...kept, SNAPSHOT_FILE: "" }, cwd: directory });
    expect(code).toBe(1);
    expect(errors).toContain(segment.slice(segment.indexOf("/data/") + 1));
    expect(errors).toMatch(
      /damaged at offset \d+ \(record \d+ of the segment\).*distcache wal check .*distcache wal repair/s,
    );

    expect(await cli("wal", "check", segment)).toMatchObject({ code: 1, output: expect.stringContaining("DAMAGED") });
    expect(await cli("wal", "repair", segment)).toMatchObject({ code: 1, output: expect.stringContaining("--yes") });
    expect(readFileSync(segment)).toEqual(bytes);
    expect(await cli("wal", "repair", "--yes", segment)).toMatchObject({ code: 0 });
    expect(readFileSync(`${segment}.before-repair`)).toEqual(bytes);
    const again = await startNode({ ...kept, SNAPSHOT_FILE: "" });
    expect(await again.get("key:0")).toBe("0");
    expect(await again.get("key:9")).toBeNull();
    again.disconnect();
  });

  test("that ran without its log does not take the old log for what came after", async () => {
    const withoutLog = { ...kept, WAL_FILE: "" };
    let connection = await startNode();
    for (const value of ["1", "2", "3"]) await connection.set("key", value);
    await connection.save();
    for (const value of ["4", "5", "6", "7", "8"]) await connection.set("key", value);
    await node?.stop();

    connection = await startNode(withoutLog);
    expect(await connection.get("key")).toBe("3");
    expect(node?.log).toContain("the log in the directory is not read");
    await connection.set("key", "new");
    await node?.stop();

    const { code, errors } = await ServedNode.refusal({ settings: kept, cwd: directory });
    expect(code).toBe(1);
    expect(errors).toMatch(/\.wal: belongs to log .* Move away the files that are not wanted/);
    for (const segment of filesOf("wal")) rmSync(segment);
    connection = await startNode();
    expect(await connection.get("key")).toBe("new");
    connection.disconnect();
  });

  test("in a program that keeps its main thread busy holds replies back that a kill could take back", async () => {
    const blockFile = join(directory, "block");
    const path = fileURLToPath(new URL("programs/blocking-node.mjs", import.meta.url));
    const child: ChildProcess = spawn(process.execPath, [path, directory, blockFile], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout?.on("data", (text: Buffer) => {
      output += text.toString();
    });
    try {
      await until("the node serves", () => /port (\d+)/.test(output));
      const connection = connect(Number(/port (\d+)/.exec(output)?.[1]));
      await connection.set("key", "0");
      writeFileSync(blockFile, "");
      await until("the main thread is busy", () => output.includes("blocked"));
      // Each write waits for the reply to the one before. Were none held back, this would go on for ever.
      let answered = 0;
      let heldAtMs = Date.now();
      const writes = (async () => {
        for (let count = 1; count <= 1_000_000; count += 1) {
          await connection.set("key", String(count));
          answered = count;
          heldAtMs = Date.now();
          if (output.includes("free")) return;
        }
      })();
      await until("a reply is held back", () => Date.now() - heldAtMs > 1000);
      const held = answered;
      rmSync(blockFile);
      await until("replies come again", () => answered > held);
      output += "free";
      await writes;
      connection.disconnect();
    } finally {
      child.kill("SIGKILL");
    }
  });

  test("bounds its memory under a program that writes without end, and loses no more than 10 ms of it to a kill", async () => {
    const path = fileURLToPath(new URL("programs/busy-writer.mjs", import.meta.url));
    const child = spawn(process.execPath, [path, directory, "600000"], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (text: Buffer) => {
      output += text.toString();
    });
    const told = () => [...output.matchAll(/count (\d+)\n/g)].map(([, count]) => Number(count));
    try {
      await until("it wrote for a while", () => told().length > 10);
    } finally {
      child.kill("SIGKILL");
    }
    await new Promise((resolve) => child.once("close", resolve));
    // What it wrote by then is several times as much: 80 MB of log.
    expect(Number(/grew (-?\d+)/.exec(output)?.[1])).toBeLessThan(40 * 1024 * 1024);
    // The last but one was told 50 ms before the last.
    const cache = await Cache.open({ dataDir: directory });
    expect(Number(cache.get("count"))).toBeGreaterThanOrEqual(told().at(-2) ?? Number.NaN);
    await cache.close();
  });
});

describe("commands", () => {
  test("answer as those of Redis", async () => {
    const connection = await startNode();
    const startedAt = Number(await connection.lastsave());
    expect(startedAt).toBeGreaterThan(1_600_000_000);
    await connection.set("key", "1");
    expect(await connection.save()).toBe("OK");
    expect(Number(await connection.lastsave())).toBeGreaterThanOrEqual(startedAt);
    expect(await connection.bgsave()).toBe("Background saving started");
    await expect(connection.call("BGSAVE", "NOW")).rejects.toThrow("ERR syntax error");
    await expect(connection.call("SAVE", "NOW")).rejects.toThrow("ERR wrong number of arguments for 'save' command");
    expect(await connection.bgrewriteaof()).toMatch(/^Background append only file rewriting (started|scheduled)$/);
    expect(await connection.call("WAITAOF", "0", "0", "0")).toEqual([1, 0]);
    expect(await connection.call("WAITAOF", "1", "1", "20")).toEqual([1, 0]);
    await expect(connection.call("WAITAOF", "2", "0", "0")).rejects.toThrow("value must between 0 and 1");
    await expect(connection.call("WAITAOF", "1", "0", "-1")).rejects.toThrow("timeout is negative");
    expect(await connection.config("GET", "append*")).toEqual(
      expect.arrayContaining(["appendonly", "yes", "appendfsync", "everysec"]),
    );
    expect(await connection.config("SET", "appendfsync", "always")).toBe("OK");
    await connection.set("key", "2");
    expect(await connection.info("persistence")).toMatch(/wal_fsync:always\r\n/);
    connection.disconnect();
    await node?.kill();
    const again = await startNode();
    expect(await again.get("key")).toBe("2");
    again.disconnect();
  });

  test("of a node in memory alone say so", async () => {
    const connection = await startNode({});
    await expect(connection.save()).rejects.toThrow("ERR this node keeps nothing on disk");
    await expect(connection.bgsave()).rejects.toThrow("ERR this node keeps nothing on disk");
    await expect(connection.bgrewriteaof()).rejects.toThrow("ERR this node has no log");
    await expect(connection.call("WAITAOF", "1", "0", "0")).rejects.toThrow("appendonly is disabled");
    expect(Number(await connection.lastsave())).toBeGreaterThan(1_600_000_000);
    expect(await connection.info("persistence")).toMatch(/aof_enabled:0\r\n/);
    expect(readdirSync(directory)).toEqual([]);
    connection.disconnect();
  });
});

describe("tools", () => {
  test("show, verify and convert what a node wrote, and a node starts with the converted log", async () => {
    const connection = await startNode({ ...kept, SNAPSHOT_INTERVAL_S: "" });
    await connection.mset("a", "1", "b", "zwei \n");
    await connection.pexpireat("a", 4_000_000_000_000);
    await connection.append("b", "!");
    await connection.del("a");
    await connection.save();
    await connection.set("after", "1");
    await node?.stop();
    const [segment = ""] = filesOf("wal");
    const [snapshot = ""] = filesOf("snapshot");

    const dump = await cli("wal", "dump", segment);
    expect(dump.code).toBe(0);
    expect(dump.output.trim().split("\n")).toEqual([
      expect.stringMatching(/^1 @64 \d+ B {2}put 0 "a" "1"; put 0 "b" "zwei \\x0a"$/),
      expect.stringMatching(/^2 @\d+ \d+ B {2}expire 0 "a" until 2096-10-02T07:06:40.000Z$/),
      expect.stringMatching(/^3 @\d+ \d+ B {2}write 0 "b" at 6 "!"$/),
      expect.stringMatching(/^4 @\d+ \d+ B {2}remove 0 "a"$/),
    ]);
    expect(await cli("wal", "check", segment)).toMatchObject({
      code: 0,
      output: expect.stringContaining("ok (binary, 4 records from 1 to 4"),
    });

    expect(await cli("wal", "convert", "--to", "text", segment)).toMatchObject({ code: 0 });
    expect(readFileSync(`${segment}.text`, "latin1")).toMatch(/PUT 0 "a" "1"/);
    expect((await cli("wal", "dump", `${segment}.text`)).output.replace(/ @\d+ \d+ B/g, "")).toBe(
      dump.output.replace(/ @\d+ \d+ B/g, ""),
    );
    writeFileSync(segment, readFileSync(`${segment}.text`));
    rmSync(snapshot);
    const again = await startNode();
    expect(await again.mget("a", "b", "after")).toEqual([null, "zwei \n!", "1"]);
    again.disconnect();
  });

  test("show and verify snapshots", async () => {
    const connection = await startNode();
    await connection.set("key", "value", "PXAT", 4_000_000_000_000);
    await connection.save();
    await node?.stop();
    const [snapshot = ""] = filesOf("snapshot");
    expect((await cli("snapshot", "info", snapshot)).output).toMatch(/entries +1\n/);
    expect((await cli("snapshot", "dump", snapshot)).output).toBe('0 "key" "value" until 2096-10-02T07:06:40.000Z\n');
    expect(await cli("snapshot", "check", snapshot)).toMatchObject({
      code: 0,
      output: expect.stringContaining("ok (1 entries"),
    });
    writeFileSync(snapshot, readFileSync(snapshot).fill(255, 96, 100));
    expect(await cli("snapshot", "check", snapshot)).toMatchObject({ code: 1 });
    expect(await cli("snapshot", "check", join(directory, "missing"))).toMatchObject({ code: 1 });
  });

  test("leave the files of a running node alone", async () => {
    const connection = await startNode();
    await connection.set("key", "1");
    const [segment = ""] = filesOf("wal");
    expect(await cli("wal", "repair", "--yes", segment)).toMatchObject({
      code: 1,
      output: expect.stringContaining("is running"),
    });
    connection.disconnect();
  });
});
