// The composition root: builds the parts of a node, starts them in order and stops them in the reverse order. Nothing else
// knows all of them.
import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "./base/clock.ts";
import { DistCacheError, messageOf } from "./base/errors.ts";
import { detach, Lifecycle, type Part } from "./base/lifecycle.ts";
import { type Logger, silentLogger } from "./base/logger.ts";
import { version } from "./base/version.ts";
import { Cache } from "./cache.ts";
import { registerCommandCommand } from "./commands/command-command.ts";
import { type DerivedSetting, registerConfigCommand } from "./commands/config-command.ts";
import { InfoSections, registerInfo } from "./commands/info.ts";
import { CommandRegistry } from "./commands/registry.ts";
import { registerTimeCommand } from "./commands/time-command.ts";
import { LiveConfig } from "./config/live-config.ts";
import { type ConfigSources, givenSettings, loadConfig } from "./config/load.ts";
import type { Config, ConfigOptions, SettingKey } from "./config/schema.ts";
import { NodeDurability } from "./durability/node-durability.ts";
import { NativeStore } from "./native.ts";
import { durabilityReading } from "./node/durability-reading.ts";
import { type Phase, readinessOf } from "./node/readiness.ts";
import { Seeing } from "./node/seeing.ts";
import { registerServerInfo } from "./server/info-sections.ts";
import { type Addresses, NodeServer } from "./server/node-server.ts";
import { registerShutdown, type ShutdownRequest } from "./server/shutdown-command.ts";

/** Settings of a node (environment and flags do not count), and what it shall use in place of the usual parts. */
export interface NodeOptions extends ConfigOptions {
  logger?: Logger;
  clock?: Clock;
}

const stopTimeoutMs = 30_000;

/**
 * A node in this process. Settings come from the options alone, with the defaults of docs/configuration.md; but without `dataDir`
 * nothing is kept on disk.
 */
export function createNode(options: NodeOptions = {}): Node {
  const { logger = silentLogger(), clock = systemClock, ...settings } = options;
  // A program that embeds a node gets a dashboard when it says on which port: one that opens by itself is no surprise for a
  // server, but for a program it is.
  return nodeFrom(
    { options: { dataDir: "", ...settings, dashboardPort: settings.dashboardPort ?? "" } },
    logger,
    clock,
  );
}

/** A node whose settings come from anywhere: what `distcache serve` runs. */
export function nodeFrom(sources: ConfigSources, logger: Logger, clock: Clock = systemClock): Node {
  return new Node(loadConfig(sources), logger, clock, givenSettings(sources));
}

export class Node {
  readonly cache: Cache;
  readonly #config: LiveConfig;
  readonly #logger: Logger;
  readonly #server: NodeServer;
  readonly #durability: NodeDurability;
  readonly #seeing: Seeing;
  readonly #lifecycle: Lifecycle;
  readonly #parts: readonly Part[];
  readonly #stopped: Promise<void>;
  #resolveStopped: () => void = () => {};
  #isStarted = false;
  #phase: Phase = "starting";

