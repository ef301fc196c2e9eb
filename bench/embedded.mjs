// `npm run bench:embedded`: the library from JavaScript on one core, beside lru-cache as a yardstick that keeps JavaScript
// strings as they are (it never copies a value out of the engine, and has no TTL sweep, memory bound or second thread).
//
//   npm run bench:embedded                    10,000 keys (the default bound), 64-byte values
//   npm run bench:embedded -- --keys 1000000
//
// Prints operations a second by the clock (the benchmark package) and by the processor's time (as the operating system accounts
// it), and writes bench/results/embedded.json. The two are the same on an idle machine; only the second tells anything on a busy one.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { LRUCache } from "lru-cache";
import { Cache } from "../dist/index.js";
import { capture, root } from "../scripts/project.mjs";

const Benchmark = createRequire(import.meta.url)("benchmark");

function numberArgument(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

const keyCount = numberArgument("keys", 10_000);
const valueBytes = numberArgument("value-bytes", 64);

const keys = Array.from({ length: keyCount }, (_, index) => `key:${String(index).padStart(12, "0")}`);
const value = "x".repeat(valueBytes);
// A fixed order that no cache line prefetcher follows: the same for every subject.
const order = Uint32Array.from(keys, (_, index) => (index * 7919) % keyCount);

/** A subject's next key, each with a position of its own. */
function walker() {
  let at = 0;
  return () => {
    at = at + 1 === keyCount ? 0 : at + 1;
    return keys[order[at]];
  };
}

function subjects() {
  const cache = new Cache({ maxEntries: 0 });
  const lru = new LRUCache({ max: keyCount });
  const buffer = Buffer.from(value);
  for (const key of keys) {
    cache.set(key, value);
    lru.set(key, value);
  }
  const next = walker();
  return {
    "distcache get": () => cache.get(next()),
    "distcache getBuffer": () => cache.getBuffer(next()),
    "distcache set": () => cache.set(next(), value),
    "distcache set (Buffer)": () => cache.set(next(), buffer),
    "distcache has": () => cache.has(next()),
    "distcache incr": () => cache.incr("counter"),
    "lru-cache get": () => lru.get(next()),
    "lru-cache set": () => lru.set(next(), value),
  };
}

const cpuSecondsPerCase = 1;
const batch = 20_000;

/** Operations in a second of this process's processor time, garbage collection included. */
function perCpuSecond(run) {
  for (let index = 0; index < batch; index += 1) run();
  const before = process.cpuUsage();
  for (let operations = batch; ; operations += batch) {
    for (let index = 0; index < batch; index += 1) run();
    const { user, system } = process.cpuUsage(before);
    const seconds = (user + system) / 1e6;
    if (seconds >= cpuSecondsPerCase) return Math.round(operations / seconds);
  }
}

function measure(cases) {
  const results = {};
  const suite = new Benchmark.Suite();
  for (const [name, run] of Object.entries(cases)) suite.add(name, run);
  suite.on("cycle", ({ target }) => {
    const opsPerCpuSecond = perCpuSecond(cases[target.name]);
    results[target.name] = {
      opsPerSecond: Math.round(target.hz),
      relativeErrorPercent: target.stats.rme,
      opsPerCpuSecond,
    };
    const millions = (rate) => (rate / 1e6).toFixed(2).padStart(7);
    const byClock = `${millions(target.hz)} M/s ±${target.stats.rme.toFixed(1)} %`;
    console.log(`${target.name.padEnd(24)} ${byClock.padEnd(22)} ${millions(opsPerCpuSecond)} M/s of processor time`);
  });
  suite.run({ async: false });
  return results;
}

function report(results) {
  const directory = `${root}/bench/results`;
  mkdirSync(directory, { recursive: true });
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const commit = capture("git", ["rev-parse", "--short", "HEAD"]).stdout.trim();
  const contents = { date: new Date().toISOString(), commit, machine, settings: { keyCount, valueBytes }, results };
  writeFileSync(`${directory}/embedded.json`, `${JSON.stringify(contents, null, 2)}\n`);
}

report(measure(subjects()));
