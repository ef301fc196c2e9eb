// Takes a reading every second, turns counters into rates and keeps the last fifteen minutes, whether or not somebody looks.
import { latencySince, secondsAt } from "../metrics/latency.ts";
import type { CommandFamily, LatencyCounts, MetricsSource, Readings } from "../metrics/readings.ts";
import type { HistoryJson, LiveState, SeriesField, SeriesRow } from "./api-types.ts";

export const historyRows = 900;

/** A reading with the latency histogram that belongs to it, and what was counted since the one before. */
interface Moment {
  readonly readings: Readings;
  readonly latency: LatencyCounts | undefined;
}

interface Interval {
  readonly now: Readings;
  /** Latency of what ran in the interval. */
  readonly latency: LatencyCounts | undefined;
  /** A counter's growth a second. */
  rate(count: (readings: Readings) => number, digits?: number): number;
}

const callsOf = (family: CommandFamily) => (readings: Readings) =>
  readings.commands.reduce((sum, command) => (command.family === family ? sum + command.calls : sum), 0);

const percentile = (fraction: number) => (interval: Interval) => {
  const seconds = interval.latency === undefined ? 0 : secondsAt(interval.latency, fraction);
  return seconds === 0 ? null : Number(seconds.toPrecision(4));
};

/** Every series and how it is read, in the order of a row. */
const series: Readonly<Record<SeriesField, (interval: Interval) => number | null>> = {
  at: ({ now }) => now.takenAtMs / 1000,
  read: ({ rate }) => rate(callsOf("read")),
  write: ({ rate }) => rate(callsOf("write")),
  keys: ({ rate }) => rate(callsOf("keys")),
  transactions: ({ rate }) => rate(callsOf("transactions")),
  server: ({ rate }) => rate(callsOf("server")),
  p50: percentile(0.5),
  p99: percentile(0.99),
  p999: percentile(0.999),
  hits: ({ rate }) => rate(({ store }) => store.hits),
  misses: ({ rate }) => rate(({ store }) => store.misses),
  usedBytes: ({ now }) => now.store.usedBytes,
  rssBytes: ({ now }) => now.rssBytes,
  entries: ({ now }) => now.store.entries,
  evicted: ({ rate }) => rate(({ store }) => store.evicted),
  expired: ({ rate }) => rate(({ store }) => store.expired),
  connections: ({ now }) => now.connections,
  bytesIn: ({ rate }) => rate(({ traffic }) => traffic.bytesIn),
  bytesOut: ({ rate }) => rate(({ traffic }) => traffic.bytesOut),
  errors: ({ rate }) => rate(({ errors }) => Object.values(errors).reduce((sum, count) => sum + count, 0)),
  cpu: ({ rate }) => rate(({ cpuUserSeconds, cpuSystemSeconds }) => cpuUserSeconds + cpuSystemSeconds, 3),
  walLag: ({ now }) => rounded(now.durability.walPendingSeconds, 6),
  walPendingBytes: ({ now }) => now.durability.walPendingBytes,
  fsync: ({ now }) => rounded(now.durability.walLastFsyncSeconds, 6),
  mainThreadLag: ({ now }) => rounded(now.mainThreadLagSeconds, 6),
};

export const seriesFields = Object.keys(series) as readonly SeriesField[];

export class Sampler {
  readonly #source: MetricsSource;
  readonly #rows: SeriesRow[] = [];
  #before: Moment | undefined;
  #state: LiveState | undefined;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  /** Reads, remembers and answers the newest row; undefined for the first reading, which has nothing to compare with. */
  sample(): { row: SeriesRow; state: LiveState } | undefined {
    const now: Moment = { readings: this.#source.read(), latency: this.#source.latency() };
    const before = this.#before;
    const state = stateOf(now.readings, this.#source);
    this.#before = now;
    this.#state = state;
    if (before === undefined) return undefined;
    const interval = intervalBetween(before, now);
    const row = seriesFields.map((field) => series[field](interval));
    this.#rows.push(row);
    if (this.#rows.length > historyRows) this.#rows.shift();
    return { row, state };
  }

  history(): HistoryJson {
    return { fields: seriesFields, rows: this.#rows, state: this.#state ?? null };
  }
}

function intervalBetween(before: Moment, { readings: now, latency }: Moment): Interval {
  const seconds = Math.max(0.001, (now.takenAtMs - before.readings.takenAtMs) / 1000);
  return {
    now,
    latency: latency === undefined ? undefined : latencySince(before.latency, latency),
    rate: (count, digits = 1) => rounded(Math.max(0, count(now) - count(before.readings)) / seconds, digits),
  };
}

function stateOf(readings: Readings, source: MetricsSource): LiveState {
  const { version, nodeId, startedAtMs, ioThreads, entriesLimit, memoryLimitBytes, connectionsLimit } = readings;
  const limits = { entriesLimit, memoryLimitBytes, connectionsLimit };
  const { durability } = readings;
  return { version, nodeId, startedAtMs, ioThreads, ...limits, durability, readiness: source.readiness() };
}

function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
