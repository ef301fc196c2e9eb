// Which charts there are: what each shows, in which unit and colour, and the limit it is measured against.
import type { LiveState, SeriesField } from "../api-types.ts";
import { bytes, bytesPerSecond, count, type Formatter, percent, perSecond, seconds } from "./format.ts";

export interface Line {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly color: string;
  readonly fields: readonly SeriesField[];
  /** The line's value from those of its fields; without it, the first field's. */
  combine?(values: readonly (number | null)[]): number | null;
}

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly format: Formatter;
  readonly lines: readonly Line[];
  /** 0: there is none. */
  limit?(state: LiveState): number;
  /** The scale never ends below this. */
  readonly atLeast?: number;
  readonly isLogarithmic?: boolean;
  /** Round numbers of bytes are powers of two. */
  readonly isBinary?: boolean;
}

const line = (label: string, color: string, field: SeriesField): Line => ({ label, color, fields: [field] });

function hitRatio([hits, misses]: readonly (number | null)[]): number | null {
  const total = (hits ?? 0) + (misses ?? 0);
  return total === 0 ? null : (hits ?? 0) / total;
}

export const chartList: readonly ChartSpec[] = [
  {
    id: "throughput",
    title: "Commands by family",
    format: perSecond,
    lines: [
      line("read", "--blue", "read"),
      line("write", "--orange", "write"),
      line("keys", "--green", "keys"),
      line("transactions", "--pink", "transactions"),
      line("server", "--grey", "server"),
    ],
    atLeast: 10,
  },
  {
    id: "latency",
    title: "Execution time",
    format: seconds,
    lines: [line("p50", "--blue", "p50"), line("p99", "--orange", "p99"), line("p99.9", "--pink", "p999")],
    isLogarithmic: true,
  },
  {
    id: "hits",
    title: "Hit ratio",
    format: percent,
    lines: [{ label: "hits", color: "--green", fields: ["hits", "misses"], combine: hitRatio }],
    atLeast: 1,
  },
  {
    id: "memory",
    title: "Memory",
    format: bytes,
    lines: [line("store", "--blue", "usedBytes"), line("process", "--grey", "rssBytes")],
    limit: ({ memoryLimitBytes }) => memoryLimitBytes,
    isBinary: true,
  },
  {
    id: "entries",
    title: "Entries",
    format: count,
    lines: [line("entries", "--green", "entries")],
    limit: ({ entriesLimit }) => entriesLimit,
    atLeast: 10,
  },
  {
    id: "removals",
    title: "Evicted and expired",
    format: perSecond,
    lines: [line("evicted", "--orange", "evicted"), line("expired", "--blue", "expired")],
    atLeast: 10,
  },
  {
    id: "connections",
    title: "Connections",
    format: count,
    lines: [line("clients", "--blue", "connections")],
    atLeast: 10,
  },
  {
    id: "network",
    title: "Network",
    format: bytesPerSecond,
    lines: [line("received", "--blue", "bytesIn"), line("sent", "--orange", "bytesOut")],
    atLeast: 1024,
    isBinary: true,
  },
  {
    id: "wal",
    title: "Log lag and sync time",
    format: seconds,
    lines: [line("lag", "--orange", "walLag"), line("fsync", "--blue", "fsync")],
    atLeast: 0.001,
  },
];
