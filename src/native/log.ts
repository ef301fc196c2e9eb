// A store's log buffer as TypeScript sees it: native/addon/log_object.cc. Threads append records; TypeScript takes what waits
// and writes it to segment files.
import { loadAddon } from "./addon.ts";
import type { NativeServer } from "./server.ts";
import type { NativeStore, StoreReference } from "./store.ts";

export const logFormats = ["binary", "text"] as const;
export type LogFormat = (typeof logFormats)[number];

export interface NativeLogOptions {
  format: LogFormat;
  /** 32 hex digits; chosen once a log. */
  logId: string;
  nextSequence: number;
  capacityBytes: number;
  /** Appending threads wake TypeScript when so much waits, besides for the first record after none did. */
  wakeBytes: number;
  /** False: records get their number and go to snapshots only. */
  keepsRecords: boolean;
}

export interface NativeBatch {
  /** Valid until release. */
  bytes: Uint8Array;
  firstSequence: number;
  lastSequence: number;
}

interface RawLog {
  take(target: Uint8Array, maxBytes: number): [first: number, last: number, bytes: number | Buffer] | undefined;
  release(): void;
  lastSequence(): number;
  pendingBytes(): number;
  oldestPendingAgeMs(): number;
  segmentHeader(firstSequence: number, createdAtMs: number): Buffer;
  setFailed(isFailed: boolean): void;
  serve(server: object): void;
}

interface LogExports {
  Log: new (
    store: StoreReference,
    format: number,
    logId: string,
    nextSequence: number,
    capacityBytes: number,
    wakeBytes: number,
    keepsRecords: boolean,
    onWake: () => void,
    onOverdue: (isFull: boolean) => void,
  ) => RawLog;
}

/** The number that stands for a format at the border and in files. */
export function formatNumber(format: LogFormat): number {
  return logFormats.indexOf(format) + 1;
}

/** A batch up to this size is copied into one piece of memory that is used again and again, and so stays in the cache. */
const reusedBytes = 1024 * 1024;

/** Made, it is the store's log: every write from then on becomes a record. Make it when recovery is done, before traffic. */
export class NativeLog {
  readonly #raw: RawLog;
  readonly #reused = Buffer.allocUnsafeSlow(reusedBytes);

  /**
   * `onWake` is called on this thread when records wait; then take. `onOverdue` is called within a write of this thread when the buffer
   * is full, or records have waited for over 10 ms: take and release before it returns; when it throws, so does the write.
   */
  constructor(
    store: NativeStore,
    options: NativeLogOptions,
    onWake: () => void,
    onOverdue: (isFull: boolean) => void = () => {},
  ) {
    const { format, logId, nextSequence, capacityBytes, wakeBytes, keepsRecords } = options;
    const { Log } = loadAddon<LogExports>();
    this.#raw = new Log(
      store.reference,
      formatNumber(format),
      logId,
      nextSequence,
      capacityBytes,
      wakeBytes,
      keepsRecords,
      onWake,
      onOverdue,
    );
  }

  /** The addon's own object, for functions of the addon that take a log. */
  get raw(): object {
    return this.#raw;
  }

  /** Everything that waits, about maxBytes at most; undefined when nothing does. One batch at a time. */
  take(maxBytes: number): NativeBatch | undefined {
    const taken = this.#raw.take(this.#reused, Math.min(maxBytes, reusedBytes));
    if (taken === undefined) return undefined;
    const [firstSequence, lastSequence, bytes] = taken;
    return {
      bytes: typeof bytes === "number" ? this.#reused.subarray(0, bytes) : bytes,
      firstSequence,
      lastSequence,
    };
  }

  /** The batch is with the kernel, or given up: its room is free, and replies that waited for it may go. */
  release(): void {
    this.#raw.release();
  }

  lastSequence(): number {
    return this.#raw.lastSequence();
  }

  /** Bytes that were not released, those of a taken batch among them. */
  pendingBytes(): number {
    return this.#raw.pendingBytes();
  }

  /** How long the oldest record that was not released has waited; 0: none waits. */
  oldestPendingAgeMs(): number {
    return this.#raw.oldestPendingAgeMs();
  }

  /** The bytes that a segment of this log begins with. */
  segmentHeader(firstSequence: number, createdAtMs: number): Buffer {
    return this.#raw.segmentHeader(firstSequence, createdAtMs);
  }

  /** The log's file failed: no reply is held back for its sake any more. False: it works again. */
  setFailed(isFailed: boolean): void {
    this.#raw.setFailed(isFailed);
  }

  /** The server's connections wait for this log's room, and their replies for its records. */
  serve(server: NativeServer): void {
    this.#raw.serve(server.raw);
  }
}
