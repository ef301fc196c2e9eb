// What durability asks of the data plane: reading and writing the frozen formats, and the state they describe. Native code in a
// node, a stand-in in tests.
import type { SnapshotFacts } from "../snapshot/snapshot-keeper.ts";
import type { LogSource } from "../wal/log-source.ts";

export const walFormats = ["binary", "text"] as const;
export type WalFormat = (typeof walFormats)[number];

/** What reading a segment to its end found. */
export interface ReplayOutcome {
  /** `torn`: what follows validBytes is the unfinished end of a crash. `damaged`: good records follow it, or should. */
  readonly end: "end" | "torn" | "damaged";
  readonly reason: string;
  /** The log's id from the header, 32 hex digits; empty when the header itself is torn. */
  readonly logId: string;
  /** Good records in the file; the one that is not has this index. */
  readonly records: number;
  /** Of these, the ones above the sequence asked for, which changed the store. */
  readonly applied: number;
  /** Of the last good record; when there is none, the one before the segment's first. */
  readonly lastSequence: number;
  readonly validBytes: number;
  readonly sizeBytes: number;
}

export interface LogOptions {
  readonly format: WalFormat;
  /** 32 hex digits. */
  readonly logId: string;
  readonly nextSequence: number;
  readonly capacityBytes: number;
  /** False: records get their number and go to snapshots only. */
  readonly keepsRecords: boolean;
}

/** The log buffer behind the store. */
export interface EngineLog extends LogSource {
  /** The bytes a segment of this log begins with. */
  segmentHeader(firstSequence: number): Uint8Array;
  /** How long the oldest record has waited that was not released; 0: none waits. */
  oldestPendingAgeMs(): number;
  /** The log failed: no reply is held back for it any more. False: it works again. */
  setFailed(isFailed: boolean): void;
}

/** Whoever takes records out of the log's buffer, on the main thread. */
export interface LogDrainer {
  /** Records wait. */
  onWake(): void;
  /** Called within a write of this thread, while the event loop waits for it: the buffer is full, or has waited for over 10 ms. */
  onOverdue(isFull: boolean): void;
}

export interface Engine {
  /** Puts a snapshot's entries into the empty store. CORRUPT, with file and offset, when it is not whole and right. */
  loadSnapshot(path: string, onProgress: (doneBytes: number) => void): Promise<SnapshotFacts>;
  /** Applies the records above `afterSequence`. CORRUPT when the header is none of a known version. */
  replaySegment(path: string, afterSequence: number, onProgress: (doneBytes: number) => void): Promise<ReplayOutcome>;
  /** Empties the store: what a failed load left. */
  clear(): void;
  /** From now on every write of the store becomes a record. */
  attachLog(options: LogOptions, drainer: LogDrainer): EngineLog;
  /** Writes the store and all that changes meanwhile, and syncs the file. Needs an attached log. In the background: at leisure. */
  writeSnapshot(path: string, isBackground: boolean): Promise<SnapshotFacts>;
}
