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
import { SnapshotKeeper, type TakenSnapshot } from "../snapshot/snapshot-keeper.ts";
import { LogWriter } from "../wal/log-writer.ts";
import type { DurabilitySettings } from "./durability-settings.ts";
import type { DurabilityStatus, LoadingStatus, LogStatus } from "./durability-status.ts";
import type { Engine, EngineLog } from "./engine.ts";
import { makeLogId } from "./log-id.ts";
import { type RecoveryResult, recover } from "./recovery.ts";
import { Retrying } from "./retrying.ts";
import { type Activity, SnapshotTaking } from "./snapshot-taking.ts";

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
  #taking: SnapshotTaking | undefined;
  #recovery: RecoveryResult | undefined;
  #loading: LoadingStatus | undefined;
  #logFailure: DistCacheError | undefined;
  #logFailures = 0;
  #isStopping = false;
  readonly #repair = new Retrying(
    () => this.#repairOnce(),
    (error) => this.#options.logger.warn(`the log does not work yet: ${messageOf(error)}`),
  );

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
    const nextSequence = recovery.lastSequence + 1;
    const keepsRecords = walName !== undefined;
    // What is written without the log is no part of it: under its id, records of a log that still lies there would later be taken
    // for what comes after these snapshots.
    const logId = (keepsRecords ? recovery.logId : undefined) ?? makeLogId();
    const log = engine.attachLog(
      { format, logId, nextSequence, capacityBytes: bufferBytes, keepsRecords },
      { onWake: () => this.#writer?.wake(), onOverdue: (isFull) => this.#writer?.drainNow(isFull) },
    );
    this.#log = log;
    this.#keeper = this.#makeKeeper();
    this.#taking = this.#makeTaking(this.#keeper, log, recovery);
    if (walName !== undefined) {
      this.#writer = this.#makeWriter(walName, log);
      await this.#writer.open(nextSequence);
    }
    dataPlane.setDurableSequence(this.#holdsReplies ? recovery.lastSequence : Number.POSITIVE_INFINITY);
    this.#loading = undefined;
    this.#taking.startSchedule();
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
    await this.#repair.stop();
    const taking = this.#taking;
    await taking?.stop();
    if (saves && this.#writer === undefined && taking !== undefined && taking.writesSince > 0) {
      await taking.take("shutdown").catch(() => {}); // logged there
    }
    await this.#writer?.close();
  }

  /** Takes a snapshot and answers when it is durable. */
  async save(): Promise<TakenSnapshot> {
    if (this.#taking === undefined) throw new DistCacheError("CLOSED", "nothing is kept: the node has not started");
    return this.#taking.take("command");
  }

  /** Starts a snapshot, after the one that is under way if there is one. Its outcome is in status(). */
  startSave(): void {
    this.#taking?.takeInBackground("command");
  }

  /** Makes the log as short as it can be: what it holds goes into a snapshot, after the one that is under way. */
  startRewrite(): void {
    this.#taking?.startRewrite();
  }

  /** What is under way now. */
  get activity(): Activity | undefined {
    return this.#taking?.activity;
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
    const reasons = [this.#logFailure, this.#taking?.failure].filter((error) => error !== undefined);
    return {
      isHealthy: reasons.length === 0,
      reasons: reasons.map((error) => error.message),
      refusesWrites: this.#refusal() !== undefined,
      loading: this.#loading,
      recovery: this.#recovery,
      log: this.#logStatus(),
      snapshot: this.#taking?.status(),
    };
  }

  get #holdsReplies(): boolean {
    return this.#writer !== undefined && this.#settings.fsync === "always" && this.#logFailure === undefined;
  }

  #noteLoading(doneBytes: number, totalBytes: number): void {
    if (this.#loading !== undefined) this.#loading = { ...this.#loading, doneBytes, totalBytes };
    this.#options.onLoading?.(doneBytes, totalBytes);
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
      write: (path, isBackground) => engine.writeSnapshot(path, isBackground),
      clock: this.#clock,
      onDisposalFailure: (message) => logger.warn(message),
    });
  }

  #makeTaking(keeper: SnapshotKeeper, log: EngineLog, { snapshot, logBytes }: RecoveryResult): SnapshotTaking {
    return new SnapshotTaking({
      keeper,
      clock: this.#clock,
      logger: this.#options.logger,
      settings: () => this.#settings,
      lastSequence: () => log.lastSequence(),
      logBytes: () => logBytes + (this.#writer?.status().writtenBytes ?? 0),
      recovered: snapshot,
      onBegin: () => this.#writer?.rotate(),
      onOutcome: () => this.#announce(),
    });
  }

  #makeWriter(baseName: string, log: EngineLog): LogWriter {
    const { fsync, segmentBytes, bufferBytes } = this.#settings;
    return new LogWriter({
      source: log,
      files: this.#files,
      directory: this.#options.directory,
      baseName,
      header: (firstSequence) => log.segmentHeader(firstSequence),
      policy: fsync,
      segmentBytes,
      bufferBytes,
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
    return this.#taking?.failure !== undefined && stopsWritesOnSnapshotError && isScheduled
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
    this.#logFailures += 1;
    logger.error({ file: error.file }, `${error.message}; writes are refused`);
    this.#announce();
    dataPlane.failRepliesAbove(promised);
    this.#log?.setFailed(true);
    dataPlane.setDurableSequence(Number.POSITIVE_INFINITY);
    this.#repair.start();
  }

  async #repairOnce(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    await writer.settle();
    await this.#taking?.takeForRepair();
    if (writer.segmentPath !== undefined) await this.#files.remove(writer.segmentPath);
    await this.#files.syncDirectory(this.#options.directory);
    await writer.reopen();
    const { dataPlane } = this.#options;
    this.#logFailure = undefined;
    this.#log?.setFailed(false);
    dataPlane.failRepliesAbove(undefined);
    if (this.#holdsReplies) dataPlane.setDurableSequence(writer.status().syncedSequence);
    this.#announce();
    this.#options.logger.info("the log works again, on a fresh segment; writes are taken again");
  }

  #logStatus(): LogStatus | undefined {
    const [writer, taking] = [this.#writer, this.#taking];
    if (writer === undefined || taking === undefined) return undefined;
    return {
      ...writer.status(),
      ...taking.rewriteStatus(),
      format: this.#settings.format,
      sizeBytes: taking.logBytesSince,
      lastSequence: this.#log?.lastSequence() ?? 0,
      segments: writer.segmentsMade + (this.#recovery?.segments ?? 0) - (this.#keeper?.disposedSegments ?? 0),
      pendingForMs: this.#log?.oldestPendingAgeMs() ?? 0,
      failures: this.#logFailures,
      lastError: this.#logFailure?.message,
    };
  }
}
