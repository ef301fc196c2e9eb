// Percentiles and coarser buckets against a plain list of durations.
import fc from "fast-check";
import { expect, test } from "vitest";
import { countsUpTo, latencySince, secondsAt } from "../../../src/metrics/latency.ts";

/** Buckets 1 % apart from a microsecond to a minute. */
const boundsSeconds = Float64Array.from({ length: 1801 }, (_, i) => 1e-6 * 1.01 ** i);

function countsOf(durations: readonly number[]) {
  const counts = new Float64Array(boundsSeconds.length);
  for (const duration of durations) {
    const place = boundsSeconds.findIndex((bound) => duration <= bound);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return { boundsSeconds, counts };
}

const durations = fc.array(fc.double({ min: 1.1e-6, max: 59, noNaN: true }), { minLength: 1, maxLength: 300 });

test("a percentile is within one percent of the exact one", () => {
  fc.assert(
    fc.property(durations, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 0.999, 1), (values, fraction) => {
      const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(fraction * values.length)) - 1] ?? 0;
      const found = secondsAt(countsOf(values), fraction);
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(0.01 * exact);
    }),
  );
});

test("coarser buckets count what is at most their limit, up to the width of a fine bucket", () => {
  fc.assert(
    fc.property(durations, (values) => {
      const limits = [1e-5, 1e-3, 0.1, 10, 60];
      const { counts, total } = countsUpTo(countsOf(values), limits);
      expect(total).toBe(values.length);
      for (const [i, limit] of limits.entries()) {
        const below = values.filter((value) => value * 1.01 <= limit).length;
        const upTo = values.filter((value) => value <= limit).length;
        expect(counts[i]).toBeGreaterThanOrEqual(below);
        expect(counts[i]).toBeLessThanOrEqual(upTo);
      }
    }),
  );
});

test("what happened since a reading is the difference, never below zero", () => {
  const before = countsOf([1e-5, 1e-3]);
  const now = countsOf([1e-5, 1e-5, 1e-3, 0.5]);
  expect(latencySince(before, now).counts.reduce((sum, count) => sum + count, 0)).toBe(2);
  expect(latencySince(now, before).counts.every((count) => count >= 0)).toBe(true);
  expect(secondsAt(latencySince(now, now), 0.99)).toBe(0);
});
