// Keeps a node's data: recovery at the start, the log, snapshots by schedule and by command, and the one answer to a disk that
// fails. It decides; bytes are handled by src/wal, src/snapshot and native code.
//
// When the disk fails:
// 1. Writes are refused at once; replies that the disk did not live up to are never sent (their connections are closed).
// 2. Reads go on. Everything that was acknowledged is in memory.
// 3. Again and again, with growing pauses: a snapshot of memory is written and made durable, the segment that failed is
//    removed, and a fresh one is begun with what waits in the buffer. From then on writes are taken again.
// A crash between any two of these steps leaves either the old files, or the new snapshot with what follows it.
import { type Clock, systemClock } from "../base/clock.ts";
import { DistCacheError, messageOf } from "../base/errors.ts";
import { type FileOperations, systemFiles } from "../base/file-operations.ts";
import type { Logger } from "../base/logger.ts";
import { dueReason } from "../snapshot/schedule.ts";
import { SnapshotKeeper, type TakenSnapshot } from "../snapshot/snapshot-keeper.ts";
import { LogWriter } from "../wal/log-writer.ts";
import type { DurabilitySettings } from "./durability-settings.ts";
import type { DurabilityStatus, LogStatus, SnapshotStatus } from "./durability-status.ts";
import type { Engine, EngineLog } from "./engine.ts";
import { makeLogId } from "./log-id.ts";
import { type RecoveryResult, recover } from "./recovery.ts";

/** What the rest of a node is told. */
export interface DataPlane {
  /** A reason, as the text of a MISCONF error without that word; undefined: writes are taken again. */
  refuseWrites(reason: string | undefined): void;
  /** Replies that wait for a later record are held; Infinity: none is. */
  setDurableSequence(sequence: number): void;
  /**
   * Replies to writes above this record must not be sent, now held or not yet given: their connections are closed, as what they
   * would say may not be true. undefined: the log works again.
   */
  failRepliesAbove(sequence: number | undefined): void;
}

export interface DurabilityOptions {
  readonly directory: string;
  readonly settings: DurabilitySettings;
  readonly engine: Engine;
  readonly dataPlane: DataPlane;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  readonly files?: FileOperations;
  readonly clock?: Clock;
  readonly onLoading?: (doneBytes: number, totalBytes: number) => void;
}

/** What the snapshot under way is for: a snapshot of its own, or a shorter log. */
export type Activity = "save" | "rewrite";

const scheduleTickMs = 1000;
const firstRetryMs = 100;
const longestRetryMs = 2000;

const logFailedReason = "Errors writing to the log on disk; writes are refused until it works again. Reads go on.";
const snapshotFailedReason =
  "Snapshots are on, but the last one could not be written; writes are refused until one succeeds. Check the log, or set stop-writes-on-bgsave-error to no.";

export class Durability {
  readonly #options: DurabilityOptions;
  readonly #files: FileOperations;
  readonly #clock: Clock;
  #settings: DurabilitySettings;
  #log: EngineLog | undefined;
  #writer: LogWriter | undefined;
  #keeper: SnapshotKeeper | undefined;
  #recovery: RecoveryResult | undefined;
  #loading: { doneBytes: number; totalBytes: number; startedAtMs: number } | undefined;
  #last = { sequence: 0, endedAtMs: 0, durationMs: 0, sizeBytes: 0, logBytes: 0, count: 0 };
  #logFailure: DistCacheError | undefined;
  #snapshotFailure: { error: DistCacheError; atMs: number } | undefined;
  #repairing: Promise<void> | undefined;
  #taking: Promise<unknown> | undefined;
  #bytesAtStart = 0;
  readonly #failures = { log: 0, snapshot: 0 };
  #activity: Activity | undefined;
  #rewriteIsWanted = false;
  #rewrites = { count: 0, lastDurationMs: -1, hasFailed: false };
  #tick: NodeJS.Timeout | undefined;
  #endPause: (() => void) | undefined;
  #isStopping = false;

  constructor(options: DurabilityOptions) {
    this.#options = options;
    this.#files = options.files ?? systemFiles;
    this.#clock = options.clock ?? systemClock;
    this.#settings = options.settings;
  }

