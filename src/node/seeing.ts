// What lets people see inside a node, put together: metrics, the commands that show them, and the dashboard. A part of the
// node's life: started last, stopped first.
import { totalmem } from "node:os";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Part } from "../base/lifecycle.ts";
import type { Logger } from "../base/logger.ts";
import { placeOf } from "../commands/command-places.ts";
import type { InfoSections } from "../commands/info.ts";
import { registerLatencyCommand } from "../commands/latency-command.ts";
import { registerMemoryCommand } from "../commands/memory-command.ts";
import { type InfoRates, MetricsInfo } from "../commands/metrics-info.ts";
import { registerObjectCommand } from "../commands/object-command.ts";
import type { CommandRegistry } from "../commands/registry.ts";
import { registerSlowlogCommand } from "../commands/slowlog-command.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { Dashboard } from "../dashboard/dashboard.ts";
import type { DurabilityReading, Readiness, Readings } from "../metrics/readings.ts";
import { NativeMetrics, type NativeStore } from "../native.ts";
import type { AnsweredCommand } from "../server/dispatcher.ts";
import type { NodeServer } from "../server/node-server.ts";
import { MainThreadLag } from "./main-thread-lag.ts";
import { NodeMetrics } from "./node-metrics.ts";

export interface SeeingParts {
  readonly registry: CommandRegistry;
  readonly info: InfoSections;
  readonly config: LiveConfig;
  readonly store: NativeStore;
  readonly server: NodeServer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Whether somebody chose the dashboard's port. */
  readonly isDashboardPortGiven: boolean;
  durability(): DurabilityReading;
  readiness(): Readiness;
}

const rateEveryMs = 1000;
const hotKeyCandidates = 1000;

/** Their arguments may be passwords: the slow log shows the name alone. */
const secretArguments: ReadonlySet<string> = new Set(["auth", "hello", "config|set"]);

function redacted(words: readonly Uint8Array[]): Uint8Array[] {
  return [...words.slice(0, 1), Buffer.from("(redacted)")];
}

export class Seeing implements Part {
  readonly name = "dashboard";
  readonly source: NodeMetrics;
  readonly native: NativeMetrics;
  readonly #parts: SeeingParts;
  readonly #lag: MainThreadLag;
  readonly #info: MetricsInfo;
  #dashboard: Dashboard | undefined;
  #before: Readings | undefined;
  #rates: InfoRates = { commandsPerSecond: 0, bytesInPerSecond: 0, bytesOutPerSecond: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SeeingParts) {
    const { config, server } = parts;
    this.#parts = parts;
    this.#lag = new MainThreadLag(parts.clock);
    this.native = new NativeMetrics(server.native);
    this.source = new NodeMetrics({ ...parts, native: this.native, lag: this.#lag });
    this.#info = new MetricsInfo({
      source: this.source,
      rates: () => this.#rates,
      evictionPolicy: () => config.values.eviction,
      totalMemoryBytes: totalmem(),
    });
    this.#register();
    this.#follow();
  }

  /** Where the dashboard is; undefined when it is off. */
  get dashboardUrl(): string | undefined {
    return this.#dashboard?.url;
  }

  async start(): Promise<void> {
    this.#lag.start();
    this.#timer = setInterval(() => this.#tick(), rateEveryMs).unref();
    this.#dashboard = await this.#makeDashboard();
    await this.#dashboard?.start();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#lag.stop();
    await this.#dashboard?.stop();
  }

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.#info.reset();
  }

  /** Loads the dashboard's code only where there is one, so that a node without it starts sooner. */
  async #makeDashboard(): Promise<Dashboard | undefined> {
    const { config, logger, isDashboardPortGiven } = this.#parts;
    const { dashboardHost, dashboardPort, dashboardToken, metricsToken, dashboardOpen, dashboardAllowedHosts } =
      config.values;
    if (dashboardPort === undefined) return undefined;
    const options = {
      hostName: dashboardHost,
      port: dashboardPort,
      isPortGiven: isDashboardPortGiven,
      token: dashboardToken,
      metricsToken,
      isOpen: dashboardOpen,
      allowedHosts: dashboardAllowedHosts.split(/[\s,]+/).filter((name) => name !== ""),
      host: "auto",
    } as const;
    const { Dashboard } = await import("../dashboard/dashboard.ts");
    return new Dashboard(options, this.source, logger);
  }

  #register(): void {
    const { registry, info, server, clock, store } = this.#parts;
    this.#info.register(info);
    registerSlowlogCommand(registry, {
      rows: (limit) => this.source.slowLogRows(limit),
      length: () => this.native.slowLogLength(),
      reset: () => this.native.reset("slowlog"),
    });
    registerLatencyCommand(registry, this.native, this.source);
    registerMemoryCommand(registry, this.source, () => this.native.trimHeap());
    registerObjectCommand(registry, {
      clock,
      has: (key, database) => store.has(key, database),
      hotKeys: () => this.native.hotKeys(hotKeyCandidates).keys,
    });
    server.onAnswered = (answered) => this.#record(answered);
  }

  /** Counts a command that TypeScript answered as the data plane counts its own. */
  #record({ name, words, connection, durationMs, errorText }: AnsweredCommand): void {
    const place = placeOf(name) ?? placeOf(name.split("|")[0] ?? "");
    if (place === undefined) return;
    this.native.recordCall(place, durationMs, errorText);
    this.native.recordSpike("command", durationMs);
    this.native.recordSlow(durationMs, connection, secretArguments.has(name) ? redacted(words) : words);
  }

  #follow(): void {
    const { config } = this.#parts;
    const configure = ({ slowlogThreshold, slowlogLength, latencyThreshold }: typeof config.values) =>
      this.native.configure(slowlogThreshold, slowlogLength, latencyThreshold);
    configure(config.values);
    config.onChange(["slowlogThreshold", "slowlogLength", "latencyThreshold"], configure);
  }

  /** What LATENCY tells besides slow commands. */
  #noteSpikes(before: Readings, now: Readings): void {
    if (now.durability.walFsyncs > before.durability.walFsyncs) {
      this.native.recordSpike("fsync", now.durability.walLastFsyncSeconds * 1000);
    }
    this.native.recordSpike("main-thread", this.#lag.worstMs);
  }

  /** A node that is just ending can no longer be read. */
  #tick(): void {
    try {
      this.#measureRates();
    } catch (error) {
      this.#parts.logger.debug(`no rates: ${messageOf(error)}`);
    }
  }

  #measureRates(): void {
    const now = this.source.read();
    const before = this.#before;
    this.#before = now;
    if (before === undefined) return;
    this.#noteSpikes(before, now);
    const seconds = Math.max(0.001, (now.takenAtMs - before.takenAtMs) / 1000);
    const rate = (count: (readings: Readings) => number) => Math.max(0, count(now) - count(before)) / seconds;
    this.#rates = {
      commandsPerSecond: rate(({ commands }) => commands.reduce((sum, { calls }) => sum + calls, 0)),
      bytesInPerSecond: rate(({ traffic }) => traffic.bytesIn),
      bytesOutPerSecond: rate(({ traffic }) => traffic.bytesOut),
    };
  }
}
