// The settings of the one table, in durability's own words.
import type { Config } from "../config/schema.ts";
import type { DurabilitySettings } from "./durability-settings.ts";

export function durabilityOf(values: Readonly<Config>): DurabilitySettings {
  return {
    walName: values.walFile,
    snapshotName: values.snapshotFile,
    format: values.walFormat,
    fsync: values.walFsync,
    segmentBytes: values.walSegmentBytes,
    bufferBytes: values.walBufferBytes,
    intervalMs: values.snapshotIntervalS * 1000,
    afterWrites: values.snapshotAfterWrites,
    growthPercent: values.walGrowthPercent,
    growthMinBytes: values.walGrowthMinBytes,
    stopsWritesOnSnapshotError: values.stopWritesOnSnapshotError,
  };
}
