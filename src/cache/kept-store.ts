// A private store that keeps its data: what `Cache.open` makes. The directory is one cache's alone.
import { systemClock } from "../base/clock.ts";
import { systemFiles } from "../base/file-operations.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { loadConfig } from "../config/load.ts";
import type { Config, ConfigOptions } from "../config/schema.ts";
import { lockDirectory } from "../durability/data-directory.ts";
import { Durability } from "../durability/durability.ts";
import { NativeEngine, recoverUnbounded, type StoreBounds } from "../durability/native-engine.ts";
import { durabilityOf } from "../durability/settings-of.ts";
import { lockFile, type NativeStore } from "../native.ts";

const keptSettings = [
  "walFile",
  "snapshotFile",
  "walFormat",
  "walFsync",
  "walSegmentBytes",
  "walBufferBytes",
  "walGrowthPercent",
  "walGrowthMinBytes",
  "snapshotIntervalS",
  "snapshotAfterWrites",
  "stopWritesOnSnapshotError",
] as const;

/** The settings of docs/configuration.md that say how data is kept, by their names in a program. */
export type KeepingOptions = { [K in (typeof keptSettings)[number]]?: Config[K] | "" | undefined } & {
  /** The directory of this cache's files; made when it is not there. */
  dataDir: string;
  logger?: Logger;
};

export interface KeptStore {
  /** Resolves when everything written before the call is on stable storage. */
  durable(): Promise<void>;
  /** Takes a snapshot; resolves when it is durable. */
  save(): Promise<void>;
  /** Writes everything out and lets another process have the directory. */
  close(): Promise<void>;
}

/** Recovers what the directory holds into the empty store, and keeps it from then on. */
export async function keepStore(store: NativeStore, bounds: StoreBounds, options: KeepingOptions): Promise<KeptStore> {
  const { dataDir, logger = silentLogger() } = options;
  const given: ConfigOptions = {};
  for (const key of keptSettings) Object.assign(given, { [key]: options[key] });
  const settings = durabilityOf(loadConfig({ options: given }));
  await systemFiles.makeDirectory(dataDir);
  const release = lockDirectory(lockFile, dataDir);
  const durability = new Durability({
    directory: dataDir,
    settings,
    engine: new NativeEngine(store, undefined, systemClock),
    dataPlane: {
      refuseWrites: (reason) => store.refuseWrites(reason !== undefined),
      setDurableSequence: () => {},
      failRepliesAbove: () => {},
    },
    logger,
  });
  try {
    await recoverUnbounded(store, bounds, () => durability.start());
  } catch (error) {
    release();
    throw error;
  }
  return {
    durable: () => durability.durable(),
    save: async () => {
      await durability.save();
    },
    close: async () => {
      try {
        await durability.stop();
      } finally {
        release();
      }
    },
  };
}
