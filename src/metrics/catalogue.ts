// The one table of metrics. /metrics, /api/stats, the numbers of INFO and docs/metrics.md come from it; adding a metric is
// adding a row to one of the groups. Names are stable: dashboards and alerts are built on them.
import { durabilityMetrics } from "./durability-metrics.ts";
import { latencySamples } from "./latency.ts";
import { type Labels, type Metric, metric, type Sample } from "./metric.ts";
import type { CommandReading, Readings } from "./readings.ts";

/** One sample for each command that was called or refused. */
function perCommand(readings: Readings, value: (command: CommandReading) => number): Sample[] {
  return readings.commands
    .filter(({ calls, rejected }) => calls + rejected > 0)
    .map((command) => ({ labels: commandLabels(command), value: value(command) }));
}

function commandLabels({ name, family }: CommandReading): Labels {
  return { command: name, family };
}

const sumOf = (readings: Readings, field: "calls" | "failed" | "rejected") =>
  readings.commands.reduce((sum, command) => sum + command[field], 0);

const nodeMetrics: readonly Metric[] = [
  metric({
    name: "distcache_info",
    kind: "gauge",
    unit: "1",
    help: "Always 1; its labels name the node and its version.",
    labels: ["version", "node"],
    read: ({ version, nodeId }) => [{ labels: { version, node: nodeId }, value: 1 }],
  }),
  metric({
    name: "distcache_start_time_seconds",
    kind: "gauge",
    unit: "seconds",
    help: "Unix time at which the node started.",
    read: ({ startedAtMs }) => startedAtMs / 1000,
  }),
  metric({
    name: "distcache_uptime_seconds",
    kind: "gauge",
    unit: "seconds",
    help: "How long the node runs.",
    info: { section: "server", field: "uptime_in_seconds", print: (value) => String(Math.floor(value)) },
    read: ({ startedAtMs, takenAtMs }) => (takenAtMs - startedAtMs) / 1000,
  }),
  metric({
    name: "distcache_cpu_user_seconds_total",
    kind: "counter",
    unit: "seconds",
    help: "CPU time of the process in user mode, all threads.",
    info: { section: "cpu", field: "used_cpu_user", print: (value) => value.toFixed(6) },
    read: ({ cpuUserSeconds }) => cpuUserSeconds,
  }),
  metric({
    name: "distcache_cpu_system_seconds_total",
    kind: "counter",
    unit: "seconds",
    help: "CPU time of the process in the kernel, all threads.",
    info: { section: "cpu", field: "used_cpu_sys", print: (value) => value.toFixed(6) },
    read: ({ cpuSystemSeconds }) => cpuSystemSeconds,
  }),
  metric({
    name: "distcache_main_thread_lag_seconds",
    kind: "gauge",
    unit: "seconds",
    help: "How late the main thread's timers ran at worst since the last second; the data plane does not wait for it.",
    read: ({ mainThreadLagSeconds }) => mainThreadLagSeconds,
  }),
];

const connectionMetrics: readonly Metric[] = [
  metric({
    name: "distcache_connections",
    kind: "gauge",
    unit: "connections",
    help: "Client connections that are open.",
    info: { section: "clients", field: "connected_clients" },
    read: ({ connections }) => connections,
  }),
  metric({
    name: "distcache_connections_limit",
    kind: "gauge",
    unit: "connections",
    help: "Most client connections at a time (MAX_CLIENTS); 0 means no bound.",
    info: { section: "clients", field: "maxclients" },
    read: ({ connectionsLimit }) => connectionsLimit,
  }),
  metric({
    name: "distcache_connections_accepted_total",
    kind: "counter",
    unit: "connections",
    help: "Client connections accepted.",
    info: { section: "stats", field: "total_connections_received" },
    read: ({ traffic }) => traffic.accepted,
  }),
  metric({
    name: "distcache_connections_refused_total",
    kind: "counter",
    unit: "connections",
    help: "Client connections refused because MAX_CLIENTS was reached or protected mode forbids them.",
    info: { section: "stats", field: "rejected_connections" },
    read: ({ traffic }) => traffic.refused,
  }),
  metric({
    name: "distcache_network_received_bytes_total",
    kind: "counter",
    unit: "bytes",
    help: "Bytes received from clients.",
    info: { section: "stats", field: "total_net_input_bytes" },
    read: ({ traffic }) => traffic.bytesIn,
  }),
  metric({
    name: "distcache_network_sent_bytes_total",
    kind: "counter",
    unit: "bytes",
    help: "Bytes sent to clients.",
    info: { section: "stats", field: "total_net_output_bytes" },
    read: ({ traffic }) => traffic.bytesOut,
  }),
];

