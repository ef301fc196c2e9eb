// Takes snapshots, one at a time, and keeps the directory to those that are needed. The bytes are native code's; the name, its
// durability and the disposal of what is older are decided here.
//
// A snapshot appears under its name only when it is whole and on stable storage: temporary name, sync (native), rename, sync of
// the directory. A crash at any step leaves the older ones as they were.
import { basename, join } from "node:path";
import { type Clock, systemClock } from "../base/clock.ts";
import { DistCacheError, messageOf } from "../base/errors.ts";
import type { FileOperations } from "../base/file-operations.ts";
import { type FileKind, fileName, type NamedFile, selectFiles, temporaryName } from "../wal/file-names.ts";
import { disposable } from "./disposal.ts";

/** What a snapshot says about itself. */
export interface SnapshotFacts {
  /** It holds every record up to this one, and none above. */
  readonly lastSequence: number;
  /** The log it belongs to, 32 hex digits. */
  readonly logId: string;
  readonly entries: number;
  readonly sizeBytes: number;
  readonly createdAtMs: number;
}

export interface SnapshotKeeperOptions {
  readonly files: FileOperations;
  readonly directory: string;
  /** A node without snapshots of its own has bases: the same bytes, under the name of the log. */
  readonly kind: Extract<FileKind, "base" | "snapshot">;
  readonly baseName: string;
  /** Base names of everything that lies in the directory, for disposal. */
  readonly snapshotName: string | undefined;
  readonly walName: string | undefined;
  /** Writes the store as a snapshot to this path and syncs it; in the background: at a pace that those who serve do not feel. */
  readonly write: (path: string, isBackground: boolean) => Promise<SnapshotFacts>;
  readonly clock?: Clock;
  /** A file that could not be removed: it costs room, nothing else. */
  readonly onDisposalFailure: (message: string) => void;
}

export interface TakenSnapshot extends SnapshotFacts {
  readonly path: string;
  readonly durationMs: number;
}

export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  readonly #clock: Clock;
  #underWay: Promise<TakenSnapshot> | undefined;
  #startedAtMs: number | undefined;
  #disposedFiles = 0;
  #disposedSegments = 0;

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get isBusy(): boolean {
    return this.#underWay !== undefined;
  }

  /** How long the one under way has taken; undefined when none is. */
  get busyForMs(): number | undefined {
    return this.#startedAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#startedAtMs;
  }

  get disposedFiles(): number {
    return this.#disposedFiles;
  }

  /** Of these, the ones of the log. */
  get disposedSegments(): number {
    return this.#disposedSegments;
  }

  /**
   * Takes one that holds everything written before this call. Waits for one that is under way, and begins after it; `onBegin` is
   * called then.
   */
  async take(isBackground: boolean, onBegin: () => void = () => {}): Promise<TakenSnapshot> {
    while (this.#underWay !== undefined) await Promise.allSettled([this.#underWay]);
    onBegin();
    this.#underWay = this.#take(isBackground);
    try {
      return await this.#underWay;
    } finally {
      this.#underWay = undefined;
      this.#startedAtMs = undefined;
    }
  }

  /** Waits until none is under way. */
  async settle(): Promise<void> {
    while (this.#underWay !== undefined) await Promise.allSettled([this.#underWay]);
  }

  async #take(isBackground: boolean): Promise<TakenSnapshot> {
    const { files, directory, kind, baseName, write } = this.#options;
    const startedAtMs = this.#clock.monotonicMs();
    this.#startedAtMs = startedAtMs;
    const temporary = join(directory, temporaryName(fileName(kind, baseName, 0)));
    try {
      const facts = await write(temporary, isBackground);
      const path = join(directory, fileName(kind, baseName, facts.lastSequence));
      await files.rename(temporary, path);
      await files.syncDirectory(directory);
      await this.#dispose();
      return { ...facts, path, durationMs: this.#clock.monotonicMs() - startedAtMs };
    } catch (error) {
      await files.remove(temporary).catch(() => {}); // the next start removes it as well
      throw new DistCacheError("IO", `writing a snapshot failed: ${messageOf(error)}`, {
        cause: error,
        file: temporary,
      });
    }
  }

  async #dispose(): Promise<void> {
    const { files, directory, walName, snapshotName, onDisposalFailure } = this.#options;
    try {
      const names = await files.list(directory);
      const segments = selectFiles(directory, names, "wal", walName);
      const snapshots: NamedFile[] = [
        ...selectFiles(directory, names, "snapshot", snapshotName),
        ...selectFiles(directory, names, "base", walName),
      ];
      const paths = disposable(snapshots, segments);
      for (const path of paths) {
        await files.remove(path);
        this.#disposedFiles += 1;
        if (path.endsWith(".wal")) this.#disposedSegments += 1;
      }
      if (paths.length > 0) await files.syncDirectory(directory);
    } catch (error) {
      onDisposalFailure(`an old file in ${basename(directory)} could not be removed: ${messageOf(error)}`);
    }
  }
}
