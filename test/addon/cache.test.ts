// The library's cache over the real addon: what each method answers.
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { Cache } from "../../src/index.ts";

let cache: Cache;
beforeEach(() => {
  cache = new Cache({ maxEntries: 1000 });
});

/** Texts that need one, two, three and four bytes a character, and values around the borders of storage. */
const texts = {
  empty: "",
  ascii: "Hello World",
  latin: "Grüße",
  wide: "キャッシュ",
  astral: "🚀 ok",
  "just below the inline border": "x".repeat(1531),
  "just above the inline border": "é".repeat(767),
  "below a block of its own": "y".repeat(16 * 1024),
  "a block of its own": "z".repeat(16 * 1024 + 1),
  megabytes: "ü".repeat(1 << 20),
};

describe("values", () => {
  test.each(Object.entries(texts))("%s: comes back as it went in", (_name, text) => {
    expect(cache.set("key", text)).toBe(true);
    expect(cache.get("key")).toBe(text);
    const bytes = Buffer.from(text);
    expect(cache.getBuffer("key")?.equals(bytes)).toBe(true);
    expect(cache.peek("key")).toBe(text);
    expect(cache.peekBuffer("key")?.equals(bytes)).toBe(true);
    expect(cache.mget(["key"])).toEqual([text]);
  });

  test.each(Object.entries(texts))("%s: serves as a key", (_name, text) => {
    cache.set(text, "value");
    expect(cache.get(text)).toBe("value");
    expect(cache.get(Buffer.from(text))).toBe("value");
    expect([...cache.keys()]).toEqual([text]);
  });

  test("bytes that are no text stay as they are", () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    cache.set(bytes, bytes);
    expect(cache.getBuffer(bytes)).toEqual(bytes);
    expect(cache.getBuffer(new Uint8Array(bytes))).toEqual(bytes);
  });

  test("a buffer that was handed out is the program's own", () => {
    cache.set("key", "x".repeat(20_000));
    cache.getBuffer("key")?.fill(0);
    expect(cache.get("key")).toBe("x".repeat(20_000));
  });

  test("a part of a buffer is stored as that part", () => {
    cache.set("key", Buffer.from("abcdef").subarray(2, 4));
    expect(cache.get("key")).toBe("cd");
  });

  test("a key that is missing reads as undefined everywhere", () => {
    expect([cache.get("a"), cache.getBuffer("a"), cache.peek("a"), cache.peekBuffer("a"), cache.ttl("a")]).toEqual(
      Array(5).fill(undefined),
    );
    expect([cache.has("a"), cache.delete("a"), cache.expire("a", 1000), cache.persist("a")]).toEqual(
      Array(4).fill(false),
    );
    expect(cache.mget(["a", "b"])).toEqual([undefined, undefined]);
  });
});

describe("conditions and several keys", () => {
  test("ifAbsent and ifPresent decide whether a value is stored", () => {
    expect(cache.set("a", "1", { ifPresent: true })).toBe(false);
    expect(cache.set("a", "1", { ifAbsent: true })).toBe(true);
    expect(cache.set("a", "2", { ifAbsent: true })).toBe(false);
    expect(cache.get("a")).toBe("1");
    expect(cache.set("a", "3", { ifPresent: true })).toBe(true);
    expect(cache.get("a")).toBe("3");
  });

  test("mset takes pairs, maps and objects; the last of a repeated key stands", () => {
    cache.mset([
      ["a", "1"],
      ["b", Buffer.from("2")],
      ["a", "3"],
    ]);
    cache.mset(new Map([["c", "4"]]));
    cache.mset({ d: "5" });
    cache.mset([]);
    expect(cache.mget(["a", "b", "c", "d", "e"])).toEqual(["3", "2", "4", "5", undefined]);
    expect(cache.mget([])).toEqual([]);
  });

  test("incr counts from nothing, keeps the deadline, and refuses what is no whole number", () => {
    expect(cache.incr("n")).toBe(1);
    expect(cache.incr("n", 41)).toBe(42);
    expect(cache.decr("n", 2)).toBe(40);
    cache.expire("n", 60_000);
    cache.incr("n");
    expect(cache.ttl("n")).toBeGreaterThan(1000);
    cache.set("n", "1.5");
    expect(() => cache.incr("n")).toThrow(expect.objectContaining({ code: "NOT_AN_INTEGER" }));
    cache.set("n", String(Number.MAX_SAFE_INTEGER));
    expect(() => cache.incr("n")).toThrow(expect.objectContaining({ code: "NOT_AN_INTEGER" }));
    expect(cache.get("n")).toBe(String(Number.MAX_SAFE_INTEGER));
  });

  test("keys are walked page by page and filtered by a pattern", () => {
    const names = Array.from({ length: 900 }, (_, index) => `user:${index}`);
    for (const name of names) cache.set(name, "x");
    cache.set("other", "x");
    expect([...new Set(cache.keys("user:*"))].sort()).toEqual([...names].sort());
    expect([...cache.keys("oth?r")]).toEqual(["other"]);
    expect(cache.size).toBe(901);
  });

  test("clear empties the cache", () => {
    cache.mset({ a: "1", b: "2" });
    cache.clear();
    expect(cache.size).toBe(0);
    expect(cache.get("a")).toBeUndefined();
  });
});

