// The catalogue of metrics and what derives from it. The text for Prometheus is read by promtool, and by a small parser of the
// exposition format for comparing numbers.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { metrics } from "../../../src/metrics/catalogue.ts";
import { scrape } from "../../../src/metrics/prometheus.ts";
import { statsJson } from "../../../src/metrics/stats-json.ts";
import { FakeSource } from "../dashboard/fake-source.ts";

/** Samples by name and labels, as written. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const match = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line);
      if (match === null) throw new Error(`not a sample: ${line}`);
      return [match[1] ?? "", Number(match[2])];
    }),
  );
}

test("names are unique, carry the prefix and say their kind as Prometheus wants it", () => {
  const names = metrics.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, kind, unit, help } of metrics) {
    expect(name).toMatch(/^distcache_[a-z][a-z0-9_]*[a-z0-9]$/);
    expect(name.endsWith("_total")).toBe(kind === "counter");
    if (unit === "bytes" || unit === "seconds") expect(name).toContain(`_${unit}`);
    expect(help).toMatch(/^[A-Z0-9].*\.$/);
  }
});

test("a field of INFO is shown by one metric only", () => {
  const fields = metrics.flatMap(({ info }) => (info === undefined ? [] : [`${info.section}.${info.field}`]));
  expect(new Set(fields).size).toBe(fields.length);
});

test("promtool accepts the text", async () => {
  const { text } = await scrape(new FakeSource());
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: "" });
});

test("the text holds the numbers of the reading, and a whole histogram for each command that was called", async () => {
  const source = new FakeSource();
  source.advance(1000, 123);
  const samples = samplesOf((await scrape(source)).text);
  const readings = source.read();
  expect(samples.get('distcache_command_calls_total{command="get",family="read"}')).toBe(readings.commands[0]?.calls);
  expect(samples.get("distcache_memory_used_bytes")).toBe(readings.store.usedBytes);
  expect([...samples.keys()].some((name) => name.includes('"append"'))).toBe(false);
  const buckets = [...samples].filter(([name]) =>
    name.startsWith('distcache_command_duration_seconds_bucket{command="get"'),
  );
  const counts = buckets.map(([, value]) => value);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(buckets.at(-1)?.[0]).toContain('le="+Inf"');
  expect(counts.at(-1)).toBe(samples.get('distcache_command_duration_seconds_count{command="get"}'));
});

test("what clients choose can not break the text", async () => {
  const source = new FakeSource();
  const read = source.read.bind(source);
  source.read = () => ({ ...read(), errors: { 'A"B\\C\nD': 1 } });
  const { text } = await scrape(source);
  const { status } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  expect(status).toBe(0);
  expect(text).toContain('error="A\\"B\\\\C\\nD"');
});

test("JSON has every metric of the catalogue with its unit", () => {
  const { metrics: rows } = statsJson(new FakeSource());
  expect(rows.map(({ name }) => name)).toEqual(metrics.map(({ name }) => name));
  for (const row of rows) expect((row.value ?? row.samples) !== undefined).toBe(true);
});
