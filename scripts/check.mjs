// `npm run check`: everything that can be said about the sources without running them. Each part prints one line; all
// parts run, then the failures are told in full.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findContentViolations } from "./content-rules.mjs";
import { ensure } from "./ensure.mjs";
import { findUnformatted } from "./format.mjs";
import { findStaleFiles } from "./generate.mjs";
import { findLayerViolations } from "./layers.mjs";
import { capture, packageBin, root } from "./project.mjs";
import { findBrokenReferences } from "./references.mjs";

function failureOf(program, args) {
  const { code, output } = capture(program, args);
  return code === 0 ? [] : [output];
}

function findTypeErrors() {
  const projects = ["tsconfig.test.json", "src/dashboard/page/tsconfig.json"];
  return projects
    .filter((path) => existsSync(join(root, path)))
    .flatMap((path) => failureOf(packageBin("tsc"), ["-p", path, "--noEmit"]));
}

const checks = [
  ["format", findUnformatted],
  ["lint", () => failureOf(packageBin("biome"), ["lint", "--colors=off", "--error-on-warnings", "."])],
  ["types", findTypeErrors],
  ["layers", findLayerViolations],
  ["generated files", findStaleFiles],
  ["references", findBrokenReferences],
  ["content", findContentViolations],
];

async function main() {
  await ensure({ only: "packages" });
  const failures = [];
  for (const [name, find] of checks) {
    const problems = await find();
    console.log(`${problems.length === 0 ? "ok    " : "FAILED"}  ${name}`);
    if (problems.length > 0) failures.push(`\n--- ${name}\n${problems.join("\n")}`);
  }
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

await main();
