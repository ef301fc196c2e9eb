// `npm run bench:server`: redis-benchmark against this server and redis-server, interleaved in one run. The figure is the server's
// CPU time an operation, by the operating system's accounting: it does not depend on how fast the one client is. Server and
// client have a core each. Two I/O threads are measured there, too, and once more on both cores, where one of them shares its core
// with the client.
//
//   npm run bench:server                       GET and SET, pipelines of 1, 16 and 64, five rounds
//   npm run bench:server -- --rounds 1         a first look
//   npm run bench:server -- --standalone       the data plane without Node (needs build-release)
//
// Every trial is a fresh server with all keys loaded. Prints medians and ratios; writes bench/results/server.json.
import { capture } from "../scripts/project.mjs";
import { median, numberOption, printTable, writeResults } from "./harness/report.mjs";
import { RespConnection } from "./harness/resp-connection.mjs";
import { ServerProcess } from "./harness/server-process.mjs";

const settings = {
  rounds: numberOption("rounds", 5),
  clients: numberOption("clients", 50),
  keys: numberOption("keys", 100_000),
  valueBytes: numberOption("value-bytes", 64),
};

const kind = process.argv.includes("--standalone") ? "standalone" : "distcache";
const redisName = "redis-server";
const oneThread = "distcache, 1 I/O thread";
const twoThreads = ["distcache, 2 I/O threads", "distcache, 2 I/O threads, both cores"];

const servers = [
  { name: redisName, kind: "redis", options: { cores: "0" } },
  { name: oneThread, kind, options: { cores: "0", ioThreads: 1 } },
  { name: twoThreads[0], kind, options: { cores: "0", ioThreads: 2 } },
  { name: twoThreads[1], kind, options: { cores: "0,1", ioThreads: 2 } },
];

/** Requests are chosen so that a trial takes some seconds. Targets: one thread against Redis. */
const cases = [
  { pipeline: 1, requests: 300_000, target: 0.95 },
  { pipeline: 16, requests: 2_000_000, target: 0.75 },
  { pipeline: 64, requests: 4_000_000, target: 0.65 },
].flatMap((one) => ["GET", "SET"].map((command) => ({ ...one, command })));

const threadsTarget = 1.1;

/** Runs redis-benchmark once and answers its row: rate and latencies. */
function benchmark(port, { command, pipeline, requests }) {
  const args = ["-h", "127.0.0.1", "-p", port, "-c", settings.clients, "-d", settings.valueBytes, "-r", settings.keys];
  args.push("-t", command.toLowerCase(), "-P", pipeline, "-n", requests, "--csv");
  const { code, output, stdout } = capture("timeout", [
    "300",
    "taskset",
    "-c",
    "1",
    "redis-benchmark",
    ...args.map(String),
  ]);
  if (code !== 0) throw new Error(`redis-benchmark failed: ${output}`);
  const row = stdout.trim().split("\n").at(-1).replaceAll('"', "").split(",");
  return { perSecond: Number(row[1]), p50Ms: Number(row[4]), p99Ms: Number(row[6]) };
}

async function trial(server, one) {
  const running = await ServerProcess.start(server.kind, server.options);
  try {
    const connection = await RespConnection.open(running.port);
    await connection.load(0, settings.keys, settings.valueBytes);
    connection.close();
    const cpuBeforeNs = running.cpuNs();
    const measured = benchmark(running.port, one);
    const cpuUs = (running.cpuNs() - cpuBeforeNs) / 1000 / one.requests;
    return { server: server.name, command: one.command, pipeline: one.pipeline, cpuUs, ...measured };
  } finally {
    await running.stop();
  }
}

async function runTrials() {
  const trials = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const one of cases) {
      for (const server of servers) trials.push({ round, ...(await trial(server, one)) });
    }
    console.log(`round ${round + 1} of ${settings.rounds} done`);
  }
  return trials;
}

/** Medians over the rounds, and each server's CPU time as a ratio: one thread to Redis, two threads to one. */
function summarize(trials) {
  const of = (name, { command, pipeline }, field) =>
    median(
      trials
        .filter((one) => one.server === name && one.command === command && one.pipeline === pipeline)
        .map((one) => one[field]),
    );
  return cases.flatMap((one) =>
    servers.map(({ name }) => {
      const hasTwoThreads = twoThreads.includes(name);
      const base = hasTwoThreads ? oneThread : redisName;
      const target = hasTwoThreads ? threadsTarget : one.target;
      return {
        command: one.command,
        pipeline: one.pipeline,
        server: name,
        perSecond: of(name, one, "perSecond"),
        p50Ms: of(name, one, "p50Ms"),
        p99Ms: of(name, one, "p99Ms"),
        cpuUs: of(name, one, "cpuUs"),
        ...(name === redisName
          ? {}
          : { cpuRatio: of(name, one, "cpuUs") / of(base, one, "cpuUs"), ratioTo: base, target }),
      };
    }),
  );
}

function print(summary) {
  const header = ["command, pipeline, server", "requests/s", "p50 ms", "p99 ms", "CPU us/op", "ratio", "target", "to"];
  const rows = summary.map((row) => [
    `${row.command} ${row.pipeline}  ${row.server}`,
    row.perSecond.toFixed(0),
    row.p50Ms.toFixed(3),
    row.p99Ms.toFixed(3),
    row.cpuUs.toFixed(3),
    row.cpuRatio?.toFixed(3) ?? "",
    row.target === undefined ? "" : `${row.cpuRatio <= row.target ? "ok" : "over"} ${row.target.toFixed(2)}`,
    row.ratioTo ?? "",
  ]);
  printTable(header, rows);
}

const trials = await runTrials();
const summary = summarize(trials);
print(summary);
writeResults(kind === "standalone" ? "server-standalone" : "server", { settings, summary, trials });
