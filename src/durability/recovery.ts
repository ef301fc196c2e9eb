// What a start finds in the data directory, and how the store is made of it: the newest snapshot that is whole, then every
// record above it. Nothing in the directory is changed before all of it was read.
//
// 1. A snapshot that can not be read is passed over for the one before it, if the log still holds all that came after.
// 2. Segments must follow each other without a gap above the snapshot, and belong to the same log.
// 3. Only the last segment may end in a torn record; its tail is cut.
// 4. Anything else stops the start: half of the data is never called ready.
import { dirname } from "node:path";
import { DistCacheError, errorCodeOf, messageOf } from "../base/errors.ts";
import type { FileOperations } from "../base/file-operations.ts";
import type { Logger } from "../base/logger.ts";
import type { SnapshotFacts } from "../snapshot/snapshot-keeper.ts";
import { type NamedFile, selectFiles, selectTemporary } from "../wal/file-names.ts";
import type { Engine, ReplayOutcome } from "./engine.ts";

export interface RecoveryOptions {
  readonly files: FileOperations;
  readonly directory: string;
  readonly walName: string | undefined;
  readonly snapshotName: string | undefined;
  readonly engine: Engine;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

export interface RecoveryResult {
  /** The log's id, when anything was found. */
  readonly logId: string | undefined;
  /** The newest record the store holds. */
  readonly lastSequence: number;
  readonly snapshot: SnapshotFacts | undefined;
  /** Records of the log that were applied above the snapshot. */
  readonly records: number;
  /** Bytes of the segments that hold records above the snapshot. */
  readonly logBytes: number;
  /** Files of the log. */
  readonly segments: number;
  /** Bytes of the torn tail that were cut. */
  readonly droppedBytes: number;
  /** Snapshots that were passed over because they can not be read. */
  readonly damagedSnapshots: number;
}

interface Loaded {
  readonly file: NamedFile;
  readonly facts: SnapshotFacts;
}

interface Replayed {
  readonly lastSequence: number;
  readonly logId: string | undefined;
  readonly records: number;
  readonly logBytes: number;
  readonly torn: { readonly file: NamedFile; readonly outcome: ReplayOutcome } | undefined;
}

export async function recover(options: RecoveryOptions): Promise<RecoveryResult> {
  const { files, directory, walName, snapshotName, logger } = options;
  const names = await files.list(directory);
  const segments = selectFiles(directory, names, "wal", walName);
  warnOfIgnoredLog(options, names);
  const snapshots = [
    ...selectFiles(directory, names, "snapshot", snapshotName),
    ...selectFiles(directory, names, "base", walName),
  ].sort((a, b) => b.sequence - a.sequence);

  const progress = await startProgress(options, [...snapshots.slice(0, 1), ...segments]);
  const damaged: { file: NamedFile; reason: string }[] = [];
  const loaded = await loadNewest(options, snapshots, damaged, progress);
  const base = loaded?.file.sequence ?? 0;
  const needed = segments.filter((_, place) => (segments[place + 1]?.sequence ?? Number.POSITIVE_INFINITY) > base + 1);
  checkStart(needed[0], base, damaged);
  const replayed = await replayAll(options, needed, base, loaded?.facts.logId, progress);

  // Everything was read and is right: only now is the directory put in order.
  let changes = 0;
  for (const { file, reason } of damaged) {
    logger.warn({ file: file.path, reason }, "a damaged snapshot was passed over; it is kept under another name");
    await files.rename(file.path, `${file.path}.damaged`);
    changes += 1;
  }
  for (const name of selectTemporary(names, [walName, snapshotName])) {
    await files.remove(`${directory}/${name}`);
    changes += 1;
  }
  const droppedBytes = await cutTail(options, replayed.torn);
  if (changes + droppedBytes > 0) await files.syncDirectory(directory);
  return {
    logId: replayed.logId ?? loaded?.facts.logId,
    lastSequence: Math.max(base, replayed.lastSequence),
    snapshot: loaded?.facts,
    records: replayed.records,
    logBytes: replayed.logBytes,
    segments: segments.length,
    droppedBytes,
    damagedSnapshots: damaged.length,
  };
}

/** A log that was switched off may hold more than the snapshots do, and is not continued by them. */
function warnOfIgnoredLog({ directory, walName, logger }: RecoveryOptions, names: readonly string[]): void {
  const ignored = names.filter((name) => name.endsWith(".wal"));
  if (walName !== undefined || ignored.length === 0) return;
  logger.warn(
    { directory, files: ignored.length },
    "WAL_FILE is empty, and the log in the directory is not read: what is in it alone is not there, and it can not be switched on again over what is written now",
  );
}

/** Adds up what each file has done; a file that was finished counts whole. */
interface Progress {
  of(file: NamedFile): (doneBytes: number) => void;
  finished(file: NamedFile): void;
}

async function startProgress({ files, onProgress }: RecoveryOptions, all: readonly NamedFile[]): Promise<Progress> {
  const sizes = new Map<string, number>();
  for (const { path } of all) sizes.set(path, await files.sizeOf(path));
  const totalBytes = [...sizes.values()].reduce((total, size) => total + size, 0);
  let finishedBytes = 0;
  return {
    of: () => (doneBytes) => onProgress(Math.min(totalBytes, finishedBytes + doneBytes), totalBytes),
    finished: ({ path }) => {
      finishedBytes += sizes.get(path) ?? 0;
      onProgress(Math.min(totalBytes, finishedBytes), totalBytes);
    },
  };
}

async function loadNewest(
  { engine }: RecoveryOptions,
  snapshots: readonly NamedFile[],
  damaged: { file: NamedFile; reason: string }[],
  progress: Progress,
): Promise<Loaded | undefined> {
  for (const file of snapshots) {
    try {
      const facts = await engine.loadSnapshot(file.path, progress.of(file));
      if (facts.lastSequence !== file.sequence) {
        throw new DistCacheError("CORRUPT", `it holds records up to ${facts.lastSequence}, its name says otherwise`);
      }
      progress.finished(file);
      return { file, facts };
    } catch (error) {
      engine.clear();
      if (errorCodeOf(error) !== "CORRUPT") throw error;
      damaged.push({ file, reason: messageOf(error) });
    }
  }
  return undefined;
}

/** The first record that is needed must be the one after the snapshot. */
function checkStart(
  first: NamedFile | undefined,
  base: number,
  damaged: readonly { file: NamedFile; reason: string }[],
): void {
  const newest = damaged[0];
  const begins = first?.sequence ?? (newest === undefined ? base + 1 : Number.POSITIVE_INFINITY);
  if (begins <= base + 1) return;
  if (newest !== undefined) {
    const { path } = newest.file;
    throw new DistCacheError(
      "CORRUPT",
      `${path}: ${newest.reason}. No older snapshot with the log after it is there to take its place. Look with: distcache snapshot check ${path}`,
      { file: path },
    );
  }
  throw missingRecords(first as NamedFile, base + 1);
}

function missingRecords(file: NamedFile, expected: number): DistCacheError {
  return new DistCacheError(
    "CORRUPT",
    `${file.path}: records ${expected} to ${file.sequence - 1} are missing before this segment: neither a snapshot nor another segment in ${dirname(file.path)} holds them`,
    { file: file.path, offset: 0 },
  );
}

async function replayAll(
  { engine }: RecoveryOptions,
  segments: readonly NamedFile[],
  base: number,
  baseLogId: string | undefined,
  progress: Progress,
): Promise<Replayed> {
  let result: Replayed = { lastSequence: base, logId: baseLogId, records: 0, logBytes: 0, torn: undefined };
  for (const [place, file] of segments.entries()) {
    if (file.sequence > result.lastSequence + 1) throw missingRecords(file, result.lastSequence + 1);
    const outcome = await engine.replaySegment(file.path, base, progress.of(file));
    progress.finished(file);
    const isLast = place === segments.length - 1;
    checkOutcome(file, outcome, isLast, result.logId);
    result = {
      lastSequence: Math.max(result.lastSequence, outcome.lastSequence),
      logId: result.logId ?? (outcome.logId === "" ? undefined : outcome.logId),
      records: result.records + outcome.applied,
      logBytes: result.logBytes + outcome.validBytes,
      torn: outcome.end === "torn" ? { file, outcome } : undefined,
    };
  }
  return result;
}

function checkOutcome(file: NamedFile, outcome: ReplayOutcome, isLast: boolean, logId: string | undefined): void {
  const { path } = file;
  const { end, records, validBytes, reason } = outcome;
  const where = `${path}: damaged at offset ${validBytes} (record ${records + 1} of the segment)`;
  const how = `Look with: distcache wal check ${path}. To cut it there, knowingly: distcache wal repair ${path}`;
  if (end === "damaged" || (end === "torn" && !isLast)) {
    const why = end === "torn" ? `${reason}, although a later segment follows` : reason;
    throw new DistCacheError("CORRUPT", `${where}: ${why}. ${how}`, { file: path, offset: validBytes });
  }
  if (logId !== undefined && outcome.logId !== "" && outcome.logId !== logId) {
    throw new DistCacheError(
      "CORRUPT",
      `${path}: belongs to log ${outcome.logId}, the files before it to ${logId}: their records do not follow each other. Move away the files that are not wanted`,
      {
        file: path,
        offset: 0,
      },
    );
  }
}

/** Cuts a torn tail, or removes a segment of which not even the header is whole; answers the bytes that went. */
async function cutTail({ files, logger }: RecoveryOptions, torn: Replayed["torn"]): Promise<number> {
  if (torn === undefined) return 0;
  const { file, outcome } = torn;
  const droppedBytes = outcome.sizeBytes - outcome.validBytes;
  if (outcome.validBytes === 0) await files.remove(file.path);
  else await files.truncate(file.path, outcome.validBytes);
  logger.warn(
    { file: file.path, offset: outcome.validBytes, droppedBytes, reason: outcome.reason },
    "the log's last records were not complete and were cut",
  );
  return droppedBytes;
}
