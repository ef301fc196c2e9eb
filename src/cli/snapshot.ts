// `distcache snapshot info|check|dump FILE...`: snapshots, looked at.
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { Command } from "commander";
import { checkSnapshot, inspectSnapshot, SnapshotReader } from "../native.ts";
import { entryLine, recordLine, snapshotLines } from "./log-text.ts";
import { Output } from "./output.ts";
import { eachFile, withBar } from "./wal.ts";

export function registerSnapshot(program: Command): void {
  const snapshot = program.command("snapshot").description("look at snapshots");
  snapshot
    .command("info <file...>")
    .description("print what header and footer say")
    .action((files: string[]) => eachFile(files, info));
  snapshot
    .command("check <file...>")
    .description("verify every byte; the exit code is 1 when a file is not whole and right")
    .action((files: string[]) => eachFile(files, check));
  snapshot
    .command("dump <file...>")
    .description("print every entry, and the records that follow them")
    .action((files: string[]) => eachFile(files, dump));
}

async function info(path: string): Promise<boolean> {
  console.log(snapshotLines(path, inspectSnapshot(path)).join("\n"));
  return true;
}

async function check(path: string): Promise<boolean> {
  const found = await withBar(`checking ${basename(path)}`, path, (onProgress) =>
    checkSnapshot(path, availableParallelism(), onProgress),
  );
  console.log(`${path}: ok (${found.entries} entries and ${found.records} records up to ${found.lastSequence})`);
  return true;
}

async function dump(path: string): Promise<boolean> {
  const output = new Output();
  const reader = new SnapshotReader(path);
  for (let block = reader.next(); block !== undefined; block = reader.next()) {
    const lines = block.kind === "entries" ? block.items.map(entryLine) : block.items.map(recordLine);
    for (const line of lines) if (!(await output.line(line))) return true;
  }
  await output.flush();
  return true;
}
