// The catalogue as JSON, for /api/stats: every metric with its unit and values.
import { metrics } from "./catalogue.ts";
import { type HistogramSample, isHistogram, isPlain, type MetricKind, type Sample } from "./metric.ts";
import type { MetricsSource } from "./readings.ts";

export interface MetricJson {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly help: string;
  /** The number of a metric without labels. */
  readonly value?: number;
  /** One element for each set of labels. */
  readonly samples?: readonly (Sample | HistogramSample)[];
}

export interface StatsJson {
  readonly takenAtMs: number;
  readonly metrics: readonly MetricJson[];
}

export function statsJson(source: MetricsSource): StatsJson {
  const readings = source.read();
  return {
    takenAtMs: readings.takenAtMs,
    metrics: metrics.map((metric) => {
      const { name, kind, unit, help } = metric;
      if (isHistogram(metric)) return { name, kind, unit, help, samples: metric.read(readings, source) };
      if (isPlain(metric)) return { name, kind, unit, help, value: metric.read(readings) };
      return { name, kind, unit, help, samples: metric.read(readings) };
    }),
  };
}
