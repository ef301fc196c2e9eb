// The data plane behind durability: native snapshots, native replay, and the store's own log.
import { availableParallelism } from "node:os";
import type { Clock } from "../base/clock.ts";
import {
  type EvictionPolicy,
  loadSnapshot,
  NativeLog,
  type NativeServer,
  type NativeStore,
  replaySegment,
  type SnapshotInfo,
  writeSnapshot,
} from "../native.ts";
import type { SnapshotFacts } from "../snapshot/snapshot-keeper.ts";
import type { Engine, EngineLog, LogDrainer, LogOptions, ReplayOutcome } from "./engine.ts";

/** Appending threads wake the main thread at the first record, and again when so much waits. */
const wakeBytes = 128 * 1024;

export class NativeEngine implements Engine {
  readonly #store: NativeStore;
  readonly #server: NativeServer | undefined;
  readonly #clock: Clock;
  #log: NativeLog | undefined;

  /** `server` is undefined for a store that only this process's programs use. */
  constructor(store: NativeStore, server: NativeServer | undefined, clock: Clock) {
    this.#store = store;
    this.#server = server;
    this.#clock = clock;
  }

  async loadSnapshot(path: string, onProgress: (doneBytes: number) => void): Promise<SnapshotFacts> {
    return factsOf(await loadSnapshot(this.#store, path, availableParallelism(), onProgress));
  }

  replaySegment(path: string, afterSequence: number, onProgress: (doneBytes: number) => void): Promise<ReplayOutcome> {
    return replaySegment(this.#store, path, afterSequence, onProgress);
  }

  clear(): void {
    this.#store.flushAll();
  }

  attachLog(options: LogOptions, drainer: LogDrainer): EngineLog {
    const log = new NativeLog(this.#store, { ...options, wakeBytes }, drainer.onWake, drainer.onOverdue);
    this.#log = log;
    if (this.#server !== undefined) log.serve(this.#server);
    return {
      take: (maxBytes) => log.take(maxBytes),
      release: () => log.release(),
      lastSequence: () => log.lastSequence(),
      pendingBytes: () => log.pendingBytes(),
      segmentHeader: (firstSequence) => log.segmentHeader(firstSequence, this.#clock.nowMs()),
      oldestPendingAgeMs: () => log.oldestPendingAgeMs(),
      setFailed: (isFailed) => log.setFailed(isFailed),
    };
  }

  async writeSnapshot(path: string, isBackground: boolean): Promise<SnapshotFacts> {
    if (this.#log === undefined) throw new Error("a snapshot needs the store's log");
    return factsOf(await writeSnapshot(this.#store, this.#log, path, { isBackground }));
  }
}

export interface StoreBounds {
  readonly maxEntries: number;
  readonly maxMemoryBytes: number;
  readonly eviction: EvictionPolicy;
}

/**
 * Recovers without bounds: what a log says is not for the store to refuse or to evict. What is too much for the bounds afterwards (they
 * may be smaller than when it was written) is evicted as ever, and logged.
 */
export async function recoverUnbounded(
  store: NativeStore,
  bounds: StoreBounds,
  recover: () => Promise<void>,
): Promise<void> {
  const { maxEntries, maxMemoryBytes, eviction } = bounds;
  store.setBounds(0, 0, eviction);
  await recover();
  store.setBounds(maxEntries, maxMemoryBytes, eviction);
}

function factsOf({ lastSequence, logId, entries, sizeBytes, finishedAtMs }: SnapshotInfo): SnapshotFacts {
  return { lastSequence, logId, entries, sizeBytes, createdAtMs: finishedAtMs };
}