  constructor(values: Config, logger: Logger, clock: Clock, given: ReadonlySet<SettingKey>) {
    this.#logger = logger;
    this.#config = new LiveConfig(values);
    const store = makeStore(values);
    const registry = new CommandRegistry();
    const info = new InfoSections();
    const config = this.#config;
    this.#server = new NodeServer({ store, config, registry, clock, logger });
    const { native } = this.#server;
    this.#durability = new NodeDurability({ config, store, server: native, registry, info, clock, logger });
    this.cache = Cache.over(store, 0, true, { durable: () => this.#durability.durable() });
    this.#seeing = new Seeing({
      registry,
      info,
      config,
      store,
      server: this.#server,
      clock,
      logger,
      version,
      isDashboardPortGiven: given.has("dashboardPort"),
      durability: () => durabilityReading(this.#durability.durability),
      readiness: () => readinessOf(this.#phase, this.#durability.durability?.status()),
    });
    // The dashboard is there first, to show the loading, and goes first: it reads the server.
    const endOfSeeing = { name: "dashboard", start: () => {}, stop: () => this.#seeing.stop() };
    this.#parts = [this.#seeing, this.#durability, this.#server, endOfSeeing];
    this.#lifecycle = new Lifecycle({
      stopTimeoutMs,
      onStopFailure: (part, error) => logger.error({ part, err: error }, "a part did not stop"),
    });
    this.#stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#register(registry, info, clock);
    followBounds(config, store, logger);
  }

  /** The commands and INFO sections that are nobody else's. */
  #register(registry: CommandRegistry, info: InfoSections, clock: Clock): void {
    const config = this.#config;
    registerInfo(registry, info);
    registerTimeCommand(registry, clock);
    registerCommandCommand(registry);
    registerConfigCommand(registry, {
      config,
      derived: derivedSettings,
      resetStatistics: () => this.#seeing.resetStatistics(),
    });
    registerShutdown(registry, (request) => this.#shutDown(request));
    registerServerInfo({
      info,
      config,
      server: this.#server,
      clock,
      version,
      runId: randomBytes(20).toString("hex"),
    });
  }

  /** Starts every part; serves when it resolves. A second start is refused. */
  async start(): Promise<this> {
    if (this.#isStarted) throw new DistCacheError("CLOSED", "a node starts once; make another one");
    this.#isStarted = true;
    await this.#lifecycle.start(this.#parts);
    if (this.#phase === "starting") this.#phase = "serving";
    return this;
  }

  /** Stops every part; every call waits for the same stop. */
  async stop(): Promise<void> {
    this.#phase = "stopping";
    await this.#lifecycle.stop();
    this.#resolveStopped();
  }

  /** Resolves when the node has stopped, whoever asked for it. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** Where it listens; the TCP port is the real one when 0 was asked for. */
  get addresses(): Addresses {
    return this.#server.addresses;
  }

  /** The TCP port. */
  get port(): number {
    const { port } = this.addresses;
    if (port === undefined) throw new DistCacheError("NOT_FOUND", "the node listens on no TCP port");
    return port;
  }

  /** Where the dashboard is; undefined when it is off. */
  get dashboardUrl(): string | undefined {
    return this.#seeing.dashboardUrl;
  }

  get host(): string {
    return this.addresses.host;
  }

  get config(): Readonly<Config> {
    return this.#config.values;
  }

  #shutDown({ save }: ShutdownRequest): void {
    this.#logger.info("a client asked for shutdown");
    if (save === "never") this.#durability.skipLastSave();
    detach(this.stop(), (message) => this.#logger.error(`stopping failed: ${message}`));
  }
}

/** Settings that Redis has and tools ask for. */
const derivedSettings: readonly DerivedSetting[] = [
  { name: "save", read: ({ snapshotFile, snapshotIntervalS }) => describeSave(snapshotFile, snapshotIntervalS) },
  {
    name: "appendonly",
    read: ({ dataDir, walFile }) => (dataDir !== undefined && walFile !== undefined ? "yes" : "no"),
  },
];

/** In Redis's words: seconds, and the writes that must have happened in them. */
function describeSave(snapshotFile: string | undefined, intervalS: number): string {
  return snapshotFile !== undefined && intervalS > 0 ? `${intervalS} 1` : "";
}

function makeStore({ databases, cacheSize, maxMemory, eviction }: Config): NativeStore {
  try {
    return NativeStore.create({ databases, shards: 0, maxEntries: cacheSize, maxMemoryBytes: maxMemory, eviction });
  } catch (error) {
    if (maxMemory === 0) throw error;
    throw new DistCacheError("INVALID_CONFIG", `MAX_MEMORY: ${maxMemory} is not allowed: ${messageOf(error)}`);
  }
}

function followBounds(config: LiveConfig, store: NativeStore, logger: Logger): void {
  config.onChange(["cacheSize", "maxMemory", "eviction"], ({ cacheSize, maxMemory, eviction }) =>
    store.setBounds(cacheSize, maxMemory, eviction),
  );
  config.onChange(["logLevel"], ({ logLevel }) => {
    logger.level = logLevel;
  });
}
