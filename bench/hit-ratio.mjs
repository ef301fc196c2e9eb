// `npm run bench:hit-ratio`: hit ratios of the store beside exact LRU of the same size, on seeded traces: zipf with exponents
// 0.7 to 1.1, a loop that is a little too long, and zipf with scans between. Each trial is a process of its own.
//
//   npm run bench:hit-ratio
//   npm run bench:hit-ratio -- --seed 7 --requests 2000000
//
// Prints points below exact LRU, the target and the worst; writes bench/results/hit-ratio.json.
import { join } from "node:path";
import { buildNative } from "../scripts/native-build.mjs";
import { capture } from "../scripts/project.mjs";
import { numberOption, printTable, writeResults } from "./harness/report.mjs";

const traces = ["zipf-0.7", "zipf-0.8", "zipf-0.9", "zipf-1.0", "zipf-1.1", "loop", "scan-0.9"];
const capacities = [1_000, 10_000, 100_000];
const settings = { seed: numberOption("seed", 1), requests: numberOption("requests", 0) };
const exactCapacity = 1_000;
const targetPoints = 0.5;

const directory = await buildNative("release", ["hit_ratio"]);

function trial(trace, capacity) {
  const requests = settings.requests || Math.max(600_000, capacity * 20);
  const args = [trace, capacity, requests, settings.seed].map(String);
  const { code, output, stdout } = capture(join(directory, "benchmark/hit_ratio"), args);
  if (code !== 0) throw new Error(`hit_ratio ${args.join(" ")} failed:\n${output}`);
  return JSON.parse(stdout);
}

const trials = capacities.flatMap((capacity) => traces.map((trace) => trial(trace, capacity)));
const pointsBelow = ({ store, exact }) => (exact - store) * 100;
const worst = Math.max(...trials.map(pointsBelow));

printTable(
  ["trace", "entries", "this store", "exact LRU", "points below"],
  trials.map((one) => [
    one.trace,
    String(one.capacity),
    `${(one.store * 100).toFixed(2)} %`,
    `${(one.exact * 100).toFixed(2)} %`,
    pointsBelow(one).toFixed(2),
  ]),
);
console.log(
  `worst: ${worst.toFixed(2)} points below; target: 0 up to ${exactCapacity} entries, at most ${targetPoints} above`,
);
writeResults("hit-ratio", { settings, targetPoints, worst, trials });
