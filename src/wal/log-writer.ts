// Carries records from the log buffer to segment files on the main thread: batching, group commit, sync policy, rotation,
// and the one way a log fails. It leaves encoding to the native buffer, and what happens after a failure to src/durability.
//
// Invariants:
// 1. taken >= written >= synced, sequence numbers: out of the buffer, given to the kernel, on stable storage.
// 2. One batch is under way at a time, and one sync at a time; they may overlap, except while segments change. drainNow alone
//    goes between: it writes only when the kernel has all of the batch under way.
// 3. A segment takes records only after every older one is synced and its own header is durable under its name, which is
//    the sequence number of its first record: no record of an older segment can reach it.
// 4. After a failed call nothing is written to that segment again, nothing counts as durable that was not, and nothing is
//    taken from the buffer until reopen().
import { type Clock, systemClock } from "../base/clock.ts";
import { DistCacheError, messageOf } from "../base/errors.ts";
import type { FileOperations } from "../base/file-operations.ts";
import { fileName } from "./file-names.ts";
import type { FsyncPolicy, LogBatch, LogSource } from "./log-source.ts";
import { SegmentWriter } from "./segment-writer.ts";

/** How long a record may wait for others before it is given to the kernel, where the policy syncs later anyway. Well below the
 *  10 ms after which replies are held; longer would save little, as a busy buffer is taken by size. */
const gatherMs = 3;
/** A buffer that holds this much is taken at once. */
const eagerBytes = 128 * 1024;
/** The most that goes into one write: bounds how long the room of a batch stays taken. */
const batchBytes = 1024 * 1024;
/** How long drainNow waits for the batch under way, when the buffer is full. */
const stallMs = 15_000;
/** Where nothing can be written while the event loop waits (segments change), a program may overfill the buffer so many times. */
const overfill = 8;
/** From the first unsynced record to the start of its sync under `everysec`: a second, less the gathering and a late timer. */
const everySecondMs = 950;

export interface LogWriterOptions {
  readonly source: LogSource;
  readonly files: FileOperations;
  readonly directory: string;
  readonly baseName: string;
  /** The bytes a segment begins with. */
  readonly header: (firstSequence: number) => Uint8Array;
  readonly policy: FsyncPolicy;
  /** A segment that would grow beyond this is followed by a new one. */
  readonly segmentBytes: number;
  /** The source's capacity. */
  readonly bufferBytes: number;
  readonly clock?: Clock;
  /** Told whenever the synced sequence grows. */
  readonly onSynced?: (sequence: number) => void;
  /** Told once a failure, before anything else happens. */
  readonly onFailure?: (error: DistCacheError) => void;
}

/** Before open(), after it, after a failure, and after close(): then what still comes is let go. */
export type LogState = "closed" | "open" | "failed" | "ended";

