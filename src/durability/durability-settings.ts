// What durability is told: the values of its settings, in its own words.
import type { FsyncPolicy } from "../wal/log-source.ts";
import type { WalFormat } from "./engine.ts";

export interface DurabilitySettings {
  /** Base name of the segments; undefined: no log. */
  readonly walName: string | undefined;
  /** Base name of the snapshots; undefined: none but what the log needs to stay short. */
  readonly snapshotName: string | undefined;
  readonly format: WalFormat;
  readonly fsync: FsyncPolicy;
  readonly segmentBytes: number;
  readonly bufferBytes: number;
  /** 0 = never for time. */
  readonly intervalMs: number;
  /** 0 = never for writes. */
  readonly afterWrites: number;
  /** A snapshot is taken when the log grew by this part of the last one, and by this many bytes; 0 % = never for that. */
  readonly growthPercent: number;
  readonly growthMinBytes: number;
  readonly stopsWritesOnSnapshotError: boolean;
}
