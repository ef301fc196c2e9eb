// What a server counts, as TypeScript sees it: native/addon/metrics_object.cc. Reading merges the I/O threads' counters and
// waits for none of them.
import { loadAddon } from "./addon.ts";
import type { NativeServer } from "./server.ts";

/** Counters of one place since the start: a command's, or a subcommand's. */
export interface CommandCounters {
  readonly calls: number;
  readonly failed: number;
  readonly rejected: number;
  readonly durationNs: number;
}

export interface TrafficCounters {
  readonly accepted: number;
  readonly closed: number;
  readonly refused: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface NativeHotKey {
  /** At most 96 bytes of it. */
  readonly key: Buffer;
  readonly keyBytes: number;
  readonly database: number;
  readonly calls: number;
  readonly error: number;
}

export interface NativeBigCall {
  readonly key: Buffer;
  readonly database: number;
  /** The place of the command. */
  readonly place: number;
  readonly sizeBytes: number;
  readonly atMs: number;
}

export interface NativeSlowCall {
  readonly id: number;
  readonly atS: number;
  readonly durationUs: number;
  readonly connection: number;
  readonly args: readonly Buffer[];
}

export interface LatencyEvent {
  readonly event: string;
  readonly atS: number;
  readonly latestMs: number;
  readonly maxMs: number;
}

type Flat = readonly (number | string | Buffer | readonly Buffer[])[];

interface MetricsExports {
  metricsCommands(server: object): Float64Array;
  metricsLatency(server: object, place: number): Float64Array;
  metricsLatencyBounds(): Float64Array;
  metricsTraffic(server: object): Float64Array;
  metricsErrors(server: object): Flat;
  metricsHotKeys(server: object, limit: number): Flat;
  metricsBigCalls(server: object, isReply: boolean, limit: number): Flat;
  metricsSlots(server: object): Float64Array;
  metricsSlowLog(server: object, limit: number): Flat;
  metricsSlowLogLength(server: object): number;
  metricsReset(server: object, what: "slowlog" | "errors"): void;
  metricsConfigure(server: object, slowUs: number, length: number, spikeMs: number): void;
  metricsLatencyEvents(server: object): Flat;
  metricsLatencyHistory(server: object, event: string): Flat;
  metricsResetLatency(server: object, event: string): number;
  metricsRecordSpike(server: object, event: string, durationUs: number): void;
  memoryTrim(): void;
  metricsRecordCall(server: object, place: number, durationNs: number, error: string): void;
  metricsRecordSlow(server: object, durationUs: number, connection: number, args: readonly Uint8Array[]): void;
}

export class NativeMetrics {
  readonly #addon = loadAddon<MetricsExports>();
  readonly #server: object;
  /** The longest duration that falls into each bucket of a latency histogram, in seconds. */
  readonly latencyBounds: Float64Array = this.#addon.metricsLatencyBounds();

  constructor(server: NativeServer) {
    this.#server = server.raw;
  }

  /** By place: the commands in the order of their table, then all subcommands. */
  commands(): CommandCounters[] {
    const numbers = this.#addon.metricsCommands(this.#server);
    return rowsOf([...numbers], 4, ([calls = 0, failed = 0, rejected = 0, durationNs = 0]) => {
      return { calls, failed, rejected, durationNs };
    });
  }

  /** Counts by bucket of one place, or of all when it is undefined. */
  latency(place: number | undefined): Float64Array {
    return this.#addon.metricsLatency(this.#server, place ?? -1);
  }

  traffic(): TrafficCounters {
    const [accepted = 0, closed = 0, refused = 0, bytesIn = 0, bytesOut = 0] = this.#addon.metricsTraffic(this.#server);
    return { accepted, closed, refused, bytesIn, bytesOut };
  }

  /** Error replies by their first word. */
  errors(): Record<string, number> {
    const rows = this.#addon.metricsErrors(this.#server);
    return Object.fromEntries(rowsOf(rows, 2, ([kind, count]) => [String(kind), Number(count)] as const));
  }

