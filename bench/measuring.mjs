// `npm run bench:measuring`: what counting and timing cost. The data plane without Node is built twice, with measuring and without
// it (DISTCACHE_MEASURING=OFF), and both serve the same load in turn. The figure is the server's CPU time an operation; the
// target is at most 3 % more with measuring, at a pipeline of 16.
//
//   npm run bench:measuring -- --rounds 9
//   npm run bench:measuring -- --pipeline 16     this pipeline alone
//
// The order within a round changes from round to round. Prints medians and the ratio; writes bench/results/measuring.json.
import { buildNative } from "../scripts/native-build.mjs";
import { capture } from "../scripts/project.mjs";
import { median, numberOption, printTable, writeResults } from "./harness/report.mjs";
import { RespConnection } from "./harness/resp-connection.mjs";
import { ServerProcess } from "./harness/server-process.mjs";

const settings = { rounds: numberOption("rounds", 7), keys: 100_000, valueBytes: 64, clients: 50 };
const variants = ["release", "unmeasured"];
const target = 1.03;

const cases = [
  { pipeline: 1, requests: 200_000 },
  { pipeline: 16, requests: 2_000_000 },
  { pipeline: 64, requests: 5_000_000 },
]
  .filter(({ pipeline }) => pipeline === numberOption("pipeline", pipeline))
  .flatMap((one) => ["GET", "SET"].map((command) => ({ ...one, command })));

async function trial(variant, { command, pipeline, requests }) {
  const server = await ServerProcess.start("standalone", { cores: "0", ioThreads: 1, variant });
  try {
    const connection = await RespConnection.open(server.port);
    await connection.load(0, settings.keys, settings.valueBytes);
    connection.close();
    const before = server.cpuNs();
    const place = ["-h", "127.0.0.1", "-p", server.port, "-c", settings.clients, "-d", settings.valueBytes];
    const load = ["-r", settings.keys, "-t", command.toLowerCase(), "-P", pipeline, "-n", requests, "-q"];
    const args = ["300", "taskset", "-c", "1", "redis-benchmark", ...place, ...load].map(String);
    const { code, output } = capture("timeout", args);
    if (code !== 0) throw new Error(`redis-benchmark failed: ${output}`);
    return (server.cpuNs() - before) / requests;
  } finally {
    await server.stop();
  }
}

const nanoseconds = (value) => `${value.toFixed(0)} ns`;

async function main() {
  for (const variant of variants) await buildNative(variant, ["distcache_standalone"]);
  const trials = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const one of cases) {
      for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
        trials.push({ round, variant, ...one, cpuNs: await trial(variant, one) });
      }
    }
    console.log(`round ${round + 1} of ${settings.rounds} done`);
  }
  const rows = cases.map(({ command, pipeline }) => {
    const of = (variant) =>
      trials.filter((one) => one.variant === variant && one.command === command && one.pipeline === pipeline);
    const [measured, unmeasured] = variants.map((variant) => median(of(variant).map(({ cpuNs }) => cpuNs)));
    return { command, pipeline, measured, unmeasured, ratio: measured / unmeasured };
  });
  printTable(
    ["CPU an operation", "measured", "without", "ratio", `target at 16: ${target}`],
    rows.map(({ command, pipeline, measured, unmeasured, ratio }) => [
      `${command}, pipeline ${pipeline}`,
      nanoseconds(measured),
      nanoseconds(unmeasured),
      ratio.toFixed(3),
      pipeline !== 16 ? "" : ratio <= target ? "met" : "missed",
    ]),
  );
  writeResults("measuring", { settings, rows, trials });
}

await main();
