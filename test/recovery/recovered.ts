// A data directory made by the real writer, a history of states to compare with, and what a start makes of a changed copy.
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { systemFiles } from "../../src/base/file-operations.ts";
import { Cache } from "../../src/cache.ts";
import { NativeEngine } from "../../src/durability/native-engine.ts";
import { type RecoveryResult, recover } from "../../src/durability/recovery.ts";
import { type LogFormat, NativeStore, SegmentReader } from "../../src/native.ts";

const silent = { info: () => {}, warn: () => {} };

export type State = Record<string, string>;

export function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), "distcache-recovery-"));
}

/** Every key with its value and deadline. */
export function stateOf(cache: Cache, store?: NativeStore): State {
  const state: State = {};
  for (const key of [...cache.keys()].sort()) {
    const deadline = store?.expiresAt(key, 0) ?? 0;
    state[key] = `${cache.peek(key)}${deadline === 0 ? "" : ` until ${deadline}`}`;
  }
  return state;
}

/** One write a step, each one record. */
export const history: readonly ((cache: Cache) => void)[] = [
  (cache) => cache.set("first", "1"),
  (cache) => cache.set("timed", "soon", { expiresAtMs: 4_000_000_000_000 }),
  (cache) => cache.mset({ "pair:a": "left", "pair:b": "right", "pair:c": "x".repeat(40) }),
  (cache) => cache.incr("counter", 41),
  (cache) => cache.delete("first"),
  (cache) => cache.set("bytes", Buffer.from([0, 10, 13, 34, 92, 255])),
  (cache) => cache.expire("pair:a", 3_000_000_000_000 - Date.now()),
  (cache) => cache.incr("counter"),
  (cache) => cache.persist("timed"),
  (cache) => cache.mset({ "pair:a": "new left", "pair:b": "new right" }),
];

export interface Written {
  directory: string;
  /** Path of the one segment. */
  segment: string;
  /** states[k]: after the first k records. */
  states: State[];
  /** Where each record begins; the last one is the end of the file. */
  offsets: number[];
}

/** Runs the history into a fresh directory. */
export async function writeHistory(format: LogFormat): Promise<Written> {
  const directory = makeDirectory();
  const cache = await Cache.open({ dataDir: directory, walFile: "log", snapshotFile: "snap", walFormat: format });
  const states = [stateWithDeadlines(cache)];
  for (const step of history) {
    step(cache);
    states.push(stateWithDeadlines(cache));
  }
  await cache.close();
  const segment = join(directory, readdirSync(directory).find((name) => name.endsWith(".wal")) ?? "");
  const reader = new SegmentReader(segment);
  const offsets = reader.next(1000).map(({ offset }) => offset);
  return { directory, segment, states, offsets: [...offsets, readFileSync(segment).byteLength] };
}

function stateWithDeadlines(cache: Cache): State {
  return stateOf(cache, NativeStore.attach(cache.handle()));
}

export interface Recovered {
  result: RecoveryResult;
  state: State;
}

/** What a start makes of this directory; rejects when it refuses. */
export async function recoverFrom(directory: string): Promise<Recovered> {
  const store = NativeStore.create({
    databases: 1,
    shards: 0,
    maxEntries: 0,
    maxMemoryBytes: 0,
    eviction: "noeviction",
  });
  const result = await recover({
    files: systemFiles,
    directory,
    walName: "log",
    snapshotName: "snap",
    engine: new NativeEngine(store, undefined, systemClock),
    logger: silent,
    onProgress: () => {},
  });
  return { result, state: stateOf(Cache.over(store, 0, true), store) };
}

/** Replaces what lies in `directory` by one file with these bytes. */
export function putAlone(directory: string, path: string, bytes: Buffer): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  writeFileSync(path, bytes);
}

export function copyDirectory(from: string): string {
  const to = makeDirectory();
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
  return to;
}
