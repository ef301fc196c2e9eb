// A node that is made up: everything the dashboard asks for, from numbers a test sets. `advance` moves its counters.
import type {
  CommandReading,
  DurabilityReading,
  KeyReport,
  LatencyCounts,
  MetricsSource,
  Readings,
} from "../../../src/metrics/readings.ts";

export const healthyDurability: DurabilityReading = {
  isHealthy: true,
  problem: "",
  isWalOn: true,
  fsyncPolicy: "everysec",
  walPendingBytes: 4_800,
  walPendingSeconds: 0.002,
  walBytes: 48_000_000,
  walSegments: 3,
  walFsyncs: 812,
  walLastFsyncSeconds: 0.0034,
  walFailures: 0,
  isSnapshotOn: true,
  isSnapshotRunning: false,
  lastSnapshotAtMs: 1_700_000_000_000,
  lastSnapshotSeconds: 0.41,
  lastSnapshotBytes: 22_000_000,
  snapshotFailures: 0,
  changesSinceSnapshot: 18_204,
};

const boundsSeconds = Float64Array.from({ length: 100 }, (_, i) => 1e-6 * 1.2 ** i);

function command(name: string, family: CommandReading["family"], calls: number): CommandReading {
  return { name, family, calls, failed: Math.floor(calls / 500), rejected: 0, durationSeconds: calls * 2e-6 };
}

export class FakeSource implements MetricsSource {
  nowMs = 1_700_000_100_000;
  startedAtMs = 1_700_000_000_000;
  seconds = 100;
  durability: DurabilityReading = healthyDurability;
  reasons: string[] = [];
  counts = Float64Array.from(boundsSeconds, (_, i) => 1000 * Math.exp(-(((i - 12) / 6) ** 2)));
  readonly keys = new Map<string, KeyReport>();
  hottest: string[] = ["user:1842", "session:aa91", "config"];

  /** Lets so much time pass with `calls` reads and a fifth of that of writes. */
  advance(byMs: number, calls: number): void {
    this.nowMs += byMs;
    this.seconds += byMs / 1000;
    this.#reads += calls;
    this.counts = this.counts.map((count, i) => count + calls * Math.exp(-(((i - 12) / 6) ** 2)));
  }

  #reads = 5_000_000;

  read(): Readings {
    const reads = this.#reads;
    const writes = Math.floor(reads / 5);
    const traffic = { accepted: 5210, closed: 5172, refused: 0, bytesIn: reads * 40, bytesOut: reads * 76 };
    return {
      takenAtMs: this.nowMs,
      startedAtMs: this.startedAtMs,
      version: "0.1.0",
      nodeId: "node-a",
      ioThreads: 2,
      commands: [
        command("get", "read", reads),
        command("set", "write", writes),
        command("del", "keys", Math.floor(reads / 40)),
        command("exec", "transactions", Math.floor(reads / 100)),
        command("ping", "server", Math.floor(reads / 400)),
        command("append", "write", 0),
      ],
      errors: { ERR: Math.floor(reads / 500), WRONGTYPE: 3 },
      traffic,
      connections: 38,
      connectionsLimit: 10_000,
      store: {
        entries: 8_400,
        entriesWithExpiry: 1_200,
        usedBytes: 6_200_000,
        peakUsedBytes: 6_400_000,
        evicted: Math.floor(reads / 900),
        expired: Math.floor(reads / 300),
        hits: Math.floor(reads * 0.93),
        misses: Math.ceil(reads * 0.07),
        indexSlots: 16_384,
        indexUsed: 8_400,
        keyBytes: 220_000,
        valueBytes: 4_900_000,
      },
      databases: [{ database: 0, keys: 8_400, expires: 1_200 }],
      entriesLimit: 10_000,
      memoryLimitBytes: 64_000_000,
      rssBytes: 71_000_000,
      cpuUserSeconds: this.seconds * 0.6,
      cpuSystemSeconds: this.seconds * 0.3,
      mainThreadLagSeconds: 0.0008,
      slowLogLength: 1,
      durability: this.durability,
    };
  }

  latency(): LatencyCounts {
    return { boundsSeconds, counts: this.counts.slice() };
  }

  slowLog(limit: number) {
    const rows = [
      { id: 7, at: 1_700_000_050, durationUs: 14_200, args: ["KEYS", "*"], client: "127.0.0.1:5012", clientName: "" },
      {
        id: 6,
        at: 1_700_000_020,
        durationUs: 11_900,
        args: ["MSET", "a", "1", "... (30 more arguments)"],
        client: "127.0.0.1:4410",
        clientName: "loader",
      },
    ];
    return rows.slice(0, limit);
  }

  hotKeys(limit: number) {
    const keys = this.hottest.map((key, i) => ({ key, database: 0, calls: 90_000 >> i, error: i * 12 }));
    return { sinceMs: this.nowMs - 84_000, keys: keys.slice(0, limit) };
  }

  slots(limit: number) {
    return [{ slot: 12_182, calls: 90_000 }].slice(0, limit);
  }

  bigCalls(limit: number) {
    const row = { key: "report:2024", database: 0, command: "set", sizeBytes: 8_400_000, atMs: this.nowMs - 50_000 };
    const reply = { ...row, command: "get", key: "index", sizeBytes: 640_000 };
    return { requests: [row].slice(0, limit), replies: [reply].slice(0, limit) };
  }

  async clients() {
    const client = { id: 12, address: "127.0.0.1:5012", name: "worker", database: 0, ageSeconds: 4012, idleSeconds: 0 };
    return [{ ...client, lastCommand: "get", library: "ioredis 5.4.1" }];
  }

  config() {
    const row = { name: "CACHE_SIZE", value: "10000", default: "10000", isMutable: true };
    return [{ ...row, meaning: "Most entries the node holds; beyond it EVICTION decides." }];
  }

  lookUp(database: number, key: Uint8Array): KeyReport | undefined {
    return this.keys.get(`${database}:${Buffer.from(key).toString("latin1")}`);
  }

  readiness() {
    return { isReady: this.reasons.length === 0, reasons: this.reasons };
  }
}
