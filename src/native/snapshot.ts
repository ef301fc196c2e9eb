// Snapshot files as TypeScript sees them: native/addon/snapshot_object.cc.
import { DistCacheError } from "../base/errors.ts";
import { loadAddon } from "./addon.ts";
import { type OnProgress, type RawJob, runJob } from "./job.ts";
import type { NativeLog } from "./log.ts";
import type { SegmentRecord } from "./segment.ts";
import type { NativeStore, StoreReference } from "./store.ts";

export interface SnapshotInfo {
  version: number;
  /** 32 hex digits, both. */
  logId: string;
  snapshotId: string;
  /** Every record up to this one was in the store before the walk began. */
  firstSequence: number;
  /** The file holds every record up to this one, and none above. */
  lastSequence: number;
  startedAtMs: number;
  finishedAtMs: number;
  databases: number;
  blocks: number;
  entries: number;
  records: number;
  sizeBytes: number;
}

export interface SnapshotEntry {
  database: number;
  type: number;
  /** 0: none. */
  expiresAtMs: number;
  /** From its last use to the begin of the snapshot. */
  idleSeconds: number;
  key: Buffer;
  value: Buffer;
}

export type SnapshotBlock =
  | { kind: "entries"; offset: number; items: SnapshotEntry[] }
  | { kind: "records"; offset: number; items: SegmentRecord[] };

interface RawReader {
  info(): SnapshotInfo;
  next(): SnapshotBlock | undefined;
}

interface SnapshotExports {
  snapshotWrite(store: StoreReference, log: object, path: string, isBackground: boolean): RawJob<SnapshotInfo>;
  snapshotLoad(store: StoreReference, path: string, threads: number): RawJob<SnapshotInfo>;
  snapshotCheck(path: string, threads: number): RawJob<SnapshotInfo>;
  snapshotInspect(path: string): SnapshotInfo;
  SnapshotReader: new (path: string) => RawReader;
}

export interface WriteSnapshotOptions {
  /** Nobody waits for it: it leaves most of its processor to those who serve. */
  readonly isBackground?: boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Writes the store, and all that changes meanwhile, to this path and syncs the file. The store goes on serving. On an error or
 * when the signal aborts, the file is gone.
 */
export async function writeSnapshot(
  store: NativeStore,
  log: NativeLog,
  path: string,
  { isBackground = false, onProgress, signal }: WriteSnapshotOptions = {},
): Promise<SnapshotInfo> {
  if (signal?.aborted) throw new DistCacheError("CLOSED", "the snapshot was cancelled");
  return runJob(
    loadAddon<SnapshotExports>().snapshotWrite(store.reference, log.raw, path, isBackground),
    onProgress,
    signal,
  );
}

/**
 * Loads a snapshot into an empty store without a log that serves nobody and has no bounds for the time. CORRUPT, with file and
 * offset, when it is not whole and right: the store is empty then.
 */
export function loadSnapshot(
  store: NativeStore,
  path: string,
  threads: number,
  onProgress?: OnProgress,
): Promise<SnapshotInfo> {
  return runJob(loadAddon<SnapshotExports>().snapshotLoad(store.reference, path, threads), onProgress);
}

/** Verifies every checksum and reads every entry and record without keeping them. */
export function checkSnapshot(path: string, threads: number, onProgress?: OnProgress): Promise<SnapshotInfo> {
  return runJob(loadAddon<SnapshotExports>().snapshotCheck(path, threads), onProgress);
}

/** What header and footer say; blocks are not read. */
export function inspectSnapshot(path: string): SnapshotInfo {
  return loadAddon<SnapshotExports>().snapshotInspect(path);
}

/** Reads a snapshot block by block, each verified. */
export class SnapshotReader {
  readonly #raw: RawReader;

  constructor(path: string) {
    const { SnapshotReader: Raw } = loadAddon<SnapshotExports>();
    this.#raw = new Raw(path);
  }

  info(): SnapshotInfo {
    return this.#raw.info();
  }

  next(): SnapshotBlock | undefined {
    return this.#raw.next();
  }
}