  /** Recovers what the directory holds and opens the log. The store is ready when this resolves, and empty before it is called. */
  async start(): Promise<void> {
    const { directory, engine, dataPlane, logger } = this.#options;
    const { walName, snapshotName, format, bufferBytes } = this.#settings;
    const startedAtMs = this.#clock.monotonicMs();
    this.#loading = { doneBytes: 0, totalBytes: 0, startedAtMs: this.#clock.nowMs() };
    const recovery = await recover({
      files: this.#files,
      directory,
      walName,
      snapshotName,
      engine,
      logger,
      onProgress: (doneBytes, totalBytes) => this.#noteLoading(doneBytes, totalBytes),
    });
    this.#recovery = recovery;
    const logId = recovery.logId ?? makeLogId();
    const nextSequence = recovery.lastSequence + 1;
    const keepsRecords = walName !== undefined;
    const log = engine.attachLog({ format, logId, nextSequence, capacityBytes: bufferBytes, keepsRecords }, () =>
      this.#writer?.wake(),
    );
    this.#log = log;
    this.#keeper = this.#makeKeeper();
    this.#noteRecovered(recovery);
    if (walName !== undefined) {
      this.#writer = this.#makeWriter(walName, log);
      await this.#writer.open(nextSequence);
    }
    dataPlane.setDurableSequence(this.#holdsReplies ? recovery.lastSequence : Number.POSITIVE_INFINITY);
    this.#loading = undefined;
    this.#tick = setInterval(() => this.#runSchedule(), scheduleTickMs);
    this.#tick.unref();
    const tookMs = Math.round(this.#clock.monotonicMs() - startedAtMs);
    const { records, droppedBytes, snapshot } = recovery;
    if (recovery.lastSequence > 0) {
      logger.info({ entries: snapshot?.entries ?? 0, records, droppedBytes, tookMs }, "the data is loaded");
    }
  }

  /** Writes and syncs everything. A node that keeps snapshots alone takes a last one, unless told not to. */
  async stop({ saves = true }: { saves?: boolean } = {}): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearInterval(this.#tick);
    this.#endPause?.();
    await Promise.allSettled([this.#repairing, this.#taking]);
    if (saves && this.#writer === undefined && this.#writesSince > 0) await this.#take("shutdown").catch(() => {});
    await this.#keeper?.settle();
    await this.#writer?.close();
  }

  /** Takes a snapshot and answers when it is durable. */
  async save(): Promise<TakenSnapshot> {
    return this.#take("command");
  }

  /** Starts a snapshot, after the one that is under way if there is one. Its outcome is in status(). */
  startSave(): void {
    this.#takeInBackground("command");
  }

  /** Makes the log as short as it can be: what it holds goes into a snapshot, after the one that is under way. */
  startRewrite(): void {
    if (this.#rewriteIsWanted) return;
    this.#rewriteIsWanted = true;
    this.#taking = this.#rewrite();
  }

  /** What is under way now. */
  get activity(): Activity | undefined {
    return this.isSaving ? this.#activity : undefined;
  }

  get isSaving(): boolean {
    return this.#keeper?.isBusy ?? false;
  }

  /** Whether there is anything to save to. */
  get keepsSnapshots(): boolean {
    return this.#keeper !== undefined;
  }

  /** Resolves when everything written before the call is on stable storage. */
  async durable(): Promise<void> {
    if (this.#writer !== undefined) return this.#writer.durable();
    throw new DistCacheError(
      "INVALID_ARGUMENT",
      "this cache has no log (WAL_FILE is empty): only a snapshot makes it durable",
    );
  }

  get hasLog(): boolean {
    return this.#writer !== undefined;
  }

  /** Takes over what can change while a node runs. */
  configure(settings: DurabilitySettings): void {
    this.#settings = settings;
    this.#writer?.setPolicy(settings.fsync);
    this.#writer?.setSegmentBytes(settings.segmentBytes);
    const { dataPlane } = this.#options;
    const synced = this.#writer?.status().syncedSequence ?? 0;
    dataPlane.setDurableSequence(this.#holdsReplies ? synced : Number.POSITIVE_INFINITY);
    this.#announce();
  }

  status(): DurabilityStatus {
    const reasons = [this.#logFailure, this.#snapshotFailure?.error].filter((error) => error !== undefined);
    return {
      isHealthy: reasons.length === 0,
      reasons: reasons.map((error) => error.message),
      refusesWrites: this.#refusal() !== undefined,
      loading: this.#loading,
      recovery: this.#recovery,
      log: this.#logStatus(),
      snapshot: this.#snapshotStatus(),
    };
  }

  get #holdsReplies(): boolean {
    return this.#writer !== undefined && this.#settings.fsync === "always" && this.#logFailure === undefined;
  }

  get #writesSince(): number {
    return (this.#log?.lastSequence() ?? 0) - this.#last.sequence;
  }

  get #logBytesSince(): number {
    return (this.#writer?.status().writtenBytes ?? 0) + (this.#recovery?.logBytes ?? 0) - this.#last.logBytes;
  }

  #noteLoading(doneBytes: number, totalBytes: number): void {
    if (this.#loading !== undefined) this.#loading = { ...this.#loading, doneBytes, totalBytes };
    this.#options.onLoading?.(doneBytes, totalBytes);
  }

  #noteRecovered({ snapshot }: RecoveryResult): void {
    this.#last.endedAtMs = snapshot?.createdAtMs ?? this.#clock.nowMs();
    this.#last.sequence = snapshot?.lastSequence ?? 0;
    this.#last.sizeBytes = snapshot?.sizeBytes ?? 0;
  }

  #makeKeeper(): SnapshotKeeper {
    const { directory, engine, logger } = this.#options;
    const { walName, snapshotName } = this.#settings;
    return new SnapshotKeeper({
      files: this.#files,
      directory,
      kind: snapshotName === undefined ? "base" : "snapshot",
      baseName: snapshotName ?? walName ?? "",
      snapshotName,
      walName,
      write: (path) => engine.writeSnapshot(path),
      clock: this.#clock,
      onDisposalFailure: (message) => logger.warn(message),
    });
  }

  #makeWriter(baseName: string, log: EngineLog): LogWriter {
    const { fsync, segmentBytes } = this.#settings;
    return new LogWriter({
      source: log,
      files: this.#files,
      directory: this.#options.directory,
      baseName,
      header: (firstSequence) => log.segmentHeader(firstSequence),
      policy: fsync,
      segmentBytes,
      clock: this.#clock,
      onSynced: (sequence) => {
        if (this.#holdsReplies) this.#options.dataPlane.setDurableSequence(sequence);
      },
      onFailure: (error) => this.#noteLogFailure(error),
    });
  }

  #refusal(): string | undefined {
    if (this.#logFailure !== undefined) return logFailedReason;
    const { stopsWritesOnSnapshotError, intervalMs, afterWrites } = this.#settings;
    const isScheduled = intervalMs > 0 || afterWrites > 0;
    return this.#snapshotFailure !== undefined && stopsWritesOnSnapshotError && isScheduled
      ? snapshotFailedReason
      : undefined;
  }

  #announce(): void {
    this.#options.dataPlane.refuseWrites(this.#refusal());
  }

  #noteLogFailure(error: DistCacheError): void {
    const { dataPlane, logger } = this.#options;
    const { writtenSequence = 0, syncedSequence = 0 } = this.#writer?.status() ?? {};
    const promised = this.#settings.fsync === "always" ? syncedSequence : writtenSequence;
    this.#logFailure = error;
    this.#failures.log += 1;
    logger.error({ file: error.file }, `${error.message}; writes are refused`);
    this.#announce();
    dataPlane.failRepliesAbove(promised);
    this.#log?.setFailed(true);
    dataPlane.setDurableSequence(Number.POSITIVE_INFINITY);
    this.#repairing ??= this.#repair();
  }

  /** Tries until the log is whole again or the node stops. Never rejects. */
  async #repair(): Promise<void> {
    const { logger } = this.#options;
    for (let pauseMs = firstRetryMs; !this.#isStopping; pauseMs = Math.min(longestRetryMs, pauseMs * 2)) {
      try {
        await this.#repairOnce();
        logger.info("the log works again, on a fresh segment; writes are taken again");
        break;
      } catch (error) {
        logger.warn(`the log does not work yet: ${messageOf(error)}`);
        await this.#pause(pauseMs);
      }
    }
    this.#repairing = undefined;
  }

  async #repairOnce(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    await writer.settle();
    await this.#takeAndNote("repair");
    if (writer.segmentPath !== undefined) await this.#files.remove(writer.segmentPath);
    await this.#files.syncDirectory(this.#options.directory);
    await writer.reopen();
    const { dataPlane } = this.#options;
    this.#logFailure = undefined;
    this.#log?.setFailed(false);
    dataPlane.failRepliesAbove(undefined);
    if (this.#holdsReplies) dataPlane.setDurableSequence(writer.status().syncedSequence);
    this.#announce();
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#endPause = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#endPause = end;
    });
  }

  #runSchedule(): void {
    if (this.isSaving || this.#repairing !== undefined || this.#isStopping || this.#rewriteIsWanted) return;
    const { intervalMs, afterWrites, growthPercent, growthMinBytes, snapshotName } = this.#settings;
    const hasSnapshots = snapshotName !== undefined;
    const policy = {
      intervalMs: hasSnapshots ? intervalMs : 0,
      afterWrites: hasSnapshots ? afterWrites : 0,
      growthPercent: this.hasLog ? growthPercent : 0,
      growthMinBytes,
    };
    const reason = dueReason(policy, {
      nowMs: this.#clock.nowMs(),
      lastEndedAtMs: this.#last.endedAtMs,
      lastDurationMs: this.#last.durationMs,
      lastSizeBytes: this.#last.sizeBytes,
      writesSince: this.#writesSince,
      logBytesSince: this.#logBytesSince,
      failedAtMs: this.#snapshotFailure?.atMs,
    });
    if (reason !== undefined) this.#takeInBackground(reason);
  }

  #takeInBackground(reason: string): void {
    this.#taking = this.#take(reason).catch(() => {}); // noted and logged there
  }

