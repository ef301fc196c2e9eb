// `npm run bench:persistence`: what keeping the data costs, as ratios to redis-server on the same disk in the same run.
//
//   save      SAVE of a million entries (16-byte keys, 64-byte values)
//   start     from the start of the process with that snapshot until the first GET is answered
//   everysec  server CPU time a SET, pipeline 16: to Redis with its AOF, and to this server without a log
//   always    SETs a second by 50 clients that wait for each reply, synced before it
//   bgsave    a snapshot under full write load: growth of the peak RSS, and p99 against that without
//   recovery  records a second from a binary log, by the core
//
//   npm run bench:persistence                          everything, five rounds
//   npm run bench:persistence -- --rounds 1 --only save,start
//
// Server and client have a core each. Every trial is a fresh process on a fresh directory. Medians; JSON in bench/results.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, root } from "../scripts/project.mjs";
import { median, numberOption, printTable, writeResults } from "./harness/report.mjs";
import { benchmarkKey, RespConnection } from "./harness/resp-connection.mjs";
import { ServerProcess } from "./harness/server-process.mjs";

const settings = {
  rounds: numberOption("rounds", 5),
  entries: numberOption("entries", 1_000_000),
  valueBytes: 64,
  clients: 50,
};
const onlyAt = process.argv.indexOf("--only");
const only = onlyAt < 0 ? undefined : process.argv[onlyAt + 1].split(",");

const noSchedule = { SNAPSHOT_INTERVAL_S: "", SNAPSHOT_AFTER_WRITES: "", WAL_GROWTH_PERCENT: "" };
const ours = (directory, changes) => ({
  kind: "distcache",
  options: { settings: { DATA_DIR: directory, NODE_ID: "bench", ...noSchedule, ...changes } },
});
const redis = (directory, args) => ({ kind: "redis", options: { args: ["--dir", directory, ...args] } });

const logOnly = { WAL_FILE: "bench", SNAPSHOT_FILE: "bench" };
const aof = (policy) => ["--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0"];

function start({ kind, options }, cores) {
  return ServerProcess.start(kind, { ...options, ...(cores === undefined ? {} : { cores }) });
}

