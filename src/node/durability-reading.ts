// What durability says about itself, in the words of the metrics.
import type { DurabilityReading } from "../metrics/readings.ts";

/** A node that keeps nothing on disk. */
export const memoryOnly: DurabilityReading = {
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
