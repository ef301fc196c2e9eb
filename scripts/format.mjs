// `npm run format`: rewrites TypeScript, JavaScript and JSON with biome and C++ with clang-format.
// findUnformatted is the check of the same.
import { pathToFileURL } from "node:url";
import { capture, listFiles, packageBin, run } from "./project.mjs";

export function cppFiles() {
  const isCpp = (name) => /\.(cc|h)$/.test(name) && !name.includes(".generated.");
  return ["native", "test/native", "test/fuzz", "bench/native"].flatMap((directory) => listFiles(directory, isCpp));
}

/** What the formatters would change; empty when nothing. */
export function findUnformatted() {
  const biome = capture(packageBin("biome"), ["format", "--colors=off", "."]);
  const problems = biome.code === 0 ? [] : [biome.output];
  const files = cppFiles();
  if (files.length > 0) {
    const clang = capture("clang-format", ["--dry-run", "-Werror", ...files]);
    const unformatted = new Set([...clang.output.matchAll(/^([^:\s]+):\d+:/gm)].map((match) => match[1]));
    if (clang.code !== 0) problems.push(...unformatted, "run npm run format");
  }
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const code = await run(packageBin("biome"), ["check", "--write", "."]);
  const files = cppFiles();
  process.exitCode = files.length === 0 ? code : Math.max(code, await run("clang-format", ["-i", ...files]));
}
