// Durability as a part of a node: opens the data directory, recovers the store before anything is served, and follows the
// configuration. A node that keeps nothing on disk has the part too; then it only gives the node a name.
import type { Clock } from "../base/clock.ts";
import { DistCacheError } from "../base/errors.ts";
import { systemFiles } from "../base/file-operations.ts";
import type { Part } from "../base/lifecycle.ts";
import type { Logger } from "../base/logger.ts";
import type { InfoSections } from "../commands/info.ts";
import type { CommandRegistry } from "../commands/registry.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { Config } from "../config/schema.ts";
import { lockFile, type NativeServer, type NativeStore } from "../native.ts";
import { type DataDirectory, makeNodeId, openDataDirectory } from "./data-directory.ts";
import { type DataPlane, Durability } from "./durability.ts";
import { registerDurabilityCommands } from "./durability-commands.ts";
import { LoadingProgress } from "./loading-progress.ts";
import { NativeEngine, recoverUnbounded, type StoreBounds } from "./native-engine.ts";
import { persistenceFields } from "./persistence-info.ts";
import { durabilityOf } from "./settings-of.ts";

export interface NodeDurabilityParts {
  config: LiveConfig;
  store: NativeStore;
  server: NativeServer;
  registry: CommandRegistry;
  info: InfoSections;
  clock: Clock;
  logger: Logger;
}

export class NodeDurability implements Part {
  readonly name = "durability";
  readonly #parts: NodeDurabilityParts;
  readonly #startedAtMs: number;
  #directory: DataDirectory | undefined;
  #durability: Durability | undefined;
  #savesAtStop = true;

  constructor(parts: NodeDurabilityParts) {
    this.#parts = parts;
    const { registry, info, clock, config } = parts;
    this.#startedAtMs = clock.nowMs();
    const durability = (): Durability | undefined => this.#durability;
    registerDurabilityCommands({ registry, durability, startedAtMs: this.#startedAtMs });
    info.add("Persistence", () => persistenceFields(this.#durability, this.#startedAtMs, clock.nowMs()));
    config.onChange(mutableSettings, (values) => this.#durability?.configure(durabilityOf(values)));
  }

  /** What keeps the data; undefined before start, and when nothing is kept. */
  get durability(): Durability | undefined {
    return this.#durability;
  }

  async start(): Promise<void> {
    const { config, store, server, clock, logger } = this.#parts;
    const { dataDir, nodeId, walFile, snapshotFile } = config.values;
    if (dataDir === undefined || (walFile === undefined && snapshotFile === undefined)) {
      if (nodeId === undefined) config.change({ nodeId: makeNodeId() });
      return;
    }
    this.#directory = await openDataDirectory(systemFiles, lockFile, dataDir, nodeId);
    config.change({ nodeId: this.#directory.nodeId });
    const engine = new NativeEngine(store, server, clock);
    const progress = new LoadingProgress({ clock, logger });
    this.#durability = new Durability({
      directory: this.#directory.path,
      settings: durabilityOf(config.values),
      engine,
      dataPlane: dataPlaneOf(store, server),
      logger,
      clock,
      onLoading: (doneBytes, totalBytes) => progress.note(doneBytes, totalBytes),
    });
    try {
      await recoverUnbounded(store, boundsOf(config.values), async () => this.#durability?.start());
    } finally {
      progress.end();
    }
  }

  /** Resolves when everything written before the call is on stable storage. */
  async durable(): Promise<void> {
    if (this.#durability !== undefined) return this.#durability.durable();
    throw new DistCacheError("INVALID_ARGUMENT", "this node keeps nothing on disk: give it a DATA_DIR and a WAL_FILE");
  }

  /** SHUTDOWN NOSAVE: a node that keeps snapshots alone takes no last one. */
  skipLastSave(): void {
    this.#savesAtStop = false;
  }

  async stop(): Promise<void> {
    try {
      await this.#durability?.stop({ saves: this.#savesAtStop });
    } finally {
      this.#directory?.release();
    }
  }
}

const mutableSettings = [
  "walFsync",
  "walSegmentBytes",
  "walGrowthPercent",
  "walGrowthMinBytes",
  "snapshotIntervalS",
  "snapshotAfterWrites",
  "stopWritesOnSnapshotError",
] as const;

function boundsOf({ cacheSize, maxMemory, eviction }: Readonly<Config>): StoreBounds {
  return { maxEntries: cacheSize, maxMemoryBytes: maxMemory, eviction };
}

function dataPlaneOf(store: NativeStore, server: NativeServer): DataPlane {
  return {
    refuseWrites: (reason) => {
      store.refuseWrites(reason !== undefined);
      server.setState({ refusesWrites: reason !== undefined });
      if (reason === undefined) server.wakeAll();
    },
    setDurableSequence: (sequence) => server.setDurableSequence(sequence),
    failRepliesAbove: (sequence) => server.failRepliesAbove(sequence ?? Number.POSITIVE_INFINITY),
  };
}
