// Writes the generated files: references in docs/ and tables in both languages. Each generator is a module
// scripts/generate/<name>.mjs that exports generate(), which answers an object of path (from the root) to contents.
// `npm run check` calls findStaleFiles, so a generated file can not fall behind its source.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { listFiles, root } from "./project.mjs";

async function generateAll() {
  const files = {};
  for (const path of listFiles("scripts/generate", (name) => name.endsWith(".mjs"))) {
    const generator = await import(pathToFileURL(join(root, path)).href);
    if (typeof generator.generate === "function") Object.assign(files, await generator.generate());
  }
  return files;
}

function isCurrent(path, contents) {
  return existsSync(join(root, path)) && readFileSync(join(root, path), "utf8") === contents;
}

/** One line for each generated file that differs from what its generator makes now. */
export async function findStaleFiles() {
  const files = await generateAll();
  return Object.entries(files)
    .filter(([path, contents]) => !isCurrent(path, contents))
    .map(([path]) => `${path} is stale: run npm run generate`);
}

async function main() {
  for (const [path, contents] of Object.entries(await generateAll())) {
    if (isCurrent(path, contents)) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents);
    console.log(`wrote ${path}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
