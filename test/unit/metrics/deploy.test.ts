// What lies in deploy/ names only metrics that exist, and Prometheus takes it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metrics } from "../../../src/metrics/catalogue.ts";

/** Every name that Prometheus knows, a histogram's three among them. */
const known = new Set(
  metrics.flatMap(({ name, kind }) =>
    kind === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : name,
  ),
);

const namesIn = (text: string) => [...new Set(text.match(/\bdistcache_[a-z0-9_]+/g) ?? [])];

test.each(["deploy/prometheus/distcache-alerts.yml", "deploy/grafana/distcache-dashboard.json"])(
  "%s names only metrics of the catalogue",
  (path) => {
    const names = namesIn(readFileSync(path, "utf8"));
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  },
);

test("promtool accepts the rules and the configuration", () => {
  for (const args of [
    ["check", "rules", "deploy/prometheus/distcache-alerts.yml"],
    ["check", "config", "deploy/prometheus/prometheus.yml"],
  ]) {
    const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  }
});

test("every panel of the dashboard has a query, and a place of its own", () => {
  interface Panel {
    title: string;
    targets: { expr: string }[];
    gridPos: { x: number; y: number; w: number; h: number };
  }
  const { panels } = JSON.parse(readFileSync("deploy/grafana/distcache-dashboard.json", "utf8")) as { panels: Panel[] };
  for (const { title, targets } of panels) expect(targets.length, title).toBeGreaterThan(0);
  const overlaps = panels.flatMap((one, i) =>
    panels.slice(i + 1).filter(({ gridPos: a }) => {
      const b = one.gridPos;
      return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
    }),
  );
  expect(overlaps).toEqual([]);
});
