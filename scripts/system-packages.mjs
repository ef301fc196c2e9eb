// The programs and libraries that tests need and npm does not bring. scripts/setup-debian.sh installs them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findProgram, root, run } from "./project.mjs";

const programs = ["g++", "make", "cmake", "python3", "redis-server", "redis-cli", "redis-benchmark", "clang++"];
programs.push("clang-format", "chromium", "promtool", "prometheus-redis-exporter");
const headers = ["/usr/include/gtest/gtest.h", "/usr/include/gmock/gmock.h", "/usr/include/benchmark/benchmark.h"];

/** What is missing, by name. */
export function missingSystemPackages() {
  return [
    ...programs.filter((name) => findProgram(name) === undefined),
    ...headers.filter((path) => !existsSync(path)),
  ];
}

/** Installs what is missing where that is possible (Debian, as root); throws with the command to run where it is not. */
export async function requireSystemPackages() {
  const missing = missingSystemPackages();
  if (missing.length === 0) return;
  const canInstall = process.getuid?.() === 0 && findProgram("apt-get") !== undefined;
  if (!canInstall) {
    throw new Error(`The tests need ${missing.join(", ")}. On Debian run:\n\n  sudo bash scripts/setup-debian.sh\n`);
  }
  console.error(`installing ${missing.join(", ")}`);
  const code = await run("bash", [join(root, "scripts/setup-debian.sh")]);
  if (code !== 0 || missingSystemPackages().length > 0) {
    throw new Error(`scripts/setup-debian.sh failed; still missing: ${missingSystemPackages().join(", ")}`);
  }
}
