// The catalogue as Prometheus text: each row becomes a metric of a prom-client registry that reads when it is asked. All rows
// of one scrape come from one reading.
import type { Metric as PromMetric } from "prom-client";
import { metrics } from "./catalogue.ts";
import { type HistogramSample, isHistogram, isPlain, type Metric } from "./metric.ts";
import type { MetricsSource, Readings } from "./readings.ts";

interface PromValue {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What one scrape gets. */
export interface Scrape {
  readonly contentType: string;
  readonly text: string;
}

export async function scrape(source: MetricsSource): Promise<Scrape> {
  const { Registry } = await import("prom-client"); // with the first scrape: a node starts sooner without it
  const registry = new Registry();
  const readings = source.read();
  for (const metric of metrics) {
    const { name, help, kind } = metric;
    const shape = { name, help, type: kind, aggregator: "sum" };
    const collected = { ...shape, get: async () => ({ ...shape, values: valuesOf(metric, readings, source) }) };
    registry.registerMetric(collected as unknown as PromMetric);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function valuesOf(metric: Metric, readings: Readings, source: MetricsSource): readonly PromValue[] {
  if (isHistogram(metric)) return metric.read(readings, source).flatMap((sample) => bucketsOf(metric.name, sample));
  if (isPlain(metric)) return [{ labels: {}, value: metric.read(readings) }];
  return metric.read(readings);
}

function bucketsOf(name: string, { labels, limits, counts, count, sum }: HistogramSample): PromValue[] {
  const buckets = limits.map((le, i) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value: counts[i] ?? 0,
  }));
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
