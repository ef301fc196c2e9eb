// What durability says about itself: the source of INFO persistence, metrics and health.
import type { LogWriterStatus } from "../wal/log-writer.ts";
import type { WalFormat } from "./engine.ts";
import type { RecoveryResult } from "./recovery.ts";

export interface LoadingStatus {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly startedAtMs: number;
}

export interface LogStatus extends LogWriterStatus {
  readonly format: WalFormat;
  /** Bytes of the log since the last snapshot: what a start would have to read. */
  readonly sizeBytes: number;
  readonly lastSequence: number;
  /** Files of the log. */
  readonly segments: number;
  /** How long the oldest record has waited that is not with the kernel; 0: none waits. */
  readonly pendingForMs: number;
  /** BGREWRITEAOF: a snapshot that is to make the log shorter. */
  readonly isRewriting: boolean;
  readonly isRewriteScheduled: boolean;
  readonly rewrites: number;
  /** Below zero before the first. */
  readonly lastRewriteMs: number;
  readonly lastRewriteFailed: boolean;
  /** How often writing the log failed. */
  readonly failures: number;
  readonly lastError: string | undefined;
}

export interface SnapshotStatus {
  readonly isWriting: boolean;
  readonly writingForMs: number | undefined;
  readonly writesSince: number;
  /** When the last one ended well; the start of the node before the first. */
  readonly lastEndedAtMs: number;
  readonly lastDurationMs: number;
  readonly lastSizeBytes: number;
  /** Since the node started. */
  readonly taken: number;
  readonly disposedFiles: number;
  readonly failures: number;
  readonly lastError: string | undefined;
}

export interface DurabilityStatus {
  readonly isHealthy: boolean;
  readonly reasons: readonly string[];
  readonly refusesWrites: boolean;
  readonly loading: LoadingStatus | undefined;
  readonly recovery: RecoveryResult | undefined;
  readonly log: LogStatus | undefined;
  readonly snapshot: SnapshotStatus | undefined;
}
