// A node as a source of metrics: everything the catalogue, INFO and the dashboard ask for, read from the parts that know it.
import type { Clock } from "../base/clock.ts";
import { commandPlaces, placeOf } from "../commands/command-places.ts";
import type { SlowLogRow } from "../commands/slowlog-command.ts";
import type { LiveConfig } from "../config/live-config.ts";
import { settingKeys, settingOf } from "../config/schema.ts";
import { nameOf, printableText } from "../metrics/readable-bytes.ts";
import type {
  BigCallsReport,
  ClientRow,
  ConfigRow,
  DatabaseReading,
  DurabilityReading,
  HotKeysReport,
  KeyReport,
  LatencyCounts,
  MetricsSource,
  Readiness,
  Readings,
  SlotRow,
  SlowCommand,
} from "../metrics/readings.ts";
import type { NativeMetrics, NativeStore } from "../native.ts";
import type { NodeServer } from "../server/node-server.ts";
import type { MainThreadLag } from "./main-thread-lag.ts";

export interface NodeMetricsParts {
  readonly store: NativeStore;
  readonly server: NodeServer;
  readonly native: NativeMetrics;
  readonly config: LiveConfig;
  readonly clock: Clock;
  readonly lag: MainThreadLag;
  readonly version: string;
  durability(): DurabilityReading;
  readiness(): Readiness;
}

const previewBytes = 512;

/** When calls spread over very many keys, most counts are inherited from other keys: such keys are not shown as hot. */
const candidateCount = 1000;

export class NodeMetrics implements MetricsSource {
  readonly #parts: NodeMetricsParts;
  readonly #startedAtMs: number;

  constructor(parts: NodeMetricsParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.nowMs();
  }

  read(): Readings {
    const { store, server, native, config, clock, lag, version } = this.#parts;
    const { ioThreads, nodeId, cacheSize, maxMemory, maxClients } = config.values;
    const { user, system } = process.cpuUsage();
    return {
      takenAtMs: clock.nowMs(),
      startedAtMs: this.#startedAtMs,
      version,
      nodeId: nodeId ?? "",
      ioThreads,
      commands: native.commands().map(({ calls, failed, rejected, durationNs }, place) => {
        const { name, family } = commandPlaces[place] ?? { name: `place-${place}`, family: "server" };
        return { name, family, calls, failed, rejected, durationSeconds: durationNs / 1e9 };
      }),
      errors: native.errors(),
      traffic: native.traffic(),
      connections: server.native.connectionCount(),
      connectionsLimit: maxClients,
      store: store.stats(),
      databases: this.#databases(),
      entriesLimit: cacheSize,
      memoryLimitBytes: maxMemory,
      rssBytes: process.memoryUsage.rss(),
      cpuUserSeconds: user / 1e6,
      cpuSystemSeconds: system / 1e6,
      mainThreadLagSeconds: lag.worstMs / 1000,
      slowLogLength: native.slowLogLength(),
      durability: this.#parts.durability(),
    };
  }

  latency(command?: string): LatencyCounts | undefined {
    const { native } = this.#parts;
    const place = command === undefined ? undefined : placeOf(command);
    if (command !== undefined && place === undefined) return undefined;
    const counts = native.latency(place);
    if (command !== undefined && counts.every((count) => count === 0)) return undefined;
    return { boundsSeconds: native.latencyBounds, counts };
  }

  slowLogRows(limit: number): SlowLogRow[] {
    const { native, server } = this.#parts;
    return native.slowLog(limit).map(({ id, atS, durationUs, connection, args }) => {
      const client = server.connections.describe(connection);
      return { id, atS, durationUs, args, address: client.peer, clientName: client.name };
    });
  }

  slowLog(limit: number): SlowCommand[] {
    return this.slowLogRows(limit).map(({ id, atS, durationUs, args, address, clientName }) => {
      return { id, at: atS, durationUs, args: args.map(nameOf), client: address, clientName };
    });
  }

  hotKeys(limit: number): HotKeysReport {
    const { sinceMs, keys: candidates } = this.#parts.native.hotKeys(candidateCount);
    const keys = candidates.filter(({ calls, error }) => error < calls / 2).slice(0, limit);
    return {
      sinceMs,
      keys: keys.map(({ key, database, calls, error }) => ({ key: nameOf(key), database, calls, error })),
    };
  }

  slots(limit: number): SlotRow[] {
    const rows: SlotRow[] = [];
    this.#parts.native.slots().forEach((calls, slot) => {
      if (calls > 0) rows.push({ slot, calls });
    });
    return rows.sort((a, b) => b.calls - a.calls).slice(0, limit);
  }

  bigCalls(limit: number): BigCallsReport {
    const rows = (direction: "requests" | "replies") =>
      this.#parts.native.bigCalls(direction, limit).map(({ key, database, place, sizeBytes, atMs }) => {
        return { key: nameOf(key), database, command: commandPlaces[place]?.name ?? "", sizeBytes, atMs };
      });
    return { requests: rows("requests"), replies: rows("replies") };
  }

  async clients(): Promise<ClientRow[]> {
    const { server, clock } = this.#parts;
    const report = await server.reports.ask();
    const nowMs = clock.nowMs();
    return server.connections.all().map((connection) => {
      const row = report.get(connection.id);
      return {
        id: connection.id,
        address: connection.peer,
        name: connection.name,
        database: Number(row?.get("db") ?? 0),
        ageSeconds: Math.floor((nowMs - connection.openedAtMs) / 1000),
        idleSeconds: Math.floor(Number(row?.get("idle_ms") ?? 0) / 1000),
        lastCommand: row?.get("cmd") ?? connection.lastCommand,
        library: `${connection.libraryName} ${connection.libraryVersion}`.trim(),
      };
    });
  }

  config(): ConfigRow[] {
    return settingKeys.map((key) => {
      const row = settingOf(key);
      const print = (value: unknown) => (row.isSecret === true && value !== undefined ? "(secret)" : row.print(value));
      const shownDefault = row.defaultText ?? print(row.default);
      const value = print(this.#parts.config.values[key]);
      return { name: row.name, value, default: shownDefault, isMutable: row.isMutable === true, meaning: row.meaning };
    });
  }

  lookUp(database: number, key: Uint8Array): KeyReport | undefined {
    const { store, config, clock } = this.#parts;
    if (database >= config.values.databases) return undefined;
    const value = store.peekBuffer(key, database);
    const expiresAtMs = store.expiresAt(key, database);
    if (value === undefined || expiresAtMs === undefined) return undefined;
    const text = printableText(wholeCharacters(value.subarray(0, previewBytes)));
    const preview = text ?? value.subarray(0, previewBytes / 2).toString("hex");
    return {
      key: nameOf(key),
      database,
      type: "string",
      encoding: text === undefined ? "hex" : "text",
      valueBytes: value.length,
      ttlMs: expiresAtMs === 0 ? -1 : Math.max(0, expiresAtMs - clock.nowMs()),
      preview,
      isCut: value.length > (text === undefined ? previewBytes / 2 : previewBytes),
    };
  }

  readiness(): Readiness {
    return this.#parts.readiness();
  }

  #databases(): DatabaseReading[] {
    const { store, config } = this.#parts;
    return Array.from({ length: config.values.databases }, (_, database) => ({
      database,
      keys: store.entryCount(database),
      expires: store.entryCountWithExpiry(database),
    })).filter(({ keys }) => keys > 0);
  }
}

/** Without the bytes of a UTF-8 character that was cut at the end. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
    }
  }
  return bytes;
}
