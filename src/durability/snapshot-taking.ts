// When and for whom snapshots are taken: by schedule, by command, for a shorter log, for a repair. How one is written is the
// keeper's; what a failure means for writes is decided by whoever is told.
import type { Clock } from "../base/clock.ts";
import type { DistCacheError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { dueReason } from "../snapshot/schedule.ts";
import type { SnapshotFacts, SnapshotKeeper, TakenSnapshot } from "../snapshot/snapshot-keeper.ts";
import type { DurabilitySettings } from "./durability-settings.ts";
import type { SnapshotStatus } from "./durability-status.ts";

/** What the snapshot under way is for: a snapshot of its own, or a shorter log. */
export type Activity = "save" | "rewrite";

export interface SnapshotTakingOptions {
  readonly keeper: SnapshotKeeper;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  readonly settings: () => DurabilitySettings;
  /** The newest record, and the bytes of the log written and found so far. */
  readonly lastSequence: () => number;
  readonly logBytes: () => number;
  /** What a start found. */
  readonly recovered: SnapshotFacts | undefined;
  /** One begins: what comes now is not needed once it is there. */
  readonly onBegin: () => void;
  /** One failed, or the first one after a failure did not. */
  readonly onOutcome: () => void;
}

const scheduleTickMs = 1000;

export class SnapshotTaking {
  readonly #options: SnapshotTakingOptions;
  #last = { sequence: 0, endedAtMs: 0, durationMs: 0, sizeBytes: 0, logBytes: 0, count: 0 };
  #failure: { error: DistCacheError; atMs: number } | undefined;
  #failures = 0;
  #activity: Activity | undefined;
  #bytesAtBegin = 0;
  #rewriteIsWanted = false;
  #rewrites = { count: 0, lastMs: -1, hasFailed: false };
  #background: Promise<unknown> | undefined;
  #tick: NodeJS.Timeout | undefined;

  constructor(options: SnapshotTakingOptions) {
    this.#options = options;
    const { recovered, clock } = options;
    this.#last.endedAtMs = recovered?.createdAtMs ?? clock.nowMs();
    this.#last.sequence = recovered?.lastSequence ?? 0;
    this.#last.sizeBytes = recovered?.sizeBytes ?? 0;
  }

  startSchedule(): void {
    this.#tick = setInterval(() => this.#runSchedule(), scheduleTickMs);
    this.#tick.unref();
  }

  /** Ends the schedule, and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#tick);
    await Promise.allSettled([this.#background]);
    await this.#options.keeper.settle();
  }

  /** Why the newest try failed; undefined when it did not. */
  get failure(): DistCacheError | undefined {
    return this.#failure?.error;
  }

  get activity(): Activity | undefined {
    return this.#options.keeper.isBusy ? this.#activity : undefined;
  }

  get writesSince(): number {
    return this.#options.lastSequence() - this.#last.sequence;
  }

  /** Bytes of the log since the last one: what a start has to read. */
  get logBytesSince(): number {
    return this.#options.logBytes() - this.#last.logBytes;
  }

  /** Takes one, after the one under way; a failure is noted, told and thrown. */
  async take(reason: string, isBackground = false): Promise<TakenSnapshot> {
    try {
      return await this.takeForRepair(reason, isBackground);
    } catch (error) {
      const failure = error as DistCacheError;
      this.#failures += 1;
      this.#failure = { error: failure, atMs: this.#options.clock.nowMs() };
      this.#options.logger.error({ reason, file: failure.file }, failure.message);
      this.#options.onOutcome();
      throw failure;
    }
  }

  /** As take, but a failure is the caller's alone: the log's own is told already. */
  async takeForRepair(reason = "repair", isBackground = false): Promise<TakenSnapshot> {
    const { keeper, clock, logger, onBegin, onOutcome } = this.#options;
    const taken = await keeper.take(isBackground, () => {
      this.#activity = reason === "rewrite" ? "rewrite" : "save";
      this.#bytesAtBegin = this.#options.logBytes();
      onBegin();
    });
    const { lastSequence: sequence, durationMs, sizeBytes, entries } = taken;
    const count = this.#last.count + 1;
    this.#last = { sequence, endedAtMs: clock.nowMs(), durationMs, sizeBytes, logBytes: this.#bytesAtBegin, count };
    logger.info({ reason, entries, sizeBytes, tookMs: Math.round(durationMs), sequence }, "a snapshot was written");
    if (this.#failure !== undefined) {
      this.#failure = undefined;
      onOutcome();
    }
    return taken;
  }

  takeInBackground(reason: string): void {
    this.#background = this.take(reason, true).catch(() => {}); // noted and logged there
  }

  /** Makes the log as short as it can be, after the snapshot that is under way. */
  startRewrite(): void {
    if (this.#rewriteIsWanted) return;
    this.#rewriteIsWanted = true;
    this.#background = this.#rewrite();
  }

  status(): SnapshotStatus {
    const { keeper } = this.#options;
    return {
      isWriting: keeper.isBusy,
      writingForMs: keeper.busyForMs,
      writesSince: this.writesSince,
      lastEndedAtMs: this.#last.endedAtMs,
      lastDurationMs: this.#last.durationMs,
      lastSizeBytes: this.#last.sizeBytes,
      taken: this.#last.count,
      disposedFiles: keeper.disposedFiles,
      failures: this.#failures,
      lastError: this.failure?.message,
    };
  }

  rewriteStatus(): {
    isRewriting: boolean;
    isRewriteScheduled: boolean;
    rewrites: number;
    lastRewriteMs: number;
    lastRewriteFailed: boolean;
  } {
    const isRewriting = this.activity === "rewrite";
    const { count, lastMs, hasFailed } = this.#rewrites;
    return {
      isRewriting,
      isRewriteScheduled: this.#rewriteIsWanted && !isRewriting,
      rewrites: count,
      lastRewriteMs: lastMs,
      lastRewriteFailed: hasFailed,
    };
  }

  async #rewrite(): Promise<void> {
    try {
      await this.#options.keeper.settle();
      const { durationMs } = await this.take("rewrite", true);
      this.#rewrites = { count: this.#rewrites.count + 1, lastMs: durationMs, hasFailed: false };
    } catch {
      this.#rewrites.hasFailed = true; // noted and logged in take
    } finally {
      this.#rewriteIsWanted = false;
    }
  }

  #runSchedule(): void {
    const { keeper, clock, settings } = this.#options;
    if (keeper.isBusy || this.#rewriteIsWanted) return;
    const { intervalMs, afterWrites, growthPercent, growthMinBytes, snapshotName, walName } = settings();
    const hasSnapshots = snapshotName !== undefined;
    const policy = {
      intervalMs: hasSnapshots ? intervalMs : 0,
      afterWrites: hasSnapshots ? afterWrites : 0,
      growthPercent: walName === undefined ? 0 : growthPercent,
      growthMinBytes,
    };
    const reason = dueReason(policy, {
      nowMs: clock.nowMs(),
      lastEndedAtMs: this.#last.endedAtMs,
      lastDurationMs: this.#last.durationMs,
      lastSizeBytes: this.#last.sizeBytes,
      writesSince: this.writesSince,
      logBytesSince: this.logBytesSince,
      failedAtMs: this.#failure?.atMs,
    });
    if (reason !== undefined) this.takeInBackground(reason);
  }
}
