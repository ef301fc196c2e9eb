// What durability says about itself, in the words of the metrics.
import type { Durability } from "../durability/durability.ts";
import type { DurabilityReading } from "../metrics/readings.ts";

/** A node that keeps nothing on disk. */
const memoryOnly: DurabilityReading = {
  isHealthy: true,
  problem: "",
  isWalOn: false,
  fsyncPolicy: "",
  walPendingBytes: 0,
  walPendingSeconds: 0,
  walBytes: 0,
  walSegments: 0,
  walFsyncs: 0,
  walLastFsyncSeconds: 0,
  walFailures: 0,
  isSnapshotOn: false,
  isSnapshotRunning: false,
  lastSnapshotAtMs: 0,
  lastSnapshotSeconds: 0,
  lastSnapshotBytes: 0,
  snapshotFailures: 0,
  changesSinceSnapshot: 0,
};

/** `durability` is undefined while nothing is kept. */
export function durabilityReading(durability: Durability | undefined): DurabilityReading {
  if (durability === undefined) return memoryOnly;
  const { isHealthy, reasons, log, snapshot } = durability.status();
  return {
    isHealthy,
    problem: reasons.join("; "),
    isWalOn: log !== undefined,
    fsyncPolicy: log?.policy ?? "",
    walPendingBytes: log?.pendingBytes ?? 0,
    walPendingSeconds: (log?.pendingForMs ?? 0) / 1000,
    walBytes: log?.sizeBytes ?? 0,
    walSegments: log?.segments ?? 0,
    walFsyncs: log?.syncs ?? 0,
    walLastFsyncSeconds: (log?.lastSyncMs ?? 0) / 1000,
    walFailures: log?.failures ?? 0,
    isSnapshotOn: snapshot !== undefined,
    isSnapshotRunning: snapshot?.isWriting ?? false,
    lastSnapshotAtMs: snapshot?.lastEndedAtMs ?? 0,
    lastSnapshotSeconds: (snapshot?.lastDurationMs ?? 0) / 1000,
    lastSnapshotBytes: snapshot?.lastSizeBytes ?? 0,
    snapshotFailures: snapshot?.failures ?? 0,
    changesSinceSnapshot: snapshot?.writesSince ?? 0,
  };
}
