// `npm test`: brings the build up to date, runs the native tests through CTest and the TypeScript tests through vitest, and ends
// with one line that sums up both. Arguments go to vitest, and then only vitest runs:
//
//   npm test                       everything
//   npm test -- test/conformance   one folder
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensure } from "./ensure.mjs";
import { buildNative, hasNativeTests } from "./native-build.mjs";
import { listFiles, packageBin, root, run } from "./project.mjs";
import { requireSystemPackages } from "./system-packages.mjs";

const reports = join(root, "build-native", "reports");

function readReport(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Counts of one suite. A suite that broke before it could report counts as one failure. */
function tally(passed, failed, skipped, code) {
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
}

async function runNative() {
  const path = join(reports, "native.json");
  rmSync(path, { force: true });
  const directory = await buildNative("native", ["run_tests"]);
  const code = await run("ctest", ["--test-dir", directory, "--output-on-failure", "--timeout", "600"], {
    env: { ...process.env, GTEST_OUTPUT: `json:${path}` },
  });
  const report = readReport(path) ?? { tests: 0, failures: 0, disabled: 0, testsuites: [] };
  const cases = (report.testsuites ?? []).flatMap((suite) => suite.testsuite ?? []);
  const skipped = cases.filter((one) => one.result !== "COMPLETED").length;
  return tally(report.tests - report.failures - skipped, report.failures, skipped, code);
}

async function runTypeScript(args) {
  const path = join(reports, "typescript.json");
  rmSync(path, { force: true });
  const code = await run(packageBin("vitest"), [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${path}`,
    ...args,
  ]);
  const report = readReport(path);
  if (report === undefined) return tally(0, 0, 0, code);
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((one) => one.status !== "failed"),
  ).length;
  const skipped = report.numPendingTests + report.numTodoTests;
  return tally(report.numPassedTests, report.numFailedTests + brokenFiles, skipped, code);
}

async function guarded(suite) {
  try {
    return await suite();
  } catch (error) {
    console.error(error.message);
    return tally(0, 1, 0, 1);
  }
}

async function main() {
  const args = process.argv.slice(2);
  await requireSystemPackages();
  await ensure();
  mkdirSync(reports, { recursive: true });
  const results = [];
  if (args.length === 0 && hasNativeTests()) results.push(await guarded(runNative));
  const hasTypeScriptTests = listFiles("test", (name) => name.endsWith(".test.ts")).length > 0;
  if (args.length > 0 || hasTypeScriptTests) results.push(await guarded(() => runTypeScript(args)));

  const sum = (field) => results.reduce((total, one) => total + one[field], 0);
  const forbidsSkipping = (process.env.CI ?? "") !== "" && sum("skipped") > 0;
  if (sum("skipped") > 0) console.log(`${sum("skipped")} skipped${forbidsSkipping ? ": not allowed in CI" : ""}`);
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
  process.exitCode = sum("failed") > 0 || sum("passed") === 0 || forbidsSkipping ? 1 : 0;
}

await main().catch((error) => {
  console.error(error.message);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
});
