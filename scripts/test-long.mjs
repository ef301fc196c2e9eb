// `npm run test:long`: what takes minutes. Native tests and a whole server under sanitizers, the addon in Node under
// AddressSanitizer, and fuzzers. Each part prints one line; the last line sums up. A part whose sources do not exist is left out.

import { ensure } from "./ensure.mjs";
import {
  addonTestsUnderAsan,
  fuzz,
  hasAddonTests,
  nativeTests,
  standaloneUnderLoad,
  testsUnderNode,
} from "./long-parts.mjs";
import { hasFuzzers, hasNativeTests, hasStandalone } from "./native-build.mjs";
import { requireSystemPackages } from "./system-packages.mjs";

const parts = [
  ["native tests under ASan and UBSan", hasNativeTests, () => nativeTests("asan")],
  ["native tests under TSan", hasNativeTests, () => nativeTests("tsan")],
  ["server under ASan and UBSan with redis-benchmark", hasStandalone, () => standaloneUnderLoad("asan")],
  ["server under TSan with redis-benchmark", hasStandalone, () => standaloneUnderLoad("tsan")],
  ["addon in Node under ASan", hasAddonTests, addonTestsUnderAsan],
  ["tests under Node 22", () => true, () => testsUnderNode("22.23.3")],
  ["tests under Node 24", () => true, () => testsUnderNode("24.9.0")],
  ["fuzzers", hasFuzzers, () => fuzz(120)],
];

async function main() {
  await requireSystemPackages();
  await ensure();
  let passed = 0;
  let failed = 0;
  for (const [name, exists, execute] of parts) {
    if (!exists()) continue;
    const startedAt = Date.now();
    let outcome = "ok";
    try {
      await execute();
      passed += 1;
    } catch (error) {
      console.error(error.message);
      outcome = "FAILED";
      failed += 1;
    }
    console.log(`${outcome}  ${name} (${((Date.now() - startedAt) / 1000).toFixed(0)} s)`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

await main();
