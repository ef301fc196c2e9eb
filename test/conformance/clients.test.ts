// Clients that people use, unchanged, against a node: what they send when they connect, and what they make of replies.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RawConnection } from "./raw-connection.ts";
import { type RunningServer, startNode } from "./servers.ts";

const run = promisify(execFile);

let node: RunningServer;

beforeAll(async () => {
  node = await startNode();
});

afterAll(() => node.stop());

beforeEach(async () => {
  const client = await RawConnection.open(node);
  await client.command("FLUSHALL");
  client.close();
});

const sortedKeys = (count: number) => Array.from({ length: count }, (_, i) => `key:${i}`).sort();

describe.each([2, 3] as const)("ioredis, RESP%i", (protocol) => {
  async function withClient(use: (client: Redis) => Promise<void>): Promise<void> {
    const client = new Redis({ host: node.host, port: node.port, protocol, connectionName: "conformance" });
    try {
      await use(client);
    } finally {
      client.disconnect();
    }
  }

  test("stores and reads strings and buffers", () =>
    withClient(async (client) => {
      expect(await client.set("key", "value", "EX", 100)).toBe("OK");
      expect(await client.get("key")).toBe("value");
      expect(await client.get("missing")).toBeNull();
      const bytes = Buffer.from([0, 255, 13, 10]);
      await client.set("bytes", bytes);
      expect(await client.getBuffer("bytes")).toEqual(bytes);
      expect(await client.mget("key", "missing")).toEqual(["value", null]);
    }));

  test("pipelines and transactions", () =>
    withClient(async (client) => {
      const replies = await client.pipeline().set("n", 1).incr("n").get("n").exec();
      expect(replies).toEqual([
        [null, "OK"],
        [null, 2],
        [null, "2"],
      ]);
      expect(await client.multi().set("a", "1").incr("a").exec()).toEqual([
        [null, "OK"],
        [null, 2],
      ]);
    }));

  test("a watched key that changes cancels the transaction", () =>
    withClient(async (client) => {
      await client.watch("key");
      const other = client.duplicate();
      await other.set("key", "changed");
      other.disconnect();
      expect(await client.multi().set("key", "mine").exec()).toBeNull();
      expect(await client.get("key")).toBe("changed");
    }));

  test("walks all keys with a scan stream", () =>
    withClient(async (client) => {
      await client.mset(Object.fromEntries(sortedKeys(500).map((key) => [key, "1"])));
      const found: string[] = [];
      for await (const keys of client.scanStream({ match: "key:*", count: 50 })) found.push(...keys);
      expect([...new Set(found)].sort()).toEqual(sortedKeys(500));
    }));

  test("errors reach the caller", () =>
    withClient(async (client) => {
      await client.set("key", "text");
      await expect(client.incr("key")).rejects.toThrow("ERR value is not an integer or out of range");
      await expect(client.call("NOPE", "a")).rejects.toThrow(
        "ERR unknown command 'NOPE', with args beginning with: 'a'",
      );
    }));
});

describe.each([2, 3] as const)("node-redis, RESP%i", (protocol) => {
  async function connect() {
    const client = createClient({ RESP: protocol, socket: { host: node.host, port: node.port } });
    await client.connect();
    return client;
  }

  async function withClient(use: (client: Awaited<ReturnType<typeof connect>>) => Promise<void>): Promise<void> {
    const client = await connect();
    try {
      await use(client);
    } finally {
      client.destroy();
    }
  }

  test("stores and reads strings", () =>
    withClient(async (client) => {
      expect(await client.set("key", "value", { expiration: { type: "EX", value: 100 } })).toBe("OK");
      expect(await client.get("key")).toBe("value");
      expect(await client.get("missing")).toBeNull();
      expect(await client.mGet(["key", "missing"])).toEqual(["value", null]);
      expect(await client.ttl("key")).toBeGreaterThan(0);
      expect(await client.incrByFloat("float", 1.5)).toBe("1.5");
    }));

  test("transactions", () =>
    withClient(async (client) => {
      expect(await client.multi().set("n", "1").incr("n").get("n").exec()).toEqual(["OK", 2, "2"]);
    }));

  test("walks all keys with an iterator", () =>
    withClient(async (client) => {
      await client.mSet(sortedKeys(500).map((key): [string, string] => [key, "1"]));
      const found: string[] = [];
      for await (const keys of client.scanIterator({ MATCH: "key:*", COUNT: 50 })) found.push(...keys);
      expect([...new Set(found)].sort()).toEqual(sortedKeys(500));
    }));

  test("commands sent at once are answered in order", () =>
    withClient(async (client) => {
      const written = Array.from({ length: 200 }, (_, i) => client.set(`key:${i}`, String(i)));
      const read = Array.from({ length: 200 }, (_, i) => client.get(`key:${i}`));
      await Promise.all(written);
      expect(await Promise.all(read)).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    }));
});

describe("redis-cli", () => {
  async function cli(...args: string[]): Promise<string> {
    const { stdout } = await run("redis-cli", ["-h", node.host, "-p", String(node.port), ...args]);
    return stdout.trimEnd();
  }

  test("sets and gets", async () => {
    expect(await cli("SET", "mykey", "Hello World")).toBe("OK");
    expect(await cli("GET", "mykey")).toBe("Hello World");
    expect(await cli("-3", "GET", "missing")).toBe("");
    expect(await cli("-n", "3", "DBSIZE")).toBe("0");
  });

  test("lists keys with --scan and finds big ones with --bigkeys", async () => {
    await cli("MSET", "a", "1", "b", "2", "long", "x".repeat(5000));
    expect((await cli("--scan")).split("\n").sort()).toEqual(["a", "b", "long"]);
    expect(await cli("--bigkeys")).toContain(`Biggest string found '"long"' has 5000 bytes`);
  });
});
