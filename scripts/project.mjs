// Where the project's parts lie, and how its scripts start a program. Imported by every script; imports nothing but Node.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const jobs = String(Math.max(1, Math.min(8, availableParallelism())));

/** The file an npm package installs under node_modules/.bin. */
export function packageBin(name) {
  return join(root, "node_modules", ".bin", name);
}

/** The first directory of PATH that holds `name`, joined with it; undefined when there is none. */
export function findProgram(name) {
  for (const directory of (process.env.PATH ?? "").split(":")) {
    if (directory !== "" && existsSync(join(directory, name))) return join(directory, name);
  }
  return undefined;
}

/** The environment for compilers: ccache, where present, finds the same entries from any clone of the repository. */
export function compilerEnvironment() {
  return {
    ...process.env,
    CCACHE_BASEDIR: process.env.CCACHE_BASEDIR ?? root,
    CCACHE_NOHASHDIR: "1",
    CCACHE_SLOPPINESS: "time_macros,include_file_mtime",
  };
}

/** Runs a program in the project's root with the terminal's output; answers its exit code (128 + n after signal n). */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

/** Runs a program to its end and answers its output; nothing is printed. */
export function capture(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  const failure = result.error === undefined ? "" : `${result.error.message}\n`;
  return {
    code: result.status ?? 1,
    output: `${failure}${result.stdout ?? ""}${result.stderr ?? ""}`,
    stdout: result.stdout ?? "",
  };
}

/** All files below `directory` (relative to the root) that `accepts`, as sorted paths relative to the root. */
export function listFiles(directory, accepts = () => true) {
  const found = [];
  const walk = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) walk(child);
      else if (entry.isFile() && accepts(entry.name)) found.push(relative(root, child));
    }
  };
  if (existsSync(join(root, directory))) walk(join(root, directory));
  return found.sort();
}
