// What a node can be asked about itself: one reading of everything that is counted, and the lists behind the dashboard. A
// node implements MetricsSource; the catalogue, INFO, the dashboard and its tests know only these shapes.
import type { StoreStats } from "../native.ts";

export const commandFamilies = ["read", "write", "keys", "transactions", "server"] as const;
export type CommandFamily = (typeof commandFamilies)[number];

/** One command's counters since the start. Rejected calls were refused before they ran and are not among `calls`. */
export interface CommandReading {
  readonly name: string;
  readonly family: CommandFamily;
  readonly calls: number;
  readonly failed: number;
  readonly rejected: number;
  readonly durationSeconds: number;
}

export interface TrafficReading {
  readonly accepted: number;
  readonly closed: number;
  readonly refused: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface DurabilityReading {
  readonly isHealthy: boolean;
  /** What is wrong, in words; empty when healthy. */
  readonly problem: string;
  readonly isWalOn: boolean;
  readonly fsyncPolicy: string;
  /** Bytes and age of records that are not yet in the log's file. */
  readonly walPendingBytes: number;
  readonly walPendingSeconds: number;
  readonly walBytes: number;
  readonly walSegments: number;
  readonly walFsyncs: number;
  readonly walLastFsyncSeconds: number;
  readonly walFailures: number;
  readonly isSnapshotOn: boolean;
  readonly isSnapshotRunning: boolean;
  /** Unix time; 0 when there is none. */
  readonly lastSnapshotAtMs: number;
  readonly lastSnapshotSeconds: number;
  readonly lastSnapshotBytes: number;
  readonly snapshotFailures: number;
  readonly changesSinceSnapshot: number;
}

export interface DatabaseReading {
  readonly database: number;
  readonly keys: number;
  readonly expires: number;
}

/** Counters count since the start of the process; gauges are of this moment. */
export interface Readings {
  readonly takenAtMs: number;
  readonly startedAtMs: number;
  readonly version: string;
  readonly nodeId: string;
  readonly ioThreads: number;
  readonly commands: readonly CommandReading[];
  readonly errors: Readonly<Record<string, number>>;
  readonly traffic: TrafficReading;
  readonly connections: number;
  readonly connectionsLimit: number;
  readonly store: StoreStats;
  readonly databases: readonly DatabaseReading[];
  readonly entriesLimit: number;
  readonly memoryLimitBytes: number;
  readonly rssBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  /** How late the main thread's timers ran at worst since the last reading. */
  readonly mainThreadLagSeconds: number;
  readonly slowLogLength: number;
  readonly durability: DurabilityReading;
}

export interface SlowCommand {
  readonly id: number;
  readonly at: number;
  readonly durationUs: number;
  readonly args: readonly string[];
  readonly client: string;
  readonly clientName: string;
}

/** Names of keys are bytes; what is not UTF-8 is shown with `\xNN`. */
export interface HotKeyRow {
  readonly key: string;
  readonly database: number;
  readonly calls: number;
  /** `calls` is at most this much too high. */
  readonly error: number;
}

export interface HotKeysReport {
  /** Calls are counted since then, one to two minutes ago. */
  readonly sinceMs: number;
  readonly keys: readonly HotKeyRow[];
}

export interface SlotRow {
  /** 0 to 16383, as Redis Cluster numbers the hash slot of a key. */
  readonly slot: number;
  /** Since the start; sampled in pipelines, as hot keys are. */
  readonly calls: number;
}

export interface BigCallRow {
  readonly key: string;
  readonly database: number;
  readonly command: string;
  readonly sizeBytes: number;
  readonly atMs: number;
}

export interface BigCallsReport {
  readonly requests: readonly BigCallRow[];
  readonly replies: readonly BigCallRow[];
}

export interface ClientRow {
  readonly id: number;
  readonly address: string;
  readonly name: string;
  readonly database: number;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
  readonly lastCommand: string;
  readonly library: string;
}

export interface ConfigRow {
  readonly name: string;
  readonly value: string;
  readonly default: string;
  readonly isMutable: boolean;
  readonly meaning: string;
}

export interface KeyReport {
  readonly key: string;
  readonly database: number;
  readonly type: string;
  readonly encoding: "text" | "hex";
  readonly valueBytes: number;
  /** Milliseconds left to live; -1 without a deadline. */
  readonly ttlMs: number;
  /** The first bytes of the value as text, or as hexadecimal digits when they are not printable UTF-8. */
  readonly preview: string;
  readonly isCut: boolean;
}

export interface Readiness {
  readonly isReady: boolean;
  /** Why not, in words; empty when ready. */
  readonly reasons: readonly string[];
}

/** Counts of a latency histogram by bucket. `boundsSeconds[i]` is the largest duration that falls into bucket i. */
export interface LatencyCounts {
  readonly boundsSeconds: Float64Array;
  readonly counts: Float64Array;
}

export interface MetricsSource {
  read(): Readings;
  /** The latency of all commands, or of one; undefined when it was never called. Counts since the start. */
  latency(command?: string): LatencyCounts | undefined;
  slowLog(limit: number): readonly SlowCommand[];
  hotKeys(limit: number): HotKeysReport;
  /** Slots whose keys were called, the busiest first. */
  slots(limit: number): readonly SlotRow[];
  bigCalls(limit: number): BigCallsReport;
  clients(): Promise<readonly ClientRow[]>;
  config(): readonly ConfigRow[];
  /** Looks without touching recency; undefined when there is no such key. */
  lookUp(database: number, key: Uint8Array): KeyReport | undefined;
  readiness(): Readiness;
}
