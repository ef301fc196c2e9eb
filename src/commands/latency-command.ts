// LATENCY: spikes by event, and a histogram of each command's execution time. Replies are those of Redis 7.
import { countsUpTo } from "../metrics/latency.ts";
import type { MetricsSource } from "../metrics/readings.ts";
import type { LatencyEvent } from "../native.ts";
import type { CommandRow } from "./command-row.ts";
import { findCommand } from "./command-table.ts";
import type { CommandRegistry } from "./registry.ts";
import { helpReply } from "./replies.ts";
import { map, type Reply } from "./reply.ts";

export interface LatencyEvents {
  latencyEvents(): readonly LatencyEvent[];
  latencyHistory(event: string): readonly (readonly [atS: number, durationMs: number])[];
  resetLatency(event: string): number;
}

/**
 * Upper ends of the buckets as Redis has them: it doubles from 1024 ns, and shows the largest value that its histogram of two
 * digits does not tell from that end, in microseconds.
 */
const buckets = Array.from({ length: 26 }, (_, k) => {
  const highestNs = 1024 * 2 ** k + 2 ** (k + 3) - 1;
  return { limitSeconds: highestNs / 1e9, shownUs: Math.floor(highestNs / 1000) };
});

export function registerLatencyCommand(
  registry: CommandRegistry,
  events: LatencyEvents,
  source: Pick<MetricsSource, "latency" | "read">,
): void {
  registry.add("LATENCY|LATEST", () =>
    events.latencyEvents().map(({ event, atS, latestMs, maxMs }) => [event, atS, latestMs, maxMs]),
  );
  registry.add("LATENCY|HISTORY", (_context, [event]) => events.latencyHistory(String(event)));
  registry.add("LATENCY|RESET", (_context, names) =>
    names.length === 0
      ? events.resetLatency("")
      : names.reduce((sum, name) => sum + (name.length === 0 ? 0 : events.resetLatency(String(name))), 0),
  );
  registry.add("LATENCY|HISTOGRAM", (_context, names) => {
    const wanted =
      names.length === 0
        ? source
            .read()
            .commands.filter(({ calls }) => calls > 0)
            .map(({ name }) => name)
        : namesOf(names.map((name) => String(name).toLowerCase()));
    return map(wanted.flatMap((name) => histogramEntry(source, name)));
  });
  registry.add("LATENCY|HELP", () => helpReply(findCommand("latency") as CommandRow));
}

/** A container stands for all of its subcommands. */
function namesOf(words: readonly string[]): string[] {
  return words.flatMap((word) => [word, ...(findCommand(word)?.subcommands.map(({ name }) => name) ?? [])]);
}

function histogramEntry(source: Pick<MetricsSource, "latency">, name: string): [Reply, Reply][] {
  const latency = source.latency(name);
  if (latency === undefined) return [];
  const { counts, total } = countsUpTo(
    latency,
    buckets.map(({ limitSeconds }) => limitSeconds),
  );
  const entries: [Reply, Reply][] = [];
  let before = 0;
  for (const [i, { shownUs }] of buckets.entries()) {
    const count = counts[i] ?? 0;
    if (count !== before) entries.push([shownUs, count]);
    before = count;
  }
  return [
    [
      name,
      map([
        ["calls", total],
        ["histogram_usec", map(entries)],
      ]),
    ],
  ];
}
