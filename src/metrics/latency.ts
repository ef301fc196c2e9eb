// Arithmetic on latency histograms: percentiles, what happened between two readings, and coarser buckets for Prometheus.
import type { HistogramSample } from "./metric.ts";
import type { LatencyCounts, MetricsSource, Readings } from "./readings.ts";

/** The duration in seconds below which `fraction` (0 to 1) of the values lie; 0 when there are none. */
export function secondsAt(latency: LatencyCounts, fraction: number): number {
  const { counts, boundsSeconds } = latency;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  const rank = Math.max(1, Math.ceil(fraction * total));
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i] ?? 0;
    if (seen >= rank) return ((boundsSeconds[i - 1] ?? 0) + (boundsSeconds[i] ?? 0)) / 2;
  }
  return boundsSeconds.at(-1) ?? 0;
}

/** What was counted after `before` was read. */
export function latencySince(before: LatencyCounts | undefined, now: LatencyCounts): LatencyCounts {
  if (before === undefined) return now;
  const counts = now.counts.map((count, i) => Math.max(0, count - (before.counts[i] ?? 0)));
  return { boundsSeconds: now.boundsSeconds, counts };
}

/** How many values were at most each of these durations, and how many there were. `limits` ascend. */
export function countsUpTo(latency: LatencyCounts, limits: readonly number[]): { counts: number[]; total: number } {
  const counts = limits.map(() => 0);
  let total = 0;
  let place = 0;
  latency.counts.forEach((count, i) => {
    const bound = latency.boundsSeconds[i] ?? 0;
    while (place < limits.length && bound > (limits[place] ?? 0)) place += 1;
    if (place < limits.length) counts[place] = (counts[place] ?? 0) + count;
    total += count;
  });
  let sum = 0;
  return {
    counts: counts.map((count) => {
      sum += count;
      return sum;
    }),
    total,
  };
}

/** Upper limits of the coarse buckets that Prometheus sees, in seconds. */
export const exportedLimits: readonly number[] = [
  1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
  2.5, 10, 60,
];

/** A histogram for each command that was called. */
export function latencySamples(readings: Readings, source: MetricsSource): HistogramSample[] {
  return readings.commands.flatMap(({ name, calls, durationSeconds }) => {
    const latency = calls > 0 ? source.latency(name) : undefined;
    if (latency === undefined) return [];
    const { counts, total } = countsUpTo(latency, exportedLimits);
    return [{ labels: { command: name }, limits: exportedLimits, counts, count: total, sum: durationSeconds }];
  });
}
