// How a bench tells what it found: a table on the terminal, and JSON with the machine, the commit and the date.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { capture, root } from "../../scripts/project.mjs";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value after `--name` on the command line, as a number. */
export function numberOption(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

/** Prints rows of texts as a table: the first column to the left, the others to the right. */
export function printTable(header, rows) {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  for (const row of all) {
    console.log(row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join("  "));
  }
}

/** Writes bench/results/<name>.json; `contents` holds settings, every trial, and what was made of them. */
export function writeResults(name, contents) {
  const directory = join(root, "bench/results");
  mkdirSync(directory, { recursive: true });
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
  };
  const commit = capture("git", ["describe", "--always", "--dirty"]).stdout.trim();
  const path = join(directory, `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ date: new Date().toISOString(), commit, machine, ...contents }, null, 2)}\n`);
  console.log(`written to bench/results/${name}.json`);
}
