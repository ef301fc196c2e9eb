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
  readonly isRewriting: boolean;
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
