// What the dashboard's API and WebSocket answer, as types for whoever reads them; the page uses them too. No code that runs.
import type { ClientRow, ConfigRow, DurabilityReading, Readiness, SlowCommand } from "../metrics/readings.ts";

export type {
  BigCallRow,
  BigCallsReport,
  ClientRow,
  ConfigRow,
  DurabilityReading,
  HotKeyRow,
  HotKeysReport,
  KeyReport,
  Readiness,
  SlotRow,
  SlowCommand,
} from "../metrics/readings.ts";
export type { MetricJson, StatsJson } from "../metrics/stats-json.ts";

/**
 * One second of the node, as numbers in this order. `at` is Unix time in seconds; the families' commands, hits, misses,
 * evicted, expired, errors and bytes are per second; latencies, lags and fsync are seconds, null when nothing was
 * measured; cpu is cores.
 */
export type SeriesField =
  | "at"
  | "read"
  | "write"
  | "keys"
  | "transactions"
  | "server"
  | "p50"
  | "p99"
  | "p999"
  | "hits"
  | "misses"
  | "usedBytes"
  | "rssBytes"
  | "entries"
  | "evicted"
  | "expired"
  | "connections"
  | "bytesIn"
  | "bytesOut"
  | "errors"
  | "cpu"
  | "walLag"
  | "walPendingBytes"
  | "fsync"
  | "mainThreadLag";

export type SeriesRow = readonly (number | null)[];

/** What holds now and is not a series. */
export interface LiveState {
  readonly version: string;
  readonly nodeId: string;
  readonly startedAtMs: number;
  readonly ioThreads: number;
  readonly entriesLimit: number;
  readonly memoryLimitBytes: number;
  readonly connectionsLimit: number;
  readonly durability: DurabilityReading;
  readonly readiness: Readiness;
}

/** GET /api/history: the last fifteen minutes, oldest first. */
export interface HistoryJson {
  readonly fields: readonly SeriesField[];
  readonly rows: readonly SeriesRow[];
  readonly state: LiveState | null;
}

/** A message of the WebSocket at /live: once a second. */
export interface LiveMessage {
  readonly row: SeriesRow;
  readonly state: LiveState;
}

/** GET /api/slowlog. */
export interface SlowLogJson {
  readonly commands: readonly SlowCommand[];
}

/** GET /api/clients. */
export interface ClientsJson {
  readonly clients: readonly ClientRow[];
}

/** GET /api/config. */
export interface ConfigJson {
  readonly settings: readonly ConfigRow[];
}

/** Any answer that is none. */
export interface ErrorJson {
  readonly error: string;
}