  async #rewrite(): Promise<void> {
    try {
      await this.#keeper?.settle();
      const { durationMs } = await this.#take("rewrite");
      this.#rewrites = { count: this.#rewrites.count + 1, lastDurationMs: durationMs, hasFailed: false };
    } catch {
      this.#rewrites.hasFailed = true; // noted and logged in #take
    } finally {
      this.#rewriteIsWanted = false;
    }
  }

  async #take(reason: string): Promise<TakenSnapshot> {
    try {
      return await this.#takeAndNote(reason);
    } catch (error) {
      if (error instanceof DistCacheError && error.code === "CLOSED") throw error;
      const failure = error as DistCacheError;
      this.#failures.snapshot += 1;
      this.#snapshotFailure = { error: failure, atMs: this.#clock.nowMs() };
      this.#options.logger.error({ reason, file: failure.file }, failure.message);
      this.#announce();
      throw failure;
    }
  }

  async #takeAndNote(reason: string): Promise<TakenSnapshot> {
    const keeper = this.#keeper;
    if (keeper === undefined) throw new DistCacheError("CLOSED", "nothing is kept: the node has not started");
    const taken = await keeper.take(() => {
      this.#activity = reason === "rewrite" ? "rewrite" : "save";
      this.#bytesAtStart = this.#logBytesSince + this.#last.logBytes;
      this.#writer?.rotate();
    });
    const logBytes = this.#bytesAtStart;
    const { lastSequence, durationMs, sizeBytes, entries } = taken;
    const count = this.#last.count + 1;
    this.#last = { sequence: lastSequence, endedAtMs: this.#clock.nowMs(), durationMs, sizeBytes, logBytes, count };
    const tookMs = Math.round(durationMs);
    this.#options.logger.info({ reason, entries, sizeBytes, tookMs, lastSequence }, "a snapshot was written");
    if (this.#snapshotFailure !== undefined) {
      this.#snapshotFailure = undefined;
      this.#announce();
    }
    return taken;
  }

  #logStatus(): LogStatus | undefined {
    const writer = this.#writer;
    if (writer === undefined) return undefined;
    return {
      ...writer.status(),
      format: this.#settings.format,
      sizeBytes: this.#logBytesSince,
      lastSequence: this.#log?.lastSequence() ?? 0,
      segments: writer.segmentsMade + (this.#recovery?.segments ?? 0) - (this.#keeper?.disposedSegments ?? 0),
      pendingForMs: this.#log?.oldestPendingAgeMs() ?? 0,
      isRewriting: this.activity === "rewrite",
      isRewriteScheduled: this.#rewriteIsWanted && this.activity !== "rewrite",
      rewrites: this.#rewrites.count,
      lastRewriteMs: this.#rewrites.lastDurationMs,
      lastRewriteFailed: this.#rewrites.hasFailed,
      failures: this.#failures.log,
      lastError: this.#logFailure?.message,
    };
  }

  #snapshotStatus(): SnapshotStatus | undefined {
    const keeper = this.#keeper;
    if (keeper === undefined) return undefined;
    return {
      isWriting: keeper.isBusy,
      writingForMs: keeper.busyForMs,
      writesSince: this.#writesSince,
      lastEndedAtMs: this.#last.endedAtMs,
      lastDurationMs: this.#last.durationMs,
      lastSizeBytes: this.#last.sizeBytes,
      taken: this.#last.count,
      disposedFiles: keeper.disposedFiles,
      failures: this.#failures.snapshot,
      lastError: this.#snapshotFailure?.error.message,
    };
  }
}
