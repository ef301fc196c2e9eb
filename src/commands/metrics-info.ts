// The sections of INFO that are numbers: from the catalogue of metrics where a row names its field, with the fields that tools of
// Redis read besides. CONFIG RESETSTAT begins the counters of INFO anew; those of /metrics never go back.
import { metrics } from "../metrics/catalogue.ts";
import { latencySince, secondsAt } from "../metrics/latency.ts";
import { isPlain, type PlainMetric } from "../metrics/metric.ts";
import type { CommandReading, LatencyCounts, MetricsSource, Readings } from "../metrics/readings.ts";
import type { InfoField, InfoSections } from "./info.ts";

export interface InfoRates {
  readonly commandsPerSecond: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
}

export interface MetricsInfoParts {
  readonly source: MetricsSource;
  /** Of the last second. */
  rates(): InfoRates;
  evictionPolicy(): string;
  readonly totalMemoryBytes: number;
}

/** Counters that Redis does not reset either. */
const lasting = new Set(["cpu", "server"]);

export class MetricsInfo {
  readonly #parts: MetricsInfoParts;
  #baseline: Readings | undefined;
  readonly #baselineLatency = new Map<string, LatencyCounts>();

  constructor(parts: MetricsInfoParts) {
    this.#parts = parts;
  }

  register(info: InfoSections): void {
    info.add("Clients", () => [...this.#fields("clients"), ["cluster_connections", 0], ["blocked_clients", 0]]);
    info.add("Memory", () => this.#memory());
    info.add("Stats", () => this.#stats());
    info.add("CPU", () => this.#fields("cpu"));
    info.add("Commandstats", () => this.#commands().map(commandLine), false);
    info.add("Errorstats", () =>
      Object.entries(this.#errors()).map(([kind, count]) => [`errorstat_${kind}`, `count=${count}`]),
    );
    info.add("Latencystats", () => this.#commands().flatMap(({ name }) => this.#latencyLine(name)), false);
    info.add("Keyspace", () =>
      this.#parts.source
        .read()
        .databases.map(({ database, keys, expires }) => [`db${database}`, `keys=${keys},expires=${expires},avg_ttl=0`]),
    );
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    const { source } = this.#parts;
    this.#baseline = source.read();
    this.#baselineLatency.clear();
    for (const { name, calls } of this.#baseline.commands) {
      const latency = calls > 0 ? source.latency(name) : undefined;
      if (latency !== undefined) this.#baselineLatency.set(name, latency);
    }
  }

  /** The fields that the catalogue has for a section. */
  #fields(section: string, readings = this.#parts.source.read()): InfoField[] {
    return metrics.flatMap((metric) => {
      if (!isPlain(metric) || metric.info?.section !== section) return [];
      const { field, print = wholeNumber } = metric.info;
      return [[field, print(this.#sinceReset(metric, readings, section))] as const];
    });
  }

  #sinceReset(metric: PlainMetric, readings: Readings, section: string): number {
    const value = metric.read(readings);
    if (metric.kind !== "counter" || this.#baseline === undefined || lasting.has(section)) return value;
    return Math.max(0, value - metric.read(this.#baseline));
  }

  #memory(): InfoField[] {
    const readings = this.#parts.source.read();
    const { store, rssBytes, memoryLimitBytes } = readings;
    const { totalMemoryBytes } = this.#parts;
    const dataBytes = store.keyBytes + store.valueBytes;
    return [
      ...this.#fields("memory", readings),
      ["used_memory_human", human(store.usedBytes)],
      ["used_memory_rss_human", human(rssBytes)],
      ["used_memory_peak_human", human(store.peakUsedBytes)],
      ["used_memory_peak_perc", percent(store.usedBytes, store.peakUsedBytes)],
      ["used_memory_overhead", Math.max(0, store.usedBytes - dataBytes)],
      ["used_memory_dataset_perc", percent(dataBytes, store.usedBytes)],
      ["total_system_memory", totalMemoryBytes],
      ["total_system_memory_human", human(totalMemoryBytes)],
      ["maxmemory_human", human(memoryLimitBytes)],
      ["maxmemory_policy", this.#parts.evictionPolicy()],
      ["mem_fragmentation_ratio", (store.usedBytes === 0 ? 0 : rssBytes / store.usedBytes).toFixed(2)],
      ["mem_fragmentation_bytes", rssBytes - store.usedBytes],
    ];
  }

  #stats(): InfoField[] {
    const { commandsPerSecond, bytesInPerSecond, bytesOutPerSecond } = this.#parts.rates();
    const errors = Object.values(this.#errors()).reduce((sum, count) => sum + count, 0);
    return [
      ...this.#fields("stats"),
      ["instantaneous_ops_per_sec", Math.round(commandsPerSecond)],
      ["instantaneous_input_kbps", (bytesInPerSecond / 1024).toFixed(2)],
      ["instantaneous_output_kbps", (bytesOutPerSecond / 1024).toFixed(2)],
      ["total_error_replies", errors],
      ["pubsub_channels", 0],
      ["pubsub_patterns", 0],
      ["latest_fork_usec", 0],
      ["total_forks", 0],
      ["sync_full", 0],
      ["sync_partial_ok", 0],
      ["sync_partial_err", 0],
    ];
  }

  /** Commands that were called or refused since the reset. */
  #commands(): CommandReading[] {
    const before = new Map(this.#baseline?.commands.map((command) => [command.name, command]));
    return this.#parts.source
      .read()
      .commands.map((command) => minus(command, before.get(command.name)))
      .filter(({ calls, rejected }) => calls + rejected > 0);
  }

  #errors(): Record<string, number> {
    const { errors } = this.#parts.source.read();
    const before = this.#baseline?.errors ?? {};
    const counts = Object.entries(errors).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  #latencyLine(name: string): InfoField[] {
    const now = this.#parts.source.latency(name);
    if (now === undefined) return [];
    const latency = latencySince(this.#baselineLatency.get(name), now);
    const at = (fraction: number) => (secondsAt(latency, fraction) * 1e6).toFixed(3);
    return [[`latency_percentiles_usec_${name}`, `p50=${at(0.5)},p99=${at(0.99)},p99.9=${at(0.999)}`]];
  }
}

function minus(command: CommandReading, before: CommandReading | undefined): CommandReading {
  if (before === undefined) return command;
  return {
    ...command,
    calls: command.calls - before.calls,
    failed: command.failed - before.failed,
    rejected: command.rejected - before.rejected,
    durationSeconds: command.durationSeconds - before.durationSeconds,
  };
}

function commandLine({ name, calls, failed, rejected, durationSeconds }: CommandReading): InfoField {
  const usec = Math.round(durationSeconds * 1e6);
  const perCall = (calls === 0 ? 0 : (durationSeconds * 1e6) / calls).toFixed(2);
  const counts = `calls=${calls},usec=${usec},usec_per_call=${perCall}`;
  return [`cmdstat_${name}`, `${counts},rejected_calls=${rejected},failed_calls=${failed}`];
}

const wholeNumber = (value: number): string => String(Math.round(value));

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(2)}%`;
}

/** As Redis writes sizes for people: 917.17K. */
function human(bytes: number): string {
  const units = ["B", "K", "M", "G", "T"];
  let size = bytes;
  let place = 0;
  while (size >= 1024 && place < units.length - 1) {
    size /= 1024;
    place += 1;
  }
  return place === 0 ? `${size}B` : `${size.toFixed(2)}${units[place]}`;
}
