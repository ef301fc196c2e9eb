// Segments of the log as TypeScript sees them: native/addon/segment_object.cc.
import { loadAddon } from "./addon.ts";
import { type OnProgress, type RawJob, runJob } from "./job.ts";
import { formatNumber, type LogFormat } from "./log.ts";
import type { NativeStore, StoreReference } from "./store.ts";

export interface SegmentOutcome {
  /** `torn`: what follows validBytes is the unfinished end of a crash. `damaged`: good records follow it, or should. */
  end: "end" | "torn" | "damaged";
  /** Of the last two. */
  reason: string;
  /** Good records; the one that is not has this index. */
  records: number;
  /** Of these, the ones that went into the store. */
  applied: number;
  /** Of the last good record; when there is none, the one before the segment's first. */
  lastSequence: number;
  validBytes: number;
  sizeBytes: number;
  /** 32 hex digits; empty when the header itself is torn, and then the rest is absent. */
  logId: string;
  format?: LogFormat;
  firstSequence?: number;
  createdAtMs?: number;
}

export interface SegmentEffect {
  kind: "put" | "remove" | "expire" | "writeAt" | "flush" | "flushAll" | "swap";
  database: number;
  type: number;
  /** 0: none. */
  expiresAtMs: number;
  /** Where `bytes` stand in the value (writeAt), or the other database (swap). */
  offset: number;
  key: Buffer;
  bytes: Buffer;
}

export interface SegmentRecord {
  sequence: number;
  /** Where it begins in the file; in a snapshot, where its block does. */
  offset: number;
  sizeBytes: number;
  effects: SegmentEffect[];
}

interface RawReader {
  next(maxRecords: number): SegmentRecord[];
  encode(format: number, maxBytes: number): Buffer | undefined;
  outcome(): SegmentOutcome;
}

interface SegmentExports {
  walReplay(store: StoreReference, path: string, afterSequence: number): RawJob<SegmentOutcome>;
  walCheck(path: string): RawJob<SegmentOutcome>;
  walEncodeHeader(format: number, logId: string, firstSequence: number, createdAtMs: number): Buffer;
  SegmentReader: new (path: string) => RawReader;
}

/**
 * Applies the records above `afterSequence` to a store without a log that serves nobody. A torn or damaged end is an outcome, and
 * what stood before it was applied. CORRUPT when the header is none of a known version.
 */
export function replaySegment(
  store: NativeStore,
  path: string,
  afterSequence: number,
  onProgress?: OnProgress,
): Promise<SegmentOutcome> {
  return runJob(loadAddon<SegmentExports>().walReplay(store.reference, path, afterSequence), onProgress);
}

/** Reads every record without applying it. */
export function checkSegment(path: string, onProgress?: OnProgress): Promise<SegmentOutcome> {
  return runJob(loadAddon<SegmentExports>().walCheck(path), onProgress);
}

export interface SegmentHeader {
  format: LogFormat;
  logId: string;
  firstSequence: number;
  createdAtMs: number;
}

/** The bytes a segment begins with. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const { format, logId, firstSequence, createdAtMs } = header;
  return loadAddon<SegmentExports>().walEncodeHeader(formatNumber(format), logId, firstSequence, createdAtMs);
}

/** Reads a segment from its front. CORRUPT when the header is none of a known version. */
export class SegmentReader {
  readonly #raw: RawReader;

  constructor(path: string) {
    const { SegmentReader: Raw } = loadAddon<SegmentExports>();
    this.#raw = new Raw(path);
  }

  /** The next records; none at the end. */
  next(maxRecords: number): SegmentRecord[] {
    return this.#raw.next(maxRecords);
  }

  /** The next records, encoded in that format, in about maxBytes; undefined at the end. */
  encode(format: LogFormat, maxBytes: number): Buffer | undefined {
    return this.#raw.encode(formatNumber(format), maxBytes);
  }

  /** The header, how far it was read and, at the end, how that was. */
  outcome(): SegmentOutcome {
    return this.#raw.outcome();
  }
}