  /** Calls since `sinceMs` (Unix time), one to two minutes ago. */
  hotKeys(limit: number): { sinceMs: number; keys: NativeHotKey[] } {
    const [sinceMs, ...rows] = this.#addon.metricsHotKeys(this.#server, limit);
    const keys = rowsOf(rows, 5, ([key, keyBytes, database, calls, error]) => ({
      key: key as Buffer,
      keyBytes: Number(keyBytes),
      database: Number(database),
      calls: Number(calls),
      error: Number(error),
    }));
    return { sinceMs: Number(sinceMs), keys };
  }

  bigCalls(direction: "requests" | "replies", limit: number): NativeBigCall[] {
    const rows = this.#addon.metricsBigCalls(this.#server, direction === "replies", limit);
    return rowsOf(rows, 5, ([key, database, place, sizeBytes, atMs]) => ({
      key: key as Buffer,
      database: Number(database),
      place: Number(place),
      sizeBytes: Number(sizeBytes),
      atMs: Number(atMs),
    }));
  }

  /** Calls by slot of the cluster; sampled, so about right. */
  slots(): Float64Array {
    return this.#addon.metricsSlots(this.#server);
  }

  /** The newest first. */
  slowLog(limit: number): NativeSlowCall[] {
    const rows = this.#addon.metricsSlowLog(this.#server, limit);
    return rowsOf(rows, 5, ([id, atS, durationUs, connection, args]) => ({
      id: Number(id),
      atS: Number(atS),
      durationUs: Number(durationUs),
      connection: Number(connection),
      args: args as readonly Buffer[],
    }));
  }

  slowLogLength(): number {
    return this.#addon.metricsSlowLogLength(this.#server);
  }

  reset(what: "slowlog" | "errors"): void {
    this.#addon.metricsReset(this.#server, what);
  }

  /** slowUs: -1 records nothing, 0 everything. spikeMs: 0 records nothing. */
  configure(slowUs: number, slowLogLength: number, spikeMs: number): void {
    this.#addon.metricsConfigure(this.#server, slowUs, slowLogLength, spikeMs);
  }

  latencyEvents(): LatencyEvent[] {
    return rowsOf(this.#addon.metricsLatencyEvents(this.#server), 4, ([event, atS, latestMs, maxMs]) => ({
      event: String(event),
      atS: Number(atS),
      latestMs: Number(latestMs),
      maxMs: Number(maxMs),
    }));
  }

  /** Unix seconds and milliseconds of an event's samples, oldest first. */
  latencyHistory(event: string): [atS: number, durationMs: number][] {
    const rows = this.#addon.metricsLatencyHistory(this.#server, event);
    return rowsOf(rows, 2, ([atS, durationMs]) => [Number(atS), Number(durationMs)]);
  }

  /** Forgets an event, or all for an empty name; how many were forgotten. */
  resetLatency(event: string): number {
    return this.#addon.metricsResetLatency(this.#server, event);
  }

  recordSpike(event: string, durationMs: number): void {
    this.#addon.metricsRecordSpike(this.#server, event, Math.round(durationMs * 1000));
  }

  /** Gives memory that is free back to the system; may take milliseconds. */
  trimHeap(): void {
    this.#addon.memoryTrim();
  }

  /** A command answered by TypeScript. `error`: the error's text when that was the reply, else "". */
  recordCall(place: number, durationMs: number, error: string): void {
    this.#addon.metricsRecordCall(this.#server, place, Math.round(durationMs * 1e6), error);
  }

  /** Enters the command into the slow log when it was slow. */
  recordSlow(durationMs: number, connection: number, args: readonly Uint8Array[]): void {
    this.#addon.metricsRecordSlow(this.#server, Math.round(durationMs * 1000), connection, args);
  }
}

function rowsOf<Field, Row>(fields: readonly Field[], width: number, make: (row: readonly Field[]) => Row): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < fields.length; at += width) rows.push(make(fields.slice(at, at + width)));
  return rows;
}
