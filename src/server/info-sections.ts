// The INFO sections that the server itself can fill: which program this is, and who is connected.
import { arch, platform, release } from "node:os";
import type { Clock } from "../base/clock.ts";
import type { InfoSections } from "../commands/info.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { NativeStore } from "../native.ts";
import { redisVersion } from "./hello-command.ts";
import type { NodeServer } from "./node-server.ts";

export interface InfoParts {
  info: InfoSections;
  config: LiveConfig;
  store: NativeStore;
  server: NodeServer;
  clock: Clock;
  version: string;
  runId: string;
}

export function registerServerInfo({ info, config, store, server, clock, version, runId }: InfoParts): void {
  const startedAtMs = clock.monotonicMs();
  info.add("Server", () => {
    const uptimeS = Math.floor((clock.monotonicMs() - startedAtMs) / 1000);
    return [
      ["redis_version", redisVersion],
      ["distcache_version", version],
      ["redis_mode", "standalone"],
      ["os", `${platform()} ${release()} ${arch()}`],
      ["arch_bits", 64],
      ["multiplexing_api", "epoll"],
      ["process_id", process.pid],
      ["run_id", runId],
      ["tcp_port", server.addresses.port ?? 0],
      ["server_time_usec", Math.round(clock.nowMs() * 1000)],
      ["uptime_in_seconds", uptimeS],
      ["uptime_in_days", Math.floor(uptimeS / 86_400)],
      ["io_threads_active", config.values.ioThreads],
      ["node_id", config.values.nodeId ?? ""],
      ["node_version", process.versions.node],
    ];
  });
  info.add("Clients", () => [
    ["connected_clients", server.connections.count],
    ["maxclients", config.values.maxClients],
  ]);
  info.add("Memory", () => {
    const { usedBytes, peakUsedBytes } = store.stats();
    return [
      ["used_memory", usedBytes],
      ["used_memory_peak", peakUsedBytes],
      ["used_memory_rss", process.memoryUsage.rss()],
      ["maxmemory", config.values.maxMemory],
      ["maxmemory_policy", config.values.eviction],
    ];
  });
  info.add("Persistence", () => [["loading", 0]]);
  info.add("Stats", () => {
    const { hits, misses, evicted, expired } = store.stats();
    return [
      ["total_connections_received", server.connections.openedCount],
      ["expired_keys", expired],
      ["evicted_keys", evicted],
      ["keyspace_hits", hits],
      ["keyspace_misses", misses],
    ];
  });
  info.add("Replication", () => [
    ["role", "master"],
    ["connected_slaves", 0],
  ]);
  info.add("Cluster", () => [["cluster_enabled", 0]]);
  info.add("Keyspace", () => keyspace(store, config.values.databases));
}

function keyspace(store: NativeStore, databases: number): [string, string][] {
  const rows: [string, string][] = [];
  for (let database = 0; database < databases; database += 1) {
    const keys = store.entryCount(database);
    if (keys === 0) continue;
    rows.push([`db${database}`, `keys=${keys},expires=${store.entryCountWithExpiry(database)},avg_ttl=0`]);
  }
  return rows;
}
