// `distcache wal dump|check|convert|repair FILE...`: segments of the log, looked at and put right by hand.
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { replaceWith, systemFiles } from "../base/file-operations.ts";
import { ProgressBar } from "../base/progress-bar.ts";
import {
  checkSegment,
  encodeSegmentHeader,
  type LogFormat,
  lockFile,
  logFormats,
  type SegmentOutcome,
  SegmentReader,
} from "../native.ts";
import { outcomeLine, recordLine } from "./log-text.ts";
import { Output } from "./output.ts";

const recordsPerPage = 256;
const convertBytes = 1024 * 1024;

export function registerWal(program: Command): void {
  const wal = program.command("wal").description("look at segments of the log, and put them right");
  wal
    .command("dump <file...>")
    .description("print every record: number, place, size and effects")
    .action((files: string[]) => eachFile(files, dump));
  wal
    .command("check <file...>")
    .description("verify every record; the exit code is 1 when a file is not whole")
    .action((files: string[]) => eachFile(files, check));
  wal
    .command("convert <file...>")
    .description("write the same records in the other format, beside the file or into a directory")
    .addOption(new Option("--to <format>", "format of the copy").choices([...logFormats]).makeOptionMandatory())
    .option("--into <directory>", "directory for the copies, which keep their names there")
    .action((files: string[], options: ConvertOptions) => eachFile(files, (path) => convert(path, options)));
  wal
    .command("repair <file...>")
    .description("cut a segment where its damage begins; a copy of it is kept beside it")
    .option("--yes", "do not ask")
    .action((files: string[], options: RepairOptions) => eachFile(files, (path) => repair(path, options)));
}

interface ConvertOptions {
  to: LogFormat;
  into?: string;
}

interface RepairOptions {
  yes?: boolean;
}

/** Handles one file after the other; answers by the exit code whether all were fine. */
export async function eachFile(files: readonly string[], handle: (path: string) => Promise<boolean>): Promise<void> {
  for (const path of files) {
    try {
      if (!(await handle(path))) process.exitCode = 1;
    } catch (error) {
      console.error(`${path}: ${messageOf(error)}`);
      process.exitCode = 1;
    }
  }
}

/** Runs work that tells its progress under a bar on the terminal's standard error. */
export async function withBar<T>(
  label: string,
  path: string,
  work: (onProgress: (doneBytes: number) => void) => Promise<T>,
): Promise<T> {
  const { size } = await stat(path);
  const bar = new ProgressBar(label, systemClock, process.stderr);
  try {
    return await work((doneBytes) => bar.note(doneBytes, size));
  } finally {
    bar.end();
  }
}

async function dump(path: string): Promise<boolean> {
  const output = new Output();
  const reader = new SegmentReader(path);
  for (let page = reader.next(recordsPerPage); page.length > 0; page = reader.next(recordsPerPage)) {
    for (const record of page) if (!(await output.line(recordLine(record)))) return true;
  }
  await output.flush();
  const outcome = reader.outcome();
  if (outcome.end !== "end") console.error(outcomeLine(path, outcome));
  return outcome.end === "end";
}

async function check(path: string): Promise<boolean> {
  const outcome = await withBar(`checking ${basename(path)}`, path, (onProgress) => checkSegment(path, onProgress));
  console.log(outcomeLine(path, outcome));
  return outcome.end === "end";
}

async function convert(path: string, { to, into }: ConvertOptions): Promise<boolean> {
  const target = into === undefined ? `${path}.${to}` : join(into, basename(path));
  if (resolve(target) === resolve(path)) throw new Error("the copy would take the file's own place");
  const reader = new SegmentReader(path);
  const { logId, firstSequence, createdAtMs } = reader.outcome();
  if (firstSequence === undefined || createdAtMs === undefined) throw new Error("the header is not whole");
  await withBar(`converting ${basename(path)}`, path, async (onProgress) => {
    const pieces = function* (): Generator<Uint8Array> {
      yield encodeSegmentHeader({ format: to, logId, firstSequence, createdAtMs });
      for (let piece = reader.encode(to, convertBytes); piece !== undefined; piece = reader.encode(to, convertBytes)) {
        onProgress(reader.outcome().validBytes);
        yield piece;
      }
    };
    await replaceWith(systemFiles, target, pieces());
  });
  const outcome = reader.outcome();
  console.log(`${target}: ${outcome.records} records`);
  if (outcome.end !== "end") console.error(outcomeLine(path, outcome));
  return outcome.end === "end";
}

async function repair(path: string, { yes = false }: RepairOptions): Promise<boolean> {
  const release = lockFile(join(dirname(resolve(path)), "lock"));
  if (release === undefined) throw new Error("the node that owns it is running: stop it first");
  try {
    const outcome = await withBar(`checking ${basename(path)}`, path, (onProgress) => checkSegment(path, onProgress));
    console.log(outcomeLine(path, outcome));
    if (outcome.end === "end") return true;
    if (!yes && !(await isAgreed(path, outcome))) return false;
    const copy = `${path}.before-repair`;
    await systemFiles.copy(path, copy);
    await systemFiles.truncate(path, outcome.validBytes);
    console.log(`${path}: cut to ${outcome.validBytes} bytes; as it was before: ${copy}`);
    return true;
  } finally {
    release();
  }
}

async function isAgreed(path: string, { sizeBytes, validBytes, lastSequence }: SegmentOutcome): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    console.error("nothing was changed: there is no terminal to ask on; say --yes to cut it");
    return false;
  }
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  const question = `Cut ${sizeBytes - validBytes} bytes of ${path}? Every record after ${lastSequence} in it is lost. (yes/no) `;
  const answer = await asker.question(question);
  asker.close();
  return answer.trim().toLowerCase() === "yes";
}
