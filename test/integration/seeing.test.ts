// Seeing inside a running node from outside: INFO, SLOWLOG, LATENCY, MONITOR, MEMORY, redis-cli's own tools, and the same numbers
// over HTTP. Where Redis has the command, its replies are those of redis-server run beside it.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createConnection } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServedNode } from "../harness/served-node.ts";
import { until } from "../harness/until.ts";
import { freePort } from "../unit/dashboard/free-port.ts";

const run = promisify(execFile);

let node: ServedNode;
let redis: { port: number; process: ChildProcess };

beforeAll(async () => {
  node = await ServedNode.start({ settings: { DASHBOARD_PORT: "0", MAX_MEMORY: "256mb" } });
  const port = await freePort();
  const args = ["--port", String(port), "--save", "", "--bind", "127.0.0.1"];
  redis = { port, process: spawn("redis-server", args, { stdio: "ignore" }) };
  await until(async () => (await cli(port, "PING")) === "PONG", "redis-server answers");
});

afterAll(async () => {
  redis.process.kill();
  await node.stop();
});

async function cli(port: number, ...words: string[]): Promise<string> {
  const { stdout } = await run("redis-cli", ["-p", String(port), ...words], { timeout: 60_000 });
  return stdout.trimEnd();
}

const ours = (...words: string[]) => cli(node.port, ...words);