const commandMetrics: readonly Metric[] = [
  metric({
    name: "distcache_commands_processed_total",
    kind: "counter",
    unit: "calls",
    help: "Commands executed.",
    info: { section: "stats", field: "total_commands_processed" },
    read: (readings) => sumOf(readings, "calls"),
  }),
  metric({
    name: "distcache_command_calls_total",
    kind: "counter",
    unit: "calls",
    help: "Calls of each command.",
    labels: ["command", "family"],
    read: (readings) => perCommand(readings, ({ calls }) => calls),
  }),
  metric({
    name: "distcache_command_failures_total",
    kind: "counter",
    unit: "calls",
    help: "Calls of each command that were executed and answered an error.",
    labels: ["command", "family"],
    read: (readings) => perCommand(readings, ({ failed }) => failed),
  }),
  metric({
    name: "distcache_command_rejections_total",
    kind: "counter",
    unit: "calls",
    help: "Calls of each command that were refused before they ran.",
    labels: ["command", "family"],
    read: (readings) => perCommand(readings, ({ rejected }) => rejected),
  }),
  metric({
    name: "distcache_command_duration_seconds",
    kind: "histogram",
    unit: "seconds",
    help: "Execution time of each command, without waiting and network; pipelined commands share their batch's time.",
    labels: ["command"],
    read: (readings, source) => latencySamples(readings, source),
  }),
  metric({
    name: "distcache_error_replies_total",
    kind: "counter",
    unit: "calls",
    help: "Error replies by their first word.",
    labels: ["error"],
    read: ({ errors }) => Object.entries(errors).map(([error, value]) => ({ labels: { error }, value })),
  }),
  metric({
    name: "distcache_slowlog_length",
    kind: "gauge",
    unit: "commands",
    help: "Commands in the slow log.",
    read: ({ slowLogLength }) => slowLogLength,
  }),
];

const storeMetrics: readonly Metric[] = [
  metric({
    name: "distcache_keyspace_hits_total",
    kind: "counter",
    unit: "calls",
    help: "Look-ups that found their key.",
    info: { section: "stats", field: "keyspace_hits" },
    read: ({ store }) => store.hits,
  }),
  metric({
    name: "distcache_keyspace_misses_total",
    kind: "counter",
    unit: "calls",
    help: "Look-ups that did not find their key.",
    info: { section: "stats", field: "keyspace_misses" },
    read: ({ store }) => store.misses,
  }),
  metric({
    name: "distcache_evictions_total",
    kind: "counter",
    unit: "entries",
    help: "Entries evicted because a bound was reached.",
    info: { section: "stats", field: "evicted_keys" },
    read: ({ store }) => store.evicted,
  }),
  metric({
    name: "distcache_expirations_total",
    kind: "counter",
    unit: "entries",
    help: "Entries removed because their time was over.",
    info: { section: "stats", field: "expired_keys" },
    read: ({ store }) => store.expired,
  }),
  metric({
    name: "distcache_entries",
    kind: "gauge",
    unit: "entries",
    help: "Entries in all databases.",
    read: ({ store }) => store.entries,
  }),
  metric({
    name: "distcache_entries_with_expiry",
    kind: "gauge",
    unit: "entries",
    help: "Entries that have a time to live.",
    read: ({ store }) => store.entriesWithExpiry,
  }),
  metric({
    name: "distcache_entries_limit",
    kind: "gauge",
    unit: "entries",
    help: "Most entries (CACHE_SIZE); 0 means no bound.",
    read: ({ entriesLimit }) => entriesLimit,
  }),
  metric({
    name: "distcache_database_keys",
    kind: "gauge",
    unit: "entries",
    help: "Keys of each database that is not empty.",
    labels: ["database"],
    read: ({ databases }) =>
      databases.map(({ database, keys }) => ({ labels: { database: String(database) }, value: keys })),
  }),
  metric({
    name: "distcache_memory_used_bytes",
    kind: "gauge",
    unit: "bytes",
    help: "Memory allocated by the store.",
    info: { section: "memory", field: "used_memory" },
    read: ({ store }) => store.usedBytes,
  }),
  metric({
    name: "distcache_memory_peak_bytes",
    kind: "gauge",
    unit: "bytes",
    help: "Most memory the store had allocated at any time.",
    info: { section: "memory", field: "used_memory_peak" },
    read: ({ store }) => store.peakUsedBytes,
  }),
  metric({
    name: "distcache_memory_limit_bytes",
    kind: "gauge",
    unit: "bytes",
    help: "Most memory the store may allocate (MAX_MEMORY); 0 means no bound.",
    info: { section: "memory", field: "maxmemory" },
    read: ({ memoryLimitBytes }) => memoryLimitBytes,
  }),
  metric({
    name: "distcache_memory_data_bytes",
    kind: "gauge",
    unit: "bytes",
    help: "Bytes of keys and values alone.",
    info: { section: "memory", field: "used_memory_dataset" },
    read: ({ store }) => store.keyBytes + store.valueBytes,
  }),
  metric({
    name: "distcache_memory_resident_bytes",
    kind: "gauge",
    unit: "bytes",
    help: "Memory of the whole process as the operating system counts it.",
    info: { section: "memory", field: "used_memory_rss" },
    read: ({ rssBytes }) => rssBytes,
  }),
  metric({
    name: "distcache_index_load_ratio",
    kind: "gauge",
    unit: "ratio",
    help: "Share of the index's places that are taken.",
    read: ({ store }) => (store.indexSlots === 0 ? 0 : store.indexUsed / store.indexSlots),
  }),
];

/** Groups in the order of documentation. */
export const metricGroups: Readonly<Record<string, readonly Metric[]>> = {
  Node: nodeMetrics,
  Connections: connectionMetrics,
  Commands: commandMetrics,
  "Keys and memory": storeMetrics,
  Durability: durabilityMetrics,
};

export const metrics: readonly Metric[] = Object.values(metricGroups).flat();
