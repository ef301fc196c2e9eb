// One segment of the log while it is written. A segment appears under its name only with its whole header on stable
// storage; after a failed write or sync it is never touched again (what the kernel still has of it is unknown).
import { dirname, join } from "node:path";
import { type FileOperations, type OpenFile, writeWhole } from "../base/file-operations.ts";
import { temporaryName } from "./file-names.ts";

export class SegmentWriter {
  readonly path: string;
  readonly isSynchronous: boolean;
  readonly #file: OpenFile;
  #sizeBytes: number;
  #isClosed = false;

  private constructor(path: string, file: OpenFile, isSynchronous: boolean, sizeBytes: number) {
    this.path = path;
    this.isSynchronous = isSynchronous;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** Makes a segment that holds its header alone, durably, and leaves it open for records. */
  static async create(
    files: FileOperations,
    directory: string,
    name: string,
    header: Uint8Array,
    isSynchronous: boolean,
  ): Promise<SegmentWriter> {
    const path = join(directory, name);
    const temporary = join(directory, temporaryName(name));
    const file = await files.create(temporary, { isSynchronous });
    try {
      await writeWhole(file, header);
      await file.sync();
      await files.rename(temporary, path);
      await files.syncDirectory(dirname(path));
    } catch (error) {
      await closeQuietly(file);
      throw error;
    }
    return new SegmentWriter(path, file, isSynchronous, header.byteLength);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Hands bytes to the kernel; with isSynchronous they are on stable storage when this resolves. */
  async append(bytes: Uint8Array): Promise<void> {
    await writeWhole(this.#file, bytes);
    this.#sizeBytes += bytes.byteLength;
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** As append, done when it returns. Not while an append has bytes that the kernel has not. */
  appendBlocking(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.byteLength; ) {
      const taken = this.#file.writeBlocking(bytes, offset);
      if (taken <= 0) throw new Error("the file takes no more bytes");
      offset += taken;
    }
    this.#sizeBytes += bytes.byteLength;
  }

  syncBlocking(): void {
    this.#file.syncBlocking();
  }

  /** Bytes that the kernel has, those of an append that has not resolved among them. */
  sizeBlocking(): number {
    return this.#file.sizeBlocking();
  }

  /** Closes without a sync. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await closeQuietly(this.#file);
  }
}

/** Everything that matters was synced before, or is known to be lost: an error of close says nothing new. */
async function closeQuietly(file: OpenFile): Promise<void> {
  try {
    await file.close();
  } catch {
    // See above.
  }
}
