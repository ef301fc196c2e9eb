// Makes a clone ready to run: installs packages, compiles TypeScript and builds the addon, each only when missing or older
// than its sources. `npm start` and `npm test` begin here; when nothing changed it only reads file times.
//
//   node scripts/ensure.mjs            what is stale
//   node scripts/ensure.mjs --force    everything but the packages
//   node scripts/ensure.mjs --packages only the packages
//   node scripts/ensure.mjs --addon    only the addon: what `npm install distcache` runs in its own copy
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { compilerEnvironment, findProgram, jobs, listFiles, packageBin, root, run } from "./project.mjs";
import { describeInputs, isFresh, writeStamp } from "./stamp.mjs";

const isTypeScript = (name) => name.endsWith(".ts");

async function must(what, program, args, options) {
  const code = await run(program, args, options);
  if (code !== 0) throw new Error(`${what} failed (${program} ended with code ${code})`);
}

/** node_modules, from the lock file. */
const packages = {
  name: "packages",
  isFresh: arePackagesInstalled,
  async build() {
    await must("installing packages", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  },
};

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

/** Whether npm's record of what it installed names every version of the lock file; a platform's packages may be absent. */
function arePackagesInstalled() {
  const installed = readLock("node_modules/.package-lock.json");
  return Object.entries(readLock("package-lock.json")).every(
    ([path, entry]) =>
      path === "" || installed[path]?.version === entry.version || (entry.optional && installed[path] === undefined),
  );
}

/** dist/, from src/: compiled modules, the dashboard's page, and whatever else lies beside the sources. */
const typescript = {
  name: "TypeScript",
  stamp: "dist/.stamp.json",
  inputs: () => [...listFiles("src"), ...["tsconfig.base.json", "tsconfig.json", "package-lock.json"]],
  async build() {
    const projects = ["tsconfig.json", "src/dashboard/page/tsconfig.json"];
    for (const project of projects.filter((path) => existsSync(join(root, path)))) {
      await must("compiling TypeScript", packageBin("tsc"), ["-p", project]);
    }
    copyAssets();
    removeOrphans();
  },
};

function copyAssets() {
  for (const path of listFiles("src", (name) => !isTypeScript(name) && !name.startsWith("tsconfig"))) {
    const target = join(root, path.replace(/^src/, "dist"));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, path), target);
  }
}

/** Deletes compiled files whose source is gone, so that dist/ is what a fresh build would make. */
function removeOrphans() {
  const sources = new Set(listFiles("src").map((path) => path.replace(/^src\//, "").replace(/(\.d)?\.ts$/, "")));
  for (const path of listFiles("dist", (name) => !name.startsWith("."))) {
    const name = path.replace(/^dist\//, "");
    const stem = name.replace(/(\.d\.ts|\.js)(\.map)?$/, "");
    if (!sources.has(stem) && !sources.has(name)) rmSync(join(root, path));
  }
}

/** build/Release/distcache.node, from native/. */
const addon = {
  name: "addon",
  stamp: "build/Release/.stamp.json",
  inputs: () => [...listFiles("native"), "binding.gyp"],
  async build() {
    const env = compilerEnvironment();
    if (findProgram("ccache") !== undefined) {
      env.CC = `ccache ${env.CC ?? "gcc"}`;
      env.CXX = `ccache ${env.CXX ?? "g++"}`;
    }
    const args = ["configure", "build", "--silent", "--jobs", jobs, ...headersArgument()];
    await must("building the addon", process.execPath, [nodeGyp(), ...args], { env });
  },
};

/** node-gyp: this project's, or in a user's project the one that npm names to install scripts. */
function nodeGyp() {
  const own = join(root, "node_modules/node-gyp/bin/node-gyp.js");
  return existsSync(own) ? own : (process.env.npm_config_node_gyp ?? own);
}

/** Node's headers, where they lie beside the Node that runs; otherwise npm's own setting stands. */
function headersArgument() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node_api.h")) ? [`--nodedir=${prefix}`] : [];
}

async function bring(step, force) {
  const inputs = step.inputs?.() ?? [];
  const isCurrent = step.isFresh?.() ?? isFresh(step.stamp, inputs);
  if (!force && isCurrent) return;
  const startedAt = Date.now();
  console.error(`${step.name}: building`);
  const description = describeInputs(inputs);
  await step.build();
  if (step.stamp !== undefined) writeStamp(step.stamp, description);
  console.error(`${step.name}: ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** Brings packages, dist/ and the addon up to date, or `only` one of them. Throws an Error that says what failed. */
export async function ensure({ force = false, only = undefined } = {}) {
  const wants = (step) => only === undefined || only === step;
  if (wants("packages")) await bring(packages, false);
  if (wants("typescript") && listFiles("src", isTypeScript).length > 0) await bring(typescript, force);
  if (wants("addon") && listFiles("native/addon", (name) => name.endsWith(".cc")).length > 0) await bring(addon, force);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const only = ["packages", "typescript", "addon"].find((step) => process.argv.includes(`--${step}`));
  await ensure({ force: process.argv.includes("--force"), only }).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
