// What a metric is: one row of the catalogue.
import type { MetricsSource, Readings } from "./readings.ts";

export type MetricKind = "counter" | "gauge" | "histogram";
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A histogram's sample: how many values were at most each of `limits`, their number and their sum. */
export interface HistogramSample {
  readonly labels: Labels;
  readonly limits: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

interface Facts {
  /** As Prometheus shows it: the project's prefix, base units, counters end in _total. */
  readonly name: string;
  readonly unit: "1" | "bytes" | "seconds" | "calls" | "connections" | "entries" | "commands" | "files" | "ratio";
  /** One sentence. */
  readonly help: string;
  /** The field of INFO that shows the same number: section and name. Only for metrics without labels. */
  readonly info?: { readonly section: string; readonly field: string; print?(value: number): string };
}

export interface PlainMetric extends Facts {
  readonly kind: "counter" | "gauge";
  readonly labels?: undefined;
  read(readings: Readings): number;
}

export interface LabelledMetric extends Facts {
  readonly kind: "counter" | "gauge";
  readonly labels: readonly string[];
  read(readings: Readings): readonly Sample[];
}

export interface HistogramMetric extends Facts {
  readonly kind: "histogram";
  readonly labels: readonly string[];
  read(readings: Readings, source: MetricsSource): readonly HistogramSample[];
}

export type Metric = PlainMetric | LabelledMetric | HistogramMetric;

export function isPlain(metric: Metric): metric is PlainMetric {
  return metric.labels === undefined;
}

export function isHistogram(metric: Metric): metric is HistogramMetric {
  return metric.kind === "histogram";
}

/** A row, checked by the compiler: its `read` fits its kind and labels. */
export function metric<M extends Metric>(row: M): M {
  return row;
}