/** The fields of INFO sections, by name. */
async function info(port: number, ...sections: string[]): Promise<Record<string, string>> {
  const text = await cli(port, "INFO", ...sections);
  const lines = text.split(/\r?\n/).filter((line) => line.includes(":"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

function dashboardUrl(): string {
  const url = /dashboard at (http:[^ "]+)/.exec(node.log)?.[1];
  if (url === undefined) throw new Error(`no dashboard in ${node.log}`);
  return url;
}

async function api<T>(path: string): Promise<T> {
  const response = await fetch(`${dashboardUrl()}${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

describe("INFO", () => {
  test("has the sections of Redis in its order, and those of all when asked", async () => {
    const titles = (text: string) => [...text.matchAll(/^# (\w+)/gm)].map((match) => match[1]);
    const theirs = titles(await cli(redis.port, "INFO", "everything")).filter((title) => title !== "Modules");
    expect(titles(await ours("INFO", "everything")).toSorted()).toEqual(theirs.toSorted());
    expect(titles(await ours("INFO")).slice(0, 5)).toEqual(titles(await cli(redis.port, "INFO")).slice(0, 5));
    expect(titles(await ours("INFO"))).not.toContain("Commandstats");
  });

  test("fields that Redis has too have values of the same kind", async () => {
    const mine = await info(node.port, "clients", "memory", "stats", "cpu");
    const theirs = await info(redis.port, "clients", "memory", "stats", "cpu");
    const shared = Object.keys(mine).filter((field) => field in theirs);
    expect(shared.length).toBeGreaterThan(35);
    const kindOf = (value = "") =>
      value.replace(/\d+(\.\d+)?/g, (_, fraction) => (fraction === undefined ? "n" : "n.n"));
    const differing = shared.filter((field) => {
      const [a, b] = [kindOf(mine[field]), kindOf(theirs[field])];
      return a !== b && !/^n(\.n)?[BKMG%]?$/.test(a) && field !== "maxmemory_policy";
    });
    expect(differing).toEqual([]);
  });

  test("counts commands, failures, rejections, errors, hits and traffic", async () => {
    await ours("CONFIG", "RESETSTAT");
    const script = [
      "SET seen 1",
      "GET seen",
      "GET seen",
      "GET unseen",
      "LPUSH",
      "GET",
      "INCR word",
      "SET word x",
      "INCR word",
    ];
    await pipe(script);
    const { cmdstat_get, cmdstat_set, cmdstat_incr } = await info(node.port, "commandstats");
    expect(cmdstat_get).toMatch(/^calls=3,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=1,failed_calls=0$/);
    expect(cmdstat_set).toContain("calls=2,");
    expect(cmdstat_incr).toMatch(/calls=2,.*failed_calls=1$/);
    const stats = await info(node.port, "stats", "errorstats", "latencystats");
    expect(stats).toMatchObject({ keyspace_hits: "2", keyspace_misses: "1", errorstat_ERR: "count=3" });
    expect(stats.latency_percentiles_usec_get).toMatch(/^p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}$/);
    expect(Number(stats.total_net_input_bytes)).toBeGreaterThan(script.join("\r\n").length);
  });

  test("CONFIG RESETSTAT begins INFO anew and leaves Prometheus's counters alone", async () => {
    await ours("SET", "k", "v");
    const before = await prometheus('distcache_command_calls_total{command="set",family="write"}');
    await ours("CONFIG", "RESETSTAT");
    expect((await info(node.port, "commandstats")).cmdstat_set).toBeUndefined();
    expect(await prometheus('distcache_command_calls_total{command="set",family="write"}')).toBe(before);
  });

  test("commands that TypeScript answers are counted under their full names", async () => {
    await ours("CONFIG", "RESETSTAT");
    await ours("CONFIG", "GET", "maxmemory");
    await ours("OBJECT", "ENCODING", "seen");
    const stats = await info(node.port, "commandstats");
    expect(stats["cmdstat_config|get"]).toContain("calls=1,");
    expect(stats["cmdstat_object|encoding"]).toContain("calls=1,");
  });
});

/** Sends inline commands over one connection in one write; resolves with all replies. */
async function pipe(lines: readonly string[], port = node.port): Promise<string> {
  const socket = createConnection(port, "127.0.0.1");
  const replies: Buffer[] = [];
  socket.on("data", (bytes) => replies.push(bytes));
  socket.write(`${[...lines, "QUIT"].join("\r\n")}\r\n`);
  await new Promise((resolve, reject) => {
    socket.on("close", resolve);
    socket.on("error", reject);
  });
  return Buffer.concat(replies).toString("latin1");
}

async function prometheus(sample: string): Promise<number | undefined> {
  const text = await (await fetch(`${dashboardUrl()}metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

describe("SLOWLOG", () => {
  test("keeps commands above the threshold with arguments, address and name, shortened as Redis does", async () => {
    const long = "x".repeat(200);
    const many = Array.from({ length: 40 }, (_, i) => `key${i}`);
    const entries: Record<number, string[]> = {};
    for (const port of [node.port, redis.port]) {
      await cli(port, "CONFIG", "SET", "slowlog-log-slower-than", "0");
      await cli(port, "SLOWLOG", "RESET");
      await pipe(["CLIENT SETNAME tester", `SET k ${long}`, `MGET ${many.join(" ")}`], port);
      await cli(port, "CONFIG", "SET", "slowlog-log-slower-than", "-1");
      const text = await cli(port, "--json", "SLOWLOG", "GET", "-1");
      const rows = JSON.parse(text) as [number, number, number, string[], string, string][];
      const wanted = rows.filter(([, , , args]) => ["SET", "MGET"].includes(args[0] ?? ""));
      entries[port] = wanted.map(([, , , args, address, name]) => {
        expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
        return `${name} ${args.join(" ")}`;
      });
    }
    expect(entries[node.port]).toHaveLength(2);
    expect(entries[node.port]).toEqual(entries[redis.port]);
  });

  test("its length is bounded and asked for; passwords do not enter", async () => {
    await ours("CONFIG", "SET", "slowlog-max-len", "3", "slowlog-log-slower-than", "0");
    await pipe(["PING", "PING", "PING", "PING", "AUTH default hunter2"]);
    expect(Number(await ours("SLOWLOG", "LEN"))).toBe(3);
    const { commands } = await api<{ commands: { args: string[] }[] }>("api/slowlog");
    expect(JSON.stringify(commands)).not.toContain("hunter2");
    await ours("CONFIG", "SET", "slowlog-max-len", "128", "slowlog-log-slower-than", "-1");
    await ours("SLOWLOG", "RESET");
    expect(await ours("SLOWLOG", "LEN")).toBe("0");
    await ours("CONFIG", "SET", "slowlog-log-slower-than", "10000");
  });

  test.each([
    ["SLOWLOG", "GET", "-2"],
    ["SLOWLOG", "GET", "x"],
    ["SLOWLOG", "GET", "0"],
    ["LATENCY", "HISTORY", "nothing"],
    ["LATENCY", "LATEST"],
    ["LATENCY", "RESET"],
    ["LATENCY", "RESET", "nothing"],
    ["LATENCY", "HISTOGRAM", "nothing"],
    ["MEMORY", "PURGE"],
    ["SLOWLOG", "RESET"],
  ])("%s %s %s answers as Redis does", async (...words) => {
    expect(await ours(...words)).toBe(await cli(redis.port, ...words));
  });
});

test("LATENCY HISTOGRAM counts every call, and its buckets are Redis's", async () => {
  for (const port of [node.port, redis.port]) {
    await cli(port, "CONFIG", "RESETSTAT");
    await pipe(Array<string>(500).fill("SET histogram 1"), port);
  }
  const read = async (port: number) =>
    JSON.parse(await cli(port, "-3", "--json", "LATENCY", "HISTOGRAM", "set")) as {
      set: { calls: number; histogram_usec: Record<string, number> };
    };
  const { set } = await read(node.port);
  expect(Object.values(set.histogram_usec).at(-1)).toBe(set.calls);
  const known = [
    "1",
    "2",
    "4",
    "8",
    "16",
    "33",
    "66",
    "132",
    "264",
    "528",
    "1056",
    "2113",
    "4227",
    "8454",
    "16908",
    "33817",
  ];
  for (const histogram of [set, (await read(redis.port)).set]) {
    expect(Object.keys(histogram.histogram_usec).filter((bucket) => !known.includes(bucket))).toEqual([]);
  }
});

test("LATENCY keeps spikes of commands once a threshold is set, and the slow log shows them", async () => {
  await ours("CONFIG", "SET", "latency-monitor-threshold", "1", "slowlog-log-slower-than", "1000");
  // Growing a value of 40 MB copies it, which takes longer than a millisecond on any machine.
  await pipe(["SETRANGE grown 40000000 x", "APPEND grown y"]);
  expect(await ours("LATENCY", "LATEST")).toMatch(/^command\n\d{10}\n\d+\n\d+$/m);
  expect(await ours("LATENCY", "HISTORY", "command")).toMatch(/^\d{10}\n\d+/);
  expect(await ours("SLOWLOG", "GET")).toMatch(/setrange|SETRANGE/);
  await ours("CONFIG", "SET", "latency-monitor-threshold", "0", "slowlog-log-slower-than", "10000");
  expect(await ours("LATENCY", "RESET", "command")).toBe("1");
  await ours("LATENCY", "RESET");
  await ours("DEL", "grown");
});

test("MONITOR shows commands of other clients as Redis does", async () => {
  const watched: Record<number, string[]> = {};
  for (const port of [node.port, redis.port]) {
    const socket = createConnection(port, "127.0.0.1");
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
    });
    socket.write("MONITOR\r\n");
    await expect.poll(() => text, { timeout: 30_000 }).toContain("+OK");
    await cli(port, "-n", "2", "SET", 'a"b\\c\n', "\x01\xff");
    await cli(port, "CLIENT", "GETNAME");
    await cli(port, "GET", "last");
    await expect.poll(() => text, { timeout: 30_000 }).toContain('"last"');
    socket.destroy();
    // Redis tells the database after SELECT has run, we before: that line is left out.
    watched[port] = text
      .split("\r\n")
      .filter((line) => line.includes("[") && !line.includes('"SELECT"'))
      .map((line) => line.replace(/^\+\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\]/, "[$1 peer]"));
  }
  expect(watched[node.port]).toEqual(watched[redis.port]);
});

test("MEMORY STATS has numbers, DOCTOR a verdict", async () => {
  const stats = await ours("MEMORY", "STATS");
  for (const field of ["total.allocated", "keys.count", "dataset.bytes", "peak.percentage"])
    expect(stats).toContain(field);
  expect(await ours("MEMORY", "DOCTOR")).toMatch(/^(Nothing looks wrong|- )/);
});

describe("redis-cli", () => {
  test.each([["--bigkeys"], ["--memkeys"]])("%s walks the keys", async (tool) => {
    await ours("SET", "biggest:one", "x".repeat(3000));
    expect(await ours(tool)).toContain("biggest:one");
  });

  test("--hotkeys names the key that is used most", async () => {
    for (let i = 0; i < 50; i++) await ours("GET", "hottest:by-far");
    await ours("SET", "hottest:by-far", "1");
    expect(await ours("--hotkeys")).toMatch(/hot key found with counter: \d+\s+keyname: "?hottest:by-far/);
  });

  test("--stat and --latency read the node", async () => {
    const { stdout } = await run("timeout", [
      "5",
      "stdbuf",
      "-oL",
      "redis-cli",
      "-p",
      String(node.port),
      "-i",
      "0.2",
      "--stat",
    ]).catch((error: { stdout: string }) => error);
    expect(stdout).toMatch(/^\d+ +[\d.]+[KMG]? +\d+ +0 +\d+/m);
    const latency = await run("timeout", ["3", "redis-cli", "-p", String(node.port), "--latency", "--raw"]).catch(
      (error: { stdout: string }) => error,
    );
    expect(latency.stdout).toMatch(/^\d+ \d+ [\d.]+ \d+/m);
  });
});

test("Redis's exporter for Prometheus reads the node", async () => {
  const port = await freePort();
  const exporter = spawn("prometheus-redis-exporter", [
    ...["-redis.addr", `redis://127.0.0.1:${node.port}`],
    ...["-web.listen-address", `127.0.0.1:${port}`],
  ]);
  try {
    const read = () =>
      fetch(`http://127.0.0.1:${port}/metrics`)
        .then((response) => response.text())
        .catch(() => "");
    await expect.poll(read, { timeout: 30_000 }).toContain("redis_up 1");
    const text = await read();
    for (const name of [
      "redis_memory_used_bytes",
      "redis_connected_clients",
      "redis_commands_total",
      "redis_db_keys",
    ]) {
      expect(text).toMatch(new RegExp(`^${name}(\\{[^}]*\\})? [0-9.e+]+$`, "m"));
    }
  } finally {
    exporter.kill();
  }
});

describe("over HTTP", () => {
  test("hot keys, big calls, clients, configuration and a key's report come from the running node", async () => {
    await pipe([
      ...Array<string>(20_000).fill("GET hottest"),
      `SET bulky ${"v".repeat(9000)}`,
      "SET greeting h\u00e9llo EX 100",
    ]);
    const hot = await api<{ keys: { key: string; calls: number }[] }>("api/hotkeys?limit=5");
    expect(hot.keys[0]).toMatchObject({ key: "hottest" });
    const big = await api<{ requests: { key: string; command: string; sizeBytes: number }[] }>("api/bigcalls");
    expect(big.requests.find(({ key }) => key === "bulky")).toMatchObject({ command: "set", sizeBytes: 9008 });
    const socket = createConnection(node.port, "127.0.0.1");
    socket.write("CLIENT SETNAME visible\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    const { clients } = await api<{ clients: { name: string; address: string }[] }>("api/clients");
    socket.destroy();
    expect(clients.find(({ name }) => name === "visible")?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    const { settings } = await api<{ settings: { name: string; value: string }[] }>("api/config");
    expect(settings.find(({ name }) => name === "MAX_MEMORY")?.value).toBe("268435456");
    const key = await api<{ ttlMs: number; type: string; valueBytes: number }>("api/key?key=greeting");
    expect(key).toMatchObject({ type: "string", encoding: "text" });
    expect(key.ttlMs).toBeGreaterThan(0);
  });

  test("calls are counted by the hash slot of their key, as Redis Cluster numbers them", async () => {
    // CRC16 of these digits is the check value of the XMODEM variant: 0x31c3.
    await pipe(Array<string>(20_000).fill("GET 123456789"));
    await pipe(Array<string>(5).fill("GET a{123456789}b"));
    const { slots } = await api<{ slots: { slot: number; calls: number }[] }>("api/slots?limit=1000");
    expect(slots.find(({ slot }) => slot === 0x31c3)?.calls).toBeGreaterThan(15_000);
  });

  test("INFO, Prometheus and JSON tell the same number", async () => {
    const { keyspace_hits } = await info(node.port, "stats");
    await ours("CONFIG", "RESETSTAT");
    const stats = await api<{ metrics: { name: string; value?: number }[] }>("api/stats");
    const json = stats.metrics.find(({ name }) => name === "distcache_keyspace_hits_total")?.value;
    expect(await prometheus("distcache_keyspace_hits_total")).toBe(json);
    expect(Number(keyspace_hits)).toBeLessThanOrEqual(json ?? 0);
  });
});

test("a secret setting is never shown, and a token guards the API", async () => {
  const guarded = await ServedNode.start({
    settings: { DASHBOARD_PORT: "0", DASHBOARD_TOKEN: "much-secret", METRICS_TOKEN: "scrape" },
  });
  try {
    const url = /dashboard at (http:[^ "]+)/.exec(guarded.log)?.[1] ?? "";
    const ask = (path: string, token?: string) =>
      fetch(url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    expect((await ask("api/config")).status).toBe(401);
    const text = await (await ask("api/config", "much-secret")).text();
    expect(text).toContain("DASHBOARD_TOKEN");
    expect(text).not.toContain("much-secret");
    expect((await ask("metrics", "scrape")).status).toBe(200);
    expect((await ask("healthz")).status).toBe(200);
  } finally {
    await guarded.stop();
  }
});

test("a dashboard port that was set and is taken stops the start and names the setting", async () => {
  const taken = new URL(dashboardUrl()).port;
  const { code, errors } = await ServedNode.refusal({ settings: { DASHBOARD_PORT: taken } });
  expect(code).toBe(1);
  expect(errors).toContain("DASHBOARD_PORT");
});