describe("deadlines", () => {
  test("ttl counts down; set without options takes the deadline away, keepTtl does not", () => {
    cache.set("a", "1", { ttlMs: 60_000 });
    expect(cache.ttl("a")).toBeGreaterThan(0);
    expect(cache.ttl("a")).toBeLessThanOrEqual(60_000);
    cache.set("a", "2", { keepTtl: true });
    expect(cache.ttl("a")).toBeLessThanOrEqual(60_000);
    cache.set("a", "3");
    expect(cache.ttl("a")).toBe(Number.POSITIVE_INFINITY);
    expect(cache.expire("a", 5000)).toBe(true);
    expect(cache.persist("a")).toBe(true);
    expect(cache.ttl("a")).toBe(Number.POSITIVE_INFINITY);
  });

  test("a deadline that has passed means missing", () => {
    cache.set("a", "1", { expiresAtMs: 1 });
    expect(cache.get("a")).toBeUndefined();
    expect(cache.has("a")).toBe(false);
  });

  test("expired entries go by themselves", async () => {
    for (let index = 0; index < 100; index += 1) cache.set(`k${index}`, "x", { ttlMs: 1 });
    cache.set("stays", "x", { ttlMs: 600_000 });
    await expect.poll(() => cache.size, { timeout: 30_000 }).toBe(1);
    expect(cache.stats().expired).toBe(100);
  });

  test("an entry is there until its time", async () => {
    cache.set("a", "1", { ttlMs: 40 });
    const deadline = Date.now() + 30_000;
    while (cache.has("a") && Date.now() < deadline) await sleep(5);
    expect(cache.get("a")).toBeUndefined();
  });
});

describe("bounds and counters", () => {
  test("the least recently used entry goes when the bound is reached", () => {
    const small = new Cache({ maxEntries: 3 });
    for (const key of ["a", "b", "c"]) small.set(key, "x");
    small.get("a");
    small.peek("b");
    small.set("d", "x");
    expect(["a", "b", "c", "d"].map((key) => small.has(key))).toEqual([true, false, true, true]);
    expect(small.size).toBe(3);
    expect(small.stats().evicted).toBe(1);
  });

  test("noeviction refuses what has no room, and leaves everything as it was", () => {
    const full = new Cache({ maxEntries: 1, eviction: "noeviction" });
    full.set("a", "1");
    expect(() => full.set("b", "2")).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
    expect(() => full.mset({ b: "2", c: "3" })).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
    expect(() => full.incr("n")).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
    full.set("a", "3");
    expect([...full.keys()]).toEqual(["a"]);
    expect(full.get("a")).toBe("3");
  });

  test("hits and misses are counted by get, not by peek", () => {
    cache.set("a", "1");
    cache.get("a");
    cache.get("b");
    cache.peek("a");
    cache.peek("b");
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, entries: 1 });
    expect(cache.stats().usedBytes).toBeGreaterThan(0);
  });
});

describe("arguments", () => {
  test.each<[string, () => unknown]>([
    ["a key that is a number", () => cache.get(1 as unknown as string)],
    ["a key that is missing", () => (cache.get as unknown as (this: Cache) => void).call(cache)],
    ["a value that is an object", () => cache.set("a", {} as unknown as string)],
    ["a Float64Array", () => cache.set("a", new Float64Array(2) as unknown as Uint8Array)],
    ["keys that are no array", () => cache.mget("ab" as unknown as string[])],
    ["a list with a number in it", () => cache.mget(["a", 1 as unknown as string])],
    ["ttlMs of zero", () => cache.set("a", "1", { ttlMs: 0 })],
    ["ttlMs that is no number", () => cache.set("a", "1", { ttlMs: Number.NaN })],
    ["a negative ttlMs", () => cache.expire("a", -1)],
    ["expiresAtMs with a fraction", () => cache.set("a", "1", { expiresAtMs: 1.5 })],
    ["both kinds of deadline", () => cache.set("a", "1", { ttlMs: 1, expiresAtMs: 5 })],
    ["a step with a fraction", () => cache.incr("a", 0.5)],
    ["maxEntries below zero", () => new Cache({ maxEntries: -1 })],
    ["an unknown policy", () => new Cache({ eviction: "fifo" as "noeviction" })],
    ["a handle nobody gave", () => Cache.attach(999_999_999)],
    ["a database there is none of", () => Cache.attach(cache.handle(), { database: 7 }).get("a")],
  ])("%s is refused and changes nothing", (_name, call) => {
    const before = cache.size;
    expect(call).toThrow(
      expect.objectContaining({
        name: "DistCacheError",
        code: expect.stringMatching(/^(INVALID_ARGUMENT|NOT_FOUND)$/),
      }),
    );
    expect(cache.size).toBe(before);
  });
});

test("two caches share nothing, two attached to one handle share everything", () => {
  const other = new Cache();
  const same = Cache.attach(cache.handle());
  cache.set("a", "1");
  expect(other.get("a")).toBeUndefined();
  expect(same.get("a")).toBe("1");
  same.delete("a");
  expect(cache.has("a")).toBe(false);
});
