// `npm run bench:native`: the C++ micro-benchmarks (bench/native/) through Google Benchmark, compiled as the addon is.
//
//   npm run bench:native
//   npm run bench:native -- --benchmark_filter=Parse
//
// Writes bench/results/native.json.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "../scripts/native-build.mjs";
import { capture, root, run } from "../scripts/project.mjs";

const directory = await buildNative("release", ["run_benchmark"]);
const results = join(root, "bench/results");
mkdirSync(results, { recursive: true });
const commit = capture("git", ["describe", "--always", "--dirty"]).stdout.trim();
process.exitCode = await run(join(directory, "benchmark/run_benchmark"), [
  `--benchmark_out=${join(results, "native.json")}`,
  "--benchmark_out_format=json",
  `--benchmark_context=commit=${commit}`,
  ...process.argv.slice(2),
]);