/** What INFO and metrics show of the writer. */
export interface LogWriterStatus {
  readonly state: LogState;
  readonly policy: FsyncPolicy;
  readonly takenSequence: number;
  readonly writtenSequence: number;
  readonly syncedSequence: number;
  readonly pendingBytes: number;
  readonly segmentBytes: number;
  readonly writtenBytes: number;
  readonly batches: number;
  readonly syncs: number;
  /** How long the last sync took, and how many took longer than the second they should. */
  readonly lastSyncMs: number;
  readonly slowSyncs: number;
  /** Since when something written is not synced; undefined when all is. */
  readonly unsyncedForMs: number | undefined;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #clock: Clock;
  #policy: FsyncPolicy;
  #segmentBytes: number;
  #state: LogState = "closed";
  #failure: DistCacheError | undefined;
  #segment: SegmentWriter | undefined;
  #segmentHasRecords = false;
  #segmentsMade = 0;
  /** The last record that still belongs to the current segment, when a new one was asked for. */
  #rotateAfter: number | undefined;
  #taken = 0;
  #written = 0;
  #synced = 0;
  #draining: Promise<void> | undefined;
  /** The batch that an append is under way with: how large the file is when the kernel has it, and how its room is freed. */
  #appending: { readonly endBytes: number; readonly release: () => void } | undefined;
  #isChangingSegment = false;
  #syncing: Promise<void> | undefined;
  #round: Promise<void> | undefined;
  #gatherTimer: NodeJS.Timeout | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #unsyncedSinceMs: number | undefined;
  #counts = { writtenBytes: 0, batches: 0, syncs: 0, lastSyncMs: 0, slowSyncs: 0 };

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#policy = options.policy;
    this.#segmentBytes = options.segmentBytes;
  }

  /** Begins a segment for the records from `firstSequence` on; everything before it must be durable elsewhere. */
  async open(firstSequence: number): Promise<void> {
    this.#taken = firstSequence - 1;
    try {
      await this.#begin();
    } catch (error) {
      throw this.#errorOf(error);
    }
    this.wake();
  }

  /**
   * Goes on after a failure with a fresh segment. The caller has made everything up to takenSequence durable elsewhere, and
   * removed the segment that failed.
   */
  async reopen(): Promise<void> {
    if (this.#state !== "failed") throw new DistCacheError("INTERNAL", `a log that is ${this.#state} is not reopened`);
    await this.settle();
    try {
      await this.#begin();
    } catch (error) {
      throw this.#errorOf(error);
    }
    this.#options.onSynced?.(this.#synced);
    this.wake();
  }

  /** Waits until no call of a failed segment is under way, and closes it. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#draining, this.#syncing]);
    await this.#segment?.close();
  }

  /** To be called when records wait: at the first one after the buffer was empty, and when much has gathered. */
  wake(): void {
    if (this.#state === "ended") this.#discard();
    if (this.#state !== "open" || this.#draining !== undefined) return;
    const waits = this.#options.source.pendingBytes();
    if (waits === 0) return;
    if (this.#policy === "always" || waits >= eagerBytes) void this.#drain();
    else this.#drainSoon();
  }

  /**
   * Writes what waits before it returns: for a write of a program that keeps the event loop from doing so. With `isFull` it waits for the
   * batch under way; throws WRITES_REFUSED when there is no end of that. Segments may grow beyond their size meanwhile.
   */
  drainNow(isFull: boolean): void {
    if (this.#state !== "open") return;
    if (this.#segment !== undefined && !this.#isChangingSegment && this.#hasKernelAll(this.#segment, isFull)) {
      this.#writeNow(this.#segment);
    } else if (this.#options.source.pendingBytes() > overfill * this.#options.bufferBytes) {
      throw new DistCacheError(
        "WRITES_REFUSED",
        "the log's buffer is full: let the event loop run, so that it is written",
      );
    }
  }

  /** Resolves when the record with this number, by default the newest, is on stable storage, whatever the policy. */
  async durable(sequence = this.#options.source.lastSequence()): Promise<void> {
    while (this.#synced < sequence) {
      if (this.#state === "failed") throw this.#failure;
      if (this.#state !== "open") throw new DistCacheError("CLOSED", "the log is closed");
      this.#round ??= this.#runRound();
      await this.#round;
    }
  }

  /**
   * Begins a new segment after the records of now, so that older ones can be disposed of and need not be read; not when the current
   * one holds none.
   */
  rotate(): void {
    this.#rotateAfter = this.#options.source.lastSequence();
    if (this.#state === "open") void this.#drain();
  }

  setPolicy(policy: FsyncPolicy): void {
    this.#policy = policy;
    if (this.#state !== "open" || this.#written === this.#synced) return;
    if (policy === "always") void this.#syncNow();
    else this.#noteUnsynced();
  }

  setSegmentBytes(sizeBytes: number): void {
    this.#segmentBytes = sizeBytes;
  }

  /** Writes and syncs all that waits, then closes. A log that failed is closed as it is. */
  async close(): Promise<void> {
    if (this.#state === "open") {
      try {
        await this.durable();
      } finally {
        await this.#end();
      }
      return;
    }
    await this.#end();
  }

  status(): LogWriterStatus {
    const since = this.#unsyncedSinceMs;
    return {
      state: this.#state,
      policy: this.#policy,
      takenSequence: this.#taken,
      writtenSequence: this.#written,
      syncedSequence: this.#synced,
      pendingBytes: this.#options.source.pendingBytes(),
      segmentBytes: this.#segment?.sizeBytes ?? 0,
      ...this.#counts,
      unsyncedForMs: since === undefined ? undefined : this.#clock.monotonicMs() - since,
    };
  }

  /** How many segments this writer has begun. */
  get segmentsMade(): number {
    return this.#segmentsMade;
  }

  get segmentPath(): string | undefined {
    return this.#segment?.path;
  }

  async #begin(): Promise<void> {
    await this.#newSegment(this.#taken + 1);
    this.#written = this.#taken;
    this.#synced = this.#taken;
    this.#unsyncedSinceMs = undefined;
    this.#failure = undefined;
    this.#state = "open";
  }

  async #newSegment(firstSequence: number): Promise<void> {
    const { files, directory, baseName, header } = this.#options;
    const name = fileName("wal", baseName, firstSequence);
    const isSynchronous = this.#policy === "always";
    this.#segment = await SegmentWriter.create(files, directory, name, header(firstSequence), isSynchronous);
    this.#segmentsMade += 1;
    this.#segmentHasRecords = false;
    this.#rotateAfter = undefined;
  }

  async #end(): Promise<void> {
    this.#stopTimers();
    this.#state = "ended";
    await this.settle();
    this.#discard();
  }

  /** Nobody keeps these records any more, but the buffer must not grow by them. */
  #discard(): void {
    const { source } = this.#options;
    if (this.#draining !== undefined) return;
    while (source.take(batchBytes) !== undefined) source.release();
  }

  #drainSoon(): void {
    this.#gatherTimer ??= setTimeout(() => void this.#drain(), gatherMs);
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#drainAll();
    return this.#draining;
  }

  /** Takes and writes batches until the buffer is empty or, where that is allowed, holds too little to be worth a write. */
  async #drainAll(): Promise<void> {
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    const { source } = this.#options;
    // The first await comes before #draining is read again: without it, an empty buffer would clear it too early.
    await undefined;
    while (this.#state === "open") {
      const batch = source.take(batchBytes);
      if (batch === undefined) {
        // What waits is reserved but not handed over by its thread yet.
        if (source.pendingBytes() > 0) this.#drainSoon();
        await this.#rotateIfAsked();
        break;
      }
      this.#taken = batch.lastSequence;
      const release = once(() => source.release());
      try {
        await this.#write(batch, release);
      } catch (error) {
        this.#fail(error);
      } finally {
        release();
      }
      const isSmall = source.pendingBytes() < eagerBytes;
      if (this.#policy !== "always" && this.#round === undefined && isSmall && this.#rotateAfter === undefined) break;
    }
    this.#draining = undefined;
    if (this.#gatherTimer === undefined) this.wake();
  }

  async #write(batch: LogBatch, release: () => void): Promise<void> {
    if (this.#needsNewSegment(batch)) await this.#changeSegment(batch.firstSequence);
    const segment = this.#segment;
    if (segment === undefined || this.#state !== "open") return;
    this.#segmentHasRecords = true;
    this.#appending = { endBytes: segment.sizeBytes + batch.bytes.byteLength, release };
    try {
      await segment.append(batch.bytes);
    } finally {
      this.#appending = undefined;
    }
    if (this.#state !== "open") return; // a sync failed meanwhile: these bytes share the segment's fate
    this.#noteWritten(segment, batch);
  }

  #noteWritten(segment: SegmentWriter, { bytes, lastSequence }: LogBatch): void {
    this.#written = Math.max(this.#written, lastSequence);
    this.#counts.batches += 1;
    this.#counts.writtenBytes += bytes.byteLength;
    // A batch under way may be older than this one; when it is done, both are durable.
    if (!segment.isSynchronous) this.#noteUnsynced();
    else if (this.#appending === undefined) this.#setSynced(this.#written);
  }

  /** Whether the kernel has the batch under way, whose promise can not resolve now; then its room is freed. */
  #hasKernelAll(segment: SegmentWriter, waits: boolean): boolean {
    const appending = this.#appending;
    if (appending === undefined) return true;
    const endMs = this.#clock.monotonicMs() + stallMs;
    while (segment.sizeBlocking() < appending.endBytes) {
      if (!waits) return false;
      if (this.#clock.monotonicMs() > endMs) {
        throw new DistCacheError("WRITES_REFUSED", "the log's buffer is full and its disk takes nothing");
      }
      Atomics.wait(neverNotified, 0, 0, 1);
    }
    appending.release();
    return true;
  }

  #writeNow(segment: SegmentWriter): void {
    const { source } = this.#options;
    try {
      for (let batch = source.take(batchBytes); batch !== undefined; batch = source.take(batchBytes)) {
        this.#taken = batch.lastSequence;
        this.#segmentHasRecords = true;
        segment.appendBlocking(batch.bytes);
        source.release();
        this.#noteWritten(segment, batch);
      }
      const isDue = this.#clock.monotonicMs() - (this.#unsyncedSinceMs ?? Number.POSITIVE_INFINITY) >= everySecondMs;
      if (this.#policy !== "everysec" || !isDue) return;
      this.#unsyncedSinceMs = undefined;
      segment.syncBlocking();
      this.#counts.syncs += 1;
      this.#setSynced(this.#written);
    } catch (error) {
      source.release();
      this.#fail(error);
    }
  }

  async #rotateIfAsked(): Promise<void> {
    if (!this.#segmentHasRecords) this.#rotateAfter = undefined;
    if (this.#rotateAfter === undefined || this.#taken < this.#rotateAfter) return;
    try {
      await this.#changeSegment(this.#taken + 1);
    } catch (error) {
      this.#fail(error);
    }
  }

  #needsNewSegment({ bytes, firstSequence }: LogBatch): boolean {
    const segment = this.#segment;
    if (segment === undefined) return false;
    if (segment.isSynchronous !== (this.#policy === "always")) return true;
    if (!this.#segmentHasRecords) return false;
    const isAsked = this.#rotateAfter !== undefined && firstSequence > this.#rotateAfter;
    return isAsked || segment.sizeBytes + bytes.byteLength > this.#segmentBytes;
  }

  async #changeSegment(firstSequence: number): Promise<void> {
    const old = this.#segment;
    this.#isChangingSegment = true;
    try {
      await this.#syncing;
      if (this.#state !== "open") return;
      await this.#syncNow();
      if (this.#state !== "open") return;
      await this.#newSegment(firstSequence);
      await old?.close();
    } finally {
      this.#isChangingSegment = false;
    }
  }

  /** Starts the clock of `everysec` at the first record that is not synced; more records do not move it. */
  #noteUnsynced(): void {
    this.#unsyncedSinceMs ??= this.#clock.monotonicMs();
    if (this.#policy !== "everysec" || this.#syncTimer !== undefined || this.#syncing !== undefined) return;
    const dueInMs = Math.max(0, this.#unsyncedSinceMs + everySecondMs - this.#clock.monotonicMs());
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = undefined;
      void this.#syncNow();
    }, dueInMs);
    this.#syncTimer.unref();
  }

  /** Syncs what is written now. Never rejects: a failure becomes the log's state. */
  #syncNow(): Promise<void> {
    this.#syncing ??= this.#sync();
    return this.#syncing;
  }

  async #sync(): Promise<void> {
    const segment = this.#segment;
    const target = this.#written;
    const startedAtMs = this.#clock.monotonicMs();
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    this.#unsyncedSinceMs = undefined;
    try {
      if (target > this.#synced) await segment?.sync();
      else await undefined;
    } catch (error) {
      this.#syncing = undefined;
      this.#fail(error);
      return;
    }
    this.#syncing = undefined;
    if (this.#state !== "open") return;
    this.#counts.lastSyncMs = this.#clock.monotonicMs() - startedAtMs;
    this.#counts.syncs += 1;
    if (this.#counts.lastSyncMs > 1000) this.#counts.slowSyncs += 1;
    this.#setSynced(target);
    if (this.#written > target) this.#noteUnsynced();
  }

  /** One group commit for everybody who waits: all that is in the buffer now, written and synced. */
  async #runRound(): Promise<void> {
    const target = this.#options.source.lastSequence();
    await undefined;
    while (this.#state === "open" && this.#taken < target) {
      await this.#drain();
      // A record that got its number but is not handed over yet: let its thread run.
      if (this.#taken < target) await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#draining;
    while (this.#state === "open" && this.#synced < target) await this.#syncNow();
    this.#round = undefined;
  }

  #setSynced(sequence: number): void {
    if (sequence <= this.#synced) return;
    this.#synced = sequence;
    this.#options.onSynced?.(sequence);
  }

  #fail(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "failed";
    this.#failure = this.#errorOf(error);
    this.#stopTimers();
    this.#options.onFailure?.(this.#failure);
  }

  #errorOf(error: unknown): DistCacheError {
    const file = this.#segment?.path ?? this.#options.directory;
    return new DistCacheError("WRITES_REFUSED", `writing the log failed: ${messageOf(error)}`, { cause: error, file });
  }

  #stopTimers(): void {
    clearTimeout(this.#gatherTimer);
    clearTimeout(this.#syncTimer);
    this.#gatherTimer = undefined;
    this.#syncTimer = undefined;
  }
}

/** What a thread can wait on for a time. */
const neverNotified = new Int32Array(new SharedArrayBuffer(4));

/** The function, called once at most. */
function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
