// `npm run check`: everything that can be said about the sources without running them. Each part prints one line; all
// parts run, then the failures are told in full.
import { findContentViolations } from "./content-rules.mjs";
import { ensure } from "./ensure.mjs";
import { findUnformatted } from "./format.mjs";
import { findStaleFiles } from "./generate.mjs";
import { findLayerViolations } from "./layers.mjs";
import { capture, packageBin } from "./project.mjs";

function failureOf(program, args) {
  const { code, output } = capture(program, args);
  return code === 0 ? [] : [output];
}

const checks = [
  ["format", findUnformatted],
  ["lint", () => failureOf(packageBin("biome"), ["lint", "--colors=off", "--error-on-warnings", "."])],
  ["types", () => failureOf(packageBin("tsc"), ["-p", "tsconfig.test.json"])],
  ["layers", findLayerViolations],
  ["generated files", findStaleFiles],
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