/** Runs `work` with a directory of its own, which is gone afterwards. */
async function inDirectory(work) {
  const directory = mkdtempSync(join(tmpdir(), "distcache-bench-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function withServer(how, cores, work) {
  const server = await start(how, cores);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function withConnection(server, work) {
  const connection = await RespConnection.open(server.port);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

async function timedMs(work) {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

function benchmark(port, { requests, pipeline = 1, clients = settings.clients }) {
  const args = [
    "-h",
    "127.0.0.1",
    "-p",
    port,
    "-c",
    clients,
    "-P",
    pipeline,
    "-n",
    requests,
    "-d",
    settings.valueBytes,
  ];
  args.push("-r", 100_000, "-t", "set", "--csv");
  const run = capture("timeout", ["300", "taskset", "-c", "1", "redis-benchmark", ...args.map(String)]);
  if (run.code !== 0) throw new Error(`redis-benchmark failed: ${run.output}`);
  const row = run.stdout.trim().split("\n").at(-1).replaceAll('"', "").split(",");
  return { perSecond: Number(row[1]), p99Ms: Number(row[6]) };
}

/** SAVE, and then a start with what it wrote: one directory serves both. */
async function saveAndStart(make, key) {
  return inDirectory(async (directory) => {
    const how = make(directory);
    const saveMs = await withServer(how, undefined, (server) =>
      withConnection(server, async (connection) => {
        await connection.load(0, settings.entries, settings.valueBytes);
        return timedMs(() => connection.pipeline([["SAVE"]]));
      }),
    );
    const startedAtMs = performance.now();
    return withServer(how, undefined, async (server) => {
      await withConnection(server, (connection) => connection.firstAnswer(["GET", key]));
      return { saveMs, startMs: performance.now() - startedAtMs };
    });
  });
}

async function cpuPerSet(how, requests) {
  return withServer(how, "0", (server) => {
    const beforeNs = server.cpuNs();
    benchmark(server.port, { requests, pipeline: 16 });
    return (server.cpuNs() - beforeNs) / 1000 / requests;
  });
}

function setsPerSecond(how, requests) {
  return withServer(how, undefined, (server) => benchmark(server.port, { requests }).perSecond);
}

function peakRssBytes(server) {
  const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)[1]) * 1024;
}

/** p99 of writes without and with snapshots one after the other, and by how much the second made the peak RSS grow. */
async function snapshotUnderLoad() {
  return inDirectory((directory) =>
    withServer(ours(directory, logOnly), undefined, async (server) =>
      withConnection(server, async (connection) => {
        await connection.load(0, settings.entries, settings.valueBytes);
        const load = { requests: 600_000, pipeline: 1 };
        benchmark(server.port, load);
        const quiet = benchmark(server.port, load);
        const before = peakRssBytes(server);
        const saving = keepSaving(server.port);
        const busy = benchmark(server.port, load);
        const snapshots = await saving.stop();
        const dataBytes = settings.entries * (16 + settings.valueBytes);
        return { p99Ratio: busy.p99Ms / quiet.p99Ms, growth: (peakRssBytes(server) - before) / dataBytes, snapshots };
      }),
    ),
  );
}

/** Another process asks for one BGSAVE after the other, as this one waits for redis-benchmark. stop() answers how many. */
function keepSaving(port) {
  const script = `
    import { Redis } from "ioredis";
    const client = new Redis(${port}, "127.0.0.1");
    for (;;) {
      await client.bgsave();
      do await new Promise((resolve) => setTimeout(resolve, 50));
      while ((await client.info("persistence")).includes("rdb_bgsave_in_progress:1"));
      process.stdout.write(".");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let count = 0;
  child.stdout.on("data", (bytes) => {
    count += bytes.length;
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  return {
    async stop() {
      child.kill("SIGTERM");
      await ended;
      return count;
    },
  };
}

async function recordsPerSecond() {
  return inDirectory(async (directory) => {
    const how = ours(directory, { ...logOnly, WAL_SEGMENT_BYTES: "4gb" });
    await withServer(how, undefined, (server) =>
      withConnection(server, (connection) => connection.load(0, settings.entries, settings.valueBytes)),
    );
    const node = join(directory, "bench");
    const segment = readdirSync(node)
      .map((name) => join(node, name))
      .filter((path) => path.endsWith(".wal"))
      .sort((a, b) => statSync(b).size - statSync(a).size)[0];
    const script = `
      import { NativeStore, replaySegment } from ${JSON.stringify(new URL("../dist/native.js", import.meta.url).href)};
      const store = NativeStore.create({ databases: 16, shards: 0, maxEntries: 0, maxMemoryBytes: 0, eviction: "noeviction" });
      const before = process.cpuUsage();
      const { applied } = await replaySegment(store, ${JSON.stringify(segment)}, 0);
      const { user, system } = process.cpuUsage(before);
      console.log(applied / ((user + system) / 1e6));`;
    const run = capture(process.execPath, ["--input-type=module", "--eval", script]);
    if (run.code !== 0) throw new Error(run.output);
    return Number(run.stdout);
  });
}

const key = benchmarkKey(4711);
const redisSnapshots = (directory) => redis(directory, []);
const ourSnapshots = (directory) => ours(directory, logOnly);

/** Each part runs one round and answers its figures by name. */
const parts = {
  async save() {
    const theirs = await saveAndStart(redisSnapshots, key);
    const own = await saveAndStart(ourSnapshots, key);
    return {
      "SAVE, redis (ms)": theirs.saveMs,
      "SAVE (ms)": own.saveMs,
      "start to first GET, redis (ms)": theirs.startMs,
      "start to first GET (ms)": own.startMs,
    };
  },
  async everysec() {
    const requests = 2_000_000;
    return {
      "SET p16 everysec, redis (us CPU)": await inDirectory((dir) => cpuPerSet(redis(dir, aof("everysec")), requests)),
      "SET p16 everysec (us CPU)": await inDirectory((dir) => cpuPerSet(ours(dir, logOnly), requests)),
      "SET p16 without log (us CPU)": await inDirectory((dir) => cpuPerSet(ours(dir, {}), requests)),
    };
  },
  async always() {
    const always = { ...logOnly, WAL_FSYNC: "always" };
    return {
      "SET always, redis (1/s)": await inDirectory((dir) => setsPerSecond(redis(dir, aof("always")), 20_000)),
      "SET always (1/s)": await inDirectory((dir) => setsPerSecond(ours(dir, always), 40_000)),
    };
  },
  async bgsave() {
    const { p99Ratio, growth, snapshots } = await snapshotUnderLoad();
    return {
      "p99 with snapshots to p99 without": p99Ratio,
      "peak RSS growth by data": growth,
      "snapshots meanwhile": snapshots,
    };
  },
  async recovery() {
    return { "recovery (records/s a core)": await recordsPerSecond() };
  },
};

/** What is compared with a target: a figure, or the ratio of two. */
const verdicts = [
  { name: "SAVE to redis", of: ["SAVE (ms)", "SAVE, redis (ms)"], atMost: 0.3 },
  { name: "start to redis", of: ["start to first GET (ms)", "start to first GET, redis (ms)"], atMost: 0.3 },
  { name: "everysec to redis", of: ["SET p16 everysec (us CPU)", "SET p16 everysec, redis (us CPU)"], atMost: 0.7 },
  { name: "everysec to no log", of: ["SET p16 everysec (us CPU)", "SET p16 without log (us CPU)"], atMost: 1.3 },
  { name: "always to redis", of: ["SET always (1/s)", "SET always, redis (1/s)"], atLeast: 1.2 },
  { name: "p99 with snapshots", of: ["p99 with snapshots to p99 without"], atMost: 2 },
  { name: "RSS with snapshots", of: ["peak RSS growth by data"], atMost: 0.1 },
  { name: "recovery", of: ["recovery (records/s a core)"], atLeast: 2_000_000 },
];

const shown = (value) => (value >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(3));

async function main() {
  const trials = [];
  const names = Object.keys(parts).filter((name) => only === undefined || only.includes(name));
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const name of names) trials.push({ round, ...(await parts[name]()) });
    console.log(`round ${round + 1} of ${settings.rounds} done`);
  }
  const figures = new Map();
  for (const { round: _, ...measured } of trials) {
    for (const [name, value] of Object.entries(measured)) figures.set(name, [...(figures.get(name) ?? []), value]);
  }
  const medians = Object.fromEntries([...figures].map(([name, values]) => [name, median(values)]));
  printTable(
    ["figure", "median", "least", "most"],
    [...figures].map(([name, values]) => [
      name,
      shown(median(values)),
      shown(Math.min(...values)),
      shown(Math.max(...values)),
    ]),
  );
  const judged = verdicts
    .filter(({ of }) => of.every((name) => name in medians))
    .map(({ name, of: [first, second], atMost, atLeast }) => {
      const value = second === undefined ? medians[first] : medians[first] / medians[second];
      const isMet = atMost === undefined ? value >= atLeast : value <= atMost;
      return { name, value, target: atMost === undefined ? `>= ${atLeast}` : `<= ${atMost}`, isMet };
    });
  console.log("");
  printTable(
    ["target", "measured", "wanted", ""],
    judged.map(({ name, value, target, isMet }) => [name, shown(value), target, isMet ? "met" : "missed"]),
  );
  writeResults("persistence", { settings, trials, medians, verdicts: judged });
}

await main();
