// The INFO sections that the server itself can fill: which program this is. Numbers come from src/commands/metrics-info.ts.
import { arch, platform, release } from "node:os";
import type { Clock } from "../base/clock.ts";
import type { InfoSections } from "../commands/info.ts";
import type { LiveConfig } from "../config/live-config.ts";
import { redisVersion } from "./hello-command.ts";
import type { NodeServer } from "./node-server.ts";

export interface InfoParts {
  info: InfoSections;
  config: LiveConfig;
  server: NodeServer;
  clock: Clock;
  version: string;
  runId: string;
}

export function registerServerInfo({ info, config, server, clock, version, runId }: InfoParts): void {
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
  info.add("Replication", () => [
    ["role", "master"],
    ["connected_slaves", 0],
  ]);
  info.add("Cluster", () => [["cluster_enabled", 0]]);
}
