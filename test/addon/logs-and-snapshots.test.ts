// Log, segments and snapshots at the border: what is written by one class is read by the others, odd arguments do no harm, and
// files of format version 1 are read as they were written.
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DistCacheError } from "../../src/base/errors.ts";
import {
  checkSegment,
  checkSnapshot,
  encodeSegmentHeader,
  inspectSnapshot,
  type LogFormat,
  loadSnapshot,
  NativeLog,
  NativeStore,
  replaySegment,
  SegmentReader,
  SnapshotReader,
  writeSnapshot,
} from "../../src/native.ts";

const logId = "00112233445566778899aabbccddeeff";
const farMs = 4_000_000_000_000;

const newStore = (): NativeStore =>
  NativeStore.create({ databases: 16, shards: 0, maxEntries: 0, maxMemoryBytes: 0, eviction: "allkeys-lru" });

const newLog = (store: NativeStore, format: LogFormat, onWake = () => {}): NativeLog =>
  new NativeLog(
    store,
    { format, logId, nextSequence: 5, capacityBytes: 1 << 20, wakeBytes: 1 << 17, keepsRecords: true },
    onWake,
  );

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "distcache-addon-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Writes all that waits behind a header. */
function drain(log: NativeLog, path: string): void {
  const pieces: Buffer[] = [log.segmentHeader(5, Date.now())];
  for (let batch = log.take(1 << 20); batch !== undefined; batch = log.take(1 << 20)) {
    pieces.push(Buffer.from(batch.bytes));
    log.release();
  }
  writeFileSync(path, Buffer.concat(pieces));
}

