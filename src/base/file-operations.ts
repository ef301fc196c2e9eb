// What the durability of a node asks of a file system: few operations, named by what they promise. Parts take them through
// their constructor, so that tests replace the disk with one that fails, stalls, or loses everything that was not synced.
import { close, constants, fdatasync, fdatasyncSync, fstatSync, fsync, open, write, writeSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fsync);
const syncFileData = promisify(fdatasync);

/** A file that is written from its beginning to its end. Never used again after one of its calls failed. */
export interface OpenFile {
  /** Appends a part of `bytes` from `offset` on; answers how many bytes were taken: at least one, maybe not all. */
  write(bytes: Uint8Array, offset: number): Promise<number>;
  /** Resolves when everything written is on stable storage. */
  sync(): Promise<void>;
  close(): Promise<void>;
  /** As write and sync, but done when they return: for a caller that the event loop waits for. */
  writeBlocking(bytes: Uint8Array, offset: number): number;
  syncBlocking(): void;
  /** Bytes that the kernel has of it, those of a write that has not resolved yet among them. */
  sizeBlocking(): number;
}

export interface FileOperations {
  /** Makes a new, empty file, in place of one that was left there. With `isSynchronous`, a write resolves only when it is on stable storage. */
  create(path: string, options: { isSynchronous: boolean }): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Copies a file and syncs the copy, in place of one that was left there. */
  copy(from: string, to: string): Promise<void>;
  /** Cuts a file and syncs it. */
  truncate(path: string, sizeBytes: number): Promise<void>;
  sizeOf(path: string): Promise<number>;
  /** Names of the plain files in a directory; none when it is not there. */
  list(directory: string): Promise<string[]>;
  /** The text of a small file, or undefined when it is not there. */
  readText(path: string): Promise<string | undefined>;
  /** Makes a directory and its parents, each synced into the one above it. */
  makeDirectory(path: string): Promise<void>;
  /** Puts the names of a directory on stable storage: what was created, renamed and removed in it. */
  syncDirectory(path: string): Promise<void>;
}

class DescriptorFile implements OpenFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  // The callback form: a log under load writes thousands of times a second, and a file handle's promises cost twice as much.
  write(bytes: Uint8Array, offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#descriptor, bytes, offset, bytes.byteLength - offset, null, (error, written) => {
        if (error !== null) reject(error);
        else resolve(written);
      });
    });
  }

  sync(): Promise<void> {
    return syncFileData(this.#descriptor);
  }

  close(): Promise<void> {
    return closeFile(this.#descriptor);
  }

  writeBlocking(bytes: Uint8Array, offset: number): number {
    return writeSync(this.#descriptor, bytes, offset, bytes.byteLength - offset, null);
  }

  syncBlocking(): void {
    fdatasyncSync(this.#descriptor);
  }

  sizeBlocking(): number {
    return fstatSync(this.#descriptor).size;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

async function syncPath(path: string): Promise<void> {
  const descriptor = await openFile(path, constants.O_RDONLY);
  try {
    await syncFile(descriptor);
  } finally {
    await closeFile(descriptor);
  }
}

async function makeDirectory(path: string): Promise<void> {
  const absolute = resolve(path);
  const first = await mkdir(absolute, { recursive: true });
  if (first === undefined) return;
  // From the deepest up: a directory's name is kept by its parent.
  for (let made = absolute; made.length >= first.length; made = dirname(made)) await syncPath(dirname(made));
}

/** The operating system's files. */
export const systemFiles: FileOperations = {
  async create(path, { isSynchronous }) {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND;
    return new DescriptorFile(await openFile(path, isSynchronous ? flags | constants.O_DSYNC : flags, 0o600));
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async copy(from, to) {
    await copyFile(from, to);
    await syncPath(to);
    await syncPath(dirname(resolve(to)));
  },
  async truncate(path, sizeBytes) {
    await truncate(path, sizeBytes);
    await syncPath(path);
  },
  sizeOf: async (path) => (await stat(path)).size,
  async list(directory) {
    try {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
  async readText(path) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  makeDirectory,
  syncDirectory: syncPath,
};

/** Puts a small file in place as a whole. */
export function replaceFile(files: FileOperations, path: string, text: string): Promise<void> {
  return replaceWith(files, path, [Buffer.from(text)]);
}

/** Puts a file in place as a whole, piece by piece: temporary name, sync, rename, sync of the directory. */
export async function replaceWith(files: FileOperations, path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await files.create(temporary, { isSynchronous: false });
  try {
    for (const piece of pieces) await writeWhole(file, piece);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, path);
  await files.syncDirectory(dirname(path));
}

/** Writes all of `bytes`, however little the file takes at a time. */
export async function writeWhole(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; ) {
    const taken = await file.write(bytes, offset);
    if (taken <= 0) throw new Error("the file takes no more bytes");
    offset += taken;
  }
}
