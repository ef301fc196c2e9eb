// Snapshots that are cut, flipped, from the future or gone: refused with a clear error, and the one before takes its place when the log
// above it is there. And what is whole comes back whole, through both files and any number of starts.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Cache } from "../../src/cache.ts";
import { copyDirectory, history, makeDirectory, recoverFrom, type State } from "./recovered.ts";

const made: string[] = [];
let directory: string;
let expected: State;

/** Two snapshots and the log above the older one: the history, a snapshot after each half. */
beforeAll(async () => {
  directory = makeDirectory();
  made.push(directory);
  const cache = await Cache.open({ dataDir: directory, walFile: "log", snapshotFile: "snap" });
  for (const [index, step] of history.entries()) {
    step(cache);
    if (index === 2 || index === 6) await cache.save();
  }
  await cache.close();
  expected = (await recoverFrom(copy(directory))).state;
});

afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

function copy(from: string): string {
  const to = copyDirectory(from);
  made.push(to);
  return to;
}

function snapshotsIn(path: string): string[] {
  return readdirSync(path)
    .filter((name) => name.endsWith(".snapshot"))
    .sort();
}

describe("a directory with two snapshots and the log above the older", () => {
  test("gives everything", async () => {
    expect(snapshotsIn(directory)).toHaveLength(2);
    expect(Object.keys(expected).length).toBeGreaterThan(5);
  });

  test("gives everything with the newer snapshot cut at any byte", async () => {
    const place = copy(directory);
    const path = join(place, snapshotsIn(place)[1] ?? "");
    const bytes = readFileSync(path);
    for (let size = 0; size < bytes.byteLength; size += 1) {
      writeFileSync(path, bytes.subarray(0, size));
      const { state, result } = await recoverFrom(place);
      expect(state, `cut at ${size}`).toEqual(expected);
      expect(result.damagedSnapshots).toBe(1);
    }
  });

  test("gives everything with any bit of the newer snapshot flipped", async () => {
    const place = copy(directory);
    const path = join(place, snapshotsIn(place)[1] ?? "");
    const bytes = readFileSync(path);
    for (let bit = 0; bit < bytes.byteLength * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      writeFileSync(path, changed);
      const { state, result } = await recoverFrom(place);
      expect(state, `bit ${bit}`).toEqual(expected);
      expect(result.damagedSnapshots, `bit ${bit}`).toBe(1);
    }
  });

  test("is refused with both snapshots damaged when the log does not reach back", async () => {
    const place = copy(directory);
    for (const name of readdirSync(place)
      .filter((one) => one.endsWith(".wal"))
      .sort()
      .slice(0, 1))
      rmSync(join(place, name));
    for (const name of snapshotsIn(place)) writeFileSync(join(place, name), "rubbish");
    await expect(recoverFrom(place)).rejects.toMatchObject({ code: "CORRUPT" });
    expect(snapshotsIn(place)).toHaveLength(2);
  });

  test("is refused with a snapshot of another log among them", async () => {
    const other = makeDirectory();
    made.push(other);
    const cache = await Cache.open({ dataDir: other, walFile: "log", snapshotFile: "snap" });
    for (const step of history.slice(0, 5)) step(cache);
    await cache.save();
    await cache.close();
    const place = copy(directory);
    for (const name of snapshotsIn(place)) rmSync(join(place, name));
    for (const name of snapshotsIn(other)) writeFileSync(join(place, name), readFileSync(join(other, name)));
    await expect(recoverFrom(place)).rejects.toThrow(/belongs to log/);
  });
});

describe("a cache that is opened again and again", () => {
  test.each([
    ["log and snapshots", { walFile: "log", snapshotFile: "snap" }],
    ["the log alone", { walFile: "log", snapshotFile: "" }],
    ["snapshots alone", { walFile: "", snapshotFile: "snap" }],
    ["a log as text", { walFile: "log", snapshotFile: "snap", walFormat: "text" as const }],
    ["a log that is synced always", { walFile: "log", snapshotFile: "snap", walFsync: "always" as const }],
    ["small segments", { walFile: "log", snapshotFile: "snap", walSegmentBytes: 4096 }],
  ])("with %s finds what it had", async (_, options) => {
    const place = makeDirectory();
    made.push(place);
    for (let round = 0; round < 5; round += 1) {
      const cache = await Cache.open({ dataDir: place, ...options });
      expect([...cache.keys()].length).toBe(round * 100);
      for (let count = 0; count < 100; count += 1) cache.set(`${round}:${count}`, "v".repeat(count));
      if (options.walFile !== "") await cache.durable();
      if (round % 2 === 1) await cache.save();
      await cache.close();
    }
  });

  test("a deadline is a moment, not a span: a restart prolongs no life", async () => {
    const place = makeDirectory();
    made.push(place);
    const deadline = Date.now() + 60_000;
    const cache = await Cache.open({ dataDir: place });
    cache.set("later", "x", { expiresAtMs: deadline });
    cache.set("gone", "x", { expiresAtMs: Date.now() + 1 });
    await cache.close();
    const again = await Cache.open({ dataDir: place });
    expect(again.ttl("later")).toBeLessThanOrEqual(deadline - Date.now() + 1);
    await vi.waitFor(() => expect(again.get("gone")).toBeUndefined(), { timeout: 20_000 });
    await again.close();
  });

  test("bounds that were lowered meanwhile hold from the start", async () => {
    const place = makeDirectory();
    made.push(place);
    const cache = await Cache.open({ dataDir: place, maxEntries: 1000 });
    for (let count = 0; count < 1000; count += 1) cache.set(`key${count}`, "x");
    await cache.close();
    const again = await Cache.open({ dataDir: place, maxEntries: 10 });
    expect(again.size).toBe(10);
    await again.close();
  });

  test("a directory in use is refused, and free after close", async () => {
    const place = makeDirectory();
    made.push(place);
    const cache = await Cache.open({ dataDir: place });
    await expect(Cache.open({ dataDir: place })).rejects.toMatchObject({ code: "DIRECTORY_IN_USE" });
    await cache.close();
    const again = await Cache.open({ dataDir: place });
    await again.close();
  });

  test("a cache in memory alone promises nothing", async () => {
    const cache = new Cache();
    await expect(cache.durable()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(cache.save()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await cache.close();
  });
});