describe.each(["binary", "text"] as const)("a log in the %s format", (format) => {
  let store: NativeStore;
  let log: NativeLog;
  let path: string;
  let wakes = 0;

  beforeAll(async () => {
    store = newStore();
    path = join(directory, `segment-${format}`);
    log = newLog(store, format, () => {
      wakes += 1;
    });
    store.set("plain", "value", 0, 0, 0);
    store.set("k\n", 'v"', farMs, 3, 0);
    store.increment("count", 7, 0);
    store.set("gone", "x", 0, 0, 0);
    store.remove("gone", 0);
    store.setMany(["a", "1", "b", "2"], 0, 0);
    store.set("large", "L".repeat(3_000_000), 0, 0, 0);
    await vi.waitFor(() => expect(wakes).toBeGreaterThan(0), { timeout: 20_000 });
    expect(log.lastSequence()).toBe(11);
    expect(log.pendingBytes()).toBeGreaterThan(3_000_000);
    drain(log, path);
    expect(log.pendingBytes()).toBe(0);
    expect(log.oldestPendingAgeMs()).toBe(0);
  });

  const expectContents = (found: NativeStore): void => {
    expect(found.get("plain", 0)).toBe("value");
    expect(found.get("k\n", 3)).toBe('v"');
    expect(found.expiresAt("k\n", 3)).toBe(farMs);
    expect(found.get("count", 0)).toBe("7");
    expect(found.has("gone", 0)).toBe(false);
    expect(found.getMany(["a", "b"], 0)).toEqual(["1", "2"]);
    expect(found.get("large", 0)?.length).toBe(3_000_000);
  };

  test("is replayed", async () => {
    const found = newStore();
    const outcome = await replaySegment(found, path, 0);
    expect(outcome).toMatchObject({ end: "end", records: 7, applied: 7, lastSequence: 11, logId, format });
    expect(outcome.validBytes).toBe(statSync(path).size);
    expectContents(found);
  });

  test("is replayed from a record on", async () => {
    const found = newStore();
    expect((await replaySegment(found, path, 9)).applied).toBe(2);
    expect(found.entryCount(0)).toBe(3);
  });

  test("is read record by record", () => {
    const reader = new SegmentReader(path);
    const records = [...reader.next(3), ...reader.next(100)];
    expect(reader.next(100)).toEqual([]);
    expect(records.map(({ sequence }) => sequence)).toEqual([5, 6, 7, 8, 9, 10, 11]);
    expect(records[1]?.effects[0]).toMatchObject({
      kind: "put",
      database: 3,
      expiresAtMs: farMs,
      key: Buffer.from("k\n"),
    });
    expect(records[5]?.effects.map(({ key }) => key.toString())).toEqual(["a", "b"]);
    expect(records[1]?.offset).toBe((records[0]?.offset ?? 0) + (records[0]?.sizeBytes ?? 0));
    expect(reader.outcome()).toMatchObject({ end: "end", records: 7 });
  });

  test.each(["binary", "text"] as const)("is encoded as %s, and that holds the same", async (target) => {
    const reader = new SegmentReader(path);
    const { firstSequence = 0, createdAtMs = 0 } = reader.outcome();
    const pieces = [encodeSegmentHeader({ format: target, logId, firstSequence, createdAtMs })];
    for (let bytes = reader.encode(target, 100); bytes !== undefined; bytes = reader.encode(target, 100)) {
      pieces.push(bytes);
    }
    const converted = join(directory, `converted-${format}-${target}`);
    writeFileSync(converted, Buffer.concat(pieces));
    expect(await checkSegment(converted)).toMatchObject({ end: "end", records: 7, format: target });
    const found = newStore();
    await replaySegment(found, converted, 0);
    expectContents(found);
  });

  test("has a snapshot that is loaded, checked and read", async () => {
    const file = join(directory, `snapshot-${format}`);
    const written = await writeSnapshot(store, log, file);
    expect(written).toMatchObject({ entries: 6, lastSequence: 11, logId, sizeBytes: statSync(file).size });
    expect(inspectSnapshot(file)).toEqual(written);
    expect(await checkSnapshot(file, 2)).toEqual(written);
    const found = newStore();
    await loadSnapshot(found, file, 2);
    expectContents(found);
    const reader = new SnapshotReader(file);
    const keys: string[] = [];
    for (let block = reader.next(); block !== undefined; block = reader.next()) {
      if (block.kind === "entries") keys.push(...block.items.map(({ key }) => key.toString()));
    }
    expect(keys.sort()).toEqual(["a", "b", "count", "k\n", "large", "plain"]);

    truncateSync(file, 500);
    const empty = newStore();
    await expect(loadSnapshot(empty, file, 2)).rejects.toMatchObject({ code: "CORRUPT", file });
    expect(empty.entryCount(0)).toBe(0);
    expect(() => new SnapshotReader(file)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
  });
});

test("files that are not there are NOT_FOUND, foreign ones are CORRUPT", async () => {
  const missing = join(directory, "missing");
  const foreign = join(directory, "foreign");
  writeFileSync(foreign, "x".repeat(1000));
  const store = newStore();
  for (const [file, code] of [
    [missing, "NOT_FOUND"],
    [foreign, "CORRUPT"],
  ] as const) {
    await expect(replaySegment(store, file, 0)).rejects.toMatchObject({ code, file });
    await expect(loadSnapshot(store, file, 1)).rejects.toMatchObject({ code, file });
    expect(() => new SegmentReader(file)).toThrow(expect.objectContaining({ code }));
    expect(() => inspectSnapshot(file)).toThrow(expect.objectContaining({ code }));
  }
});

test("a snapshot that is cancelled rejects with CLOSED and leaves no file", async () => {
  const store = newStore();
  const log = newLog(store, "binary");
  const file = join(directory, "cancelled");
  const controller = new AbortController();
  controller.abort();
  for (let i = 0; i < 2000; i += 1) store.set(`key${i}`, "x".repeat(2000), 0, 0, 0);
  await expect(writeSnapshot(store, log, file, { signal: controller.signal })).rejects.toMatchObject({
    code: "CLOSED",
  });
  expect(() => statSync(file)).toThrow();
});

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

test("files of format version 1 are read as they were written", async () => {
  for (const name of ["log-v1-binary.wal", "log-v1-text.wal"]) {
    const store = newStore();
    expect(await replaySegment(store, fixture(name), 0)).toMatchObject({ end: "end", records: 13, lastSequence: 53 });
    expect(store.get("plain", 0)).toBe("value and more");
    expect(store.get("fourth", 3)).toBe("4");
  }
  const store = newStore();
  expect(await loadSnapshot(store, fixture("snapshot-v1.snapshot"), 2)).toMatchObject({ entries: 6, records: 3 });
  expect(store.get("plain", 0)).toBe("changed");
  expect(store.get("one", 2)).toBe("1");
});

type Call = (...args: unknown[]) => unknown;
type Class = new (...args: unknown[]) => Record<string, Call>;
const addonPath = fileURLToPath(new URL("../../build/Release/distcache.node", import.meta.url));

const oddities = [
  undefined,
  null,
  7,
  -1,
  Number.NaN,
  5n,
  Symbol("x"),
  true,
  {},
  [],
  () => {},
  "",
  "\0",
  Buffer.alloc(0),
  new Float32Array(3),
];

/** Calls, and accepts an answer or a DistCacheError. */
function attempt(call: () => unknown): unknown {
  try {
    const answer = call();
    (answer as { promise?: Promise<unknown> } | undefined)?.promise?.catch(() => {});
    return answer;
  } catch (error) {
    expect(error).toBeInstanceOf(DistCacheError);
    return undefined;
  }
}

test("odd arguments in any place answer or throw a DistCacheError", () => {
  const raw = createRequire(import.meta.url)(addonPath) as Record<string, Call & Class>;
  const create = raw.storeCreate as Call;
  const wanted: [string, () => unknown[]][] = [
    ["Log", () => [create(4, 0, 0, 0, 0), 1, logId, 1, 1 << 20, 1 << 17, true, () => {}]],
    ["SegmentReader", () => [fixture("log-v1-text.wal")]],
    ["SnapshotReader", () => [fixture("snapshot-v1.snapshot")]],
    ["walReplay", () => [create(4, 0, 0, 0, 0), "/nowhere", 0]],
    ["walCheck", () => ["/nowhere"]],
    ["walEncodeHeader", () => [1, logId, 1, 1]],
    ["snapshotWrite", () => [create(4, 0, 0, 0, 0), {}, "/nowhere"]],
    ["snapshotLoad", () => [create(4, 0, 0, 0, 0), "/nowhere", 1]],
    ["snapshotCheck", () => ["/nowhere", 1]],
    ["snapshotInspect", () => ["/nowhere"]],
    ["jobProgress", () => [{}]],
    ["jobCancel", () => [{}]],
  ];
  for (const [name, makeArguments] of wanted) {
    const target = raw[name] as Call & Class;
    const isClass = /^[A-Z]/.test(name);
    for (let place = 0; place < makeArguments().length; place += 1) {
      for (const odd of oddities) {
        const args = makeArguments();
        args[place] = odd;
        const made = attempt(() => (isClass ? new target(...args) : target(...args)));
        if (isClass && made !== undefined) {
          expect(() => target(...args), `${name} without new`).toThrow(DistCacheError);
          for (const method of Object.getOwnPropertyNames(target.prototype)) {
            if (method === "constructor") continue;
            for (const value of oddities) attempt(() => (made as Record<string, Call>)[method]?.(value, value));
            expect(() => ((made as Record<string, Call>)[method] as Call).call({}), method).toThrow();
          }
        }
      }
    }
  }
});
