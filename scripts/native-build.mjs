// Configures and builds a CMake variant of the native parts. Used by the tests, the long tests and the benches; each
// variant has its own directory build-<variant>/, so changing one file recompiles one file in each.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, compilerEnvironment, findProgram, jobs, listFiles, root, run } from "./project.mjs";

const isSource = (name) => name.endsWith(".cc");

/** Variants by name: the options given to CMake. */
export const variants = {
  native: ["-DCMAKE_BUILD_TYPE=Debug"],
  release: ["-DCMAKE_BUILD_TYPE=Release"],
  unmeasured: ["-DCMAKE_BUILD_TYPE=Release", "-DDISTCACHE_MEASURING=OFF"],
  asan: ["-DCMAKE_BUILD_TYPE=Debug", "-DDISTCACHE_SANITIZE=address,undefined", "-DDISTCACHE_ADDON=ON"],
  tsan: ["-DCMAKE_BUILD_TYPE=Debug", "-DDISTCACHE_SANITIZE=thread"],
  fuzz: [
    "-DCMAKE_BUILD_TYPE=Debug",
    "-DCMAKE_CXX_COMPILER=clang++",
    "-DDISTCACHE_FUZZ=ON",
    "-DDISTCACHE_SANITIZE=address,undefined",
  ],
};

export const hasNativeTests = () => listFiles("test/native", (name) => name.endsWith("_test.cc")).length > 0;
export const hasStandalone = () => listFiles("test/native/standalone", isSource).length > 0;
export const hasAddon = () => listFiles("native/addon", isSource).length > 0;
export const hasFuzzers = () => listFiles("test/fuzz", (name) => name.endsWith("_fuzzer.cc")).length > 0;

/** Configures a variant when it never was, or with other options. */
function configure(variant, directory) {
  const generator = findProgram("ninja") === undefined ? [] : ["-G", "Ninja"];
  const options = [...generator, ...variants[variant]];
  const record = join(directory, "configured-with.txt");
  if (existsSync(record) && readFileSync(record, "utf8") === options.join(" ")) return;
  const { code, output } = capture("cmake", ["--fresh", "-S", root, "-B", directory, ...options], {
    env: compilerEnvironment(),
  });
  if (code !== 0) throw new Error(`cmake could not configure ${variant}:\n${output}`);
  writeFileSync(record, options.join(" "));
}

/** Builds `targets` (all when empty) of a variant and answers its directory. Throws when CMake or a compiler fails. */
export async function buildNative(variant, targets = []) {
  const directory = join(root, `build-${variant}`);
  configure(variant, directory);
  const targetArguments = targets.length === 0 ? [] : ["--target", ...targets];
  const code = await run("cmake", ["--build", directory, "--parallel", jobs, ...targetArguments], {
    env: compilerEnvironment(),
  });
  if (code !== 0) throw new Error(`building ${variant} failed`);
  return directory;
}
