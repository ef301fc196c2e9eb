// A disk in memory with the promises of a real one and no more: bytes are durable after a sync, names after a sync of their
// directory. A power cut throws away the rest. Calls can be made to fail, to take less, and to stall.
import { dirname, join } from "node:path";
import type { FileOperations, OpenFile } from "../../../src/base/file-operations.ts";

export type Call = "create" | "write" | "sync" | "rename" | "remove" | "truncate" | "syncDirectory" | "makeDirectory";

interface Contents {
  bytes: Buffer;
  durable: Buffer;
}

interface Fault {
  call: Call;
  pattern: RegExp;
  /** How many matching calls pass before the first that fails, and how many fail. */
  after: number;
  times: number;
  /** undefined: the call takes half of what it was given, once. */
  code: string | undefined;
}

interface Stall {
  call: Call;
  pattern: RegExp;
  released: Promise<void>;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${path}`), { code });
}

export class SimulatedDisk implements FileOperations {
  /** Every call that changed something, in order: what tests of ordering look at. */
  readonly journal: string[] = [];
  #files = new Map<string, Contents>();
  #durableNames = new Map<string, Contents>();
  #directories = new Set(["/"]);
  #durableDirectories = new Set(["/"]);
  #faults: Fault[] = [];
  #stalls: Stall[] = [];
  #callsUntilCut = Number.POSITIVE_INFINITY;

  /** The next calls (after `after` that pass) on paths like `pattern` fail with `code`, `times` times. */
  failOn(call: Call, pattern: RegExp, code: string, { after = 0, times = Number.POSITIVE_INFINITY } = {}): void {
    this.#faults.push({ call, pattern, after, times, code });
  }

  /** The next write on paths like `pattern` takes only half. */
  shortenOn(pattern: RegExp, times = 1): void {
    this.#faults.push({ call: "write", pattern, after: 0, times, code: undefined });
  }

  /** The disk works again. */
  heal(): void {
    this.#faults = [];
  }

  /** Calls like these do not return until the function that this gives back is called. */
  stallOn(call: Call, pattern: RegExp): () => void {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stall = { call, pattern, released };
    this.#stalls.push(stall);
    return () => {
      this.#stalls = this.#stalls.filter((one) => one !== stall);
      release();
    };
  }

  /** After this many more calls nothing reaches the disk: the process is as good as killed. */
  cutAfter(calls: number): void {
    this.#callsUntilCut = calls;
  }

  /** What the next start finds after a power cut. */
  powerCut(): SimulatedDisk {
    const next = new SimulatedDisk();
    const isKept = (path: string): boolean =>
      path === "/" || (this.#durableDirectories.has(path) && isKept(dirname(path)));
    for (const directory of this.#durableDirectories) if (isKept(directory)) next.#addDirectory(directory);
    for (const [path, { durable }] of this.#durableNames) {
      if (isKept(dirname(path))) next.#addFile(path, durable);
    }
    return next;
  }

  /** What the next start finds after kill -9: all that the kernel was given. */
  processKilled(): SimulatedDisk {
    const next = new SimulatedDisk();
    for (const directory of this.#directories) next.#addDirectory(directory);
    for (const [path, { bytes }] of this.#files) next.#addFile(path, bytes);
    return next;
  }

  /** A file's contents. */
  read(path: string): Buffer {
    const contents = this.#files.get(path);
    if (contents === undefined) throw failure("ENOENT", path);
    return contents.bytes;
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  put(path: string, bytes: Buffer): void {
    this.#addFile(path, bytes);
  }

  async create(path: string, { isSynchronous }: { isSynchronous: boolean }): Promise<OpenFile> {
    await this.#enter("create", path);
    if (!this.#directories.has(dirname(path))) throw failure("ENOENT", path);
    const contents: Contents = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) };
    this.#files.set(path, contents);
    const take = (bytes: Uint8Array, offset: number, isShort: boolean): number => {
      const rest = bytes.subarray(offset);
      const taken = isShort ? Math.max(1, rest.byteLength >> 1) : rest.byteLength;
      contents.bytes = Buffer.concat([contents.bytes, rest.subarray(0, taken)]);
      if (isSynchronous) contents.durable = contents.bytes;
      return taken;
    };
    return {
      write: async (bytes, offset) => take(bytes, offset, await this.#enter("write", this.#pathOf(contents, path))),
      sync: async () => {
        await this.#enter("sync", this.#pathOf(contents, path));
        contents.durable = contents.bytes;
      },
      close: async () => {},
      writeBlocking: (bytes, offset) => take(bytes, offset, this.#pass("write", this.#pathOf(contents, path))),
      syncBlocking: () => {
        this.#pass("sync", this.#pathOf(contents, path));
        contents.durable = contents.bytes;
      },
      sizeBlocking: () => contents.bytes.byteLength,
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#enter("rename", to);
    const contents = this.#files.get(from);
    if (contents === undefined) throw failure("ENOENT", from);
    this.#files.delete(from);
    this.#files.set(to, contents);
  }

  async remove(path: string): Promise<void> {
    await this.#enter("remove", path);
    this.#files.delete(path);
  }

  async copy(from: string, to: string): Promise<void> {
    this.#addFile(to, this.read(from));
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    await this.#enter("truncate", path);
    const contents = this.#files.get(path);
    if (contents === undefined) throw failure("ENOENT", path);
    contents.bytes = contents.bytes.subarray(0, sizeBytes);
    contents.durable = contents.bytes;
  }

  async sizeOf(path: string): Promise<number> {
    return this.read(path).byteLength;
  }

  async list(directory: string): Promise<string[]> {
    return this.paths()
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1));
  }

  async readText(path: string): Promise<string | undefined> {
    return this.#files.get(path)?.bytes.toString("utf8");
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#enter("makeDirectory", path);
    const parts = path.split("/").filter((part) => part !== "");
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const made = join("/", ...parts.slice(0, depth));
      this.#directories.add(made);
      await this.syncDirectory(dirname(made));
    }
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#enter("syncDirectory", path);
    for (const name of this.#durableNames.keys()) if (dirname(name) === path) this.#durableNames.delete(name);
    for (const [name, contents] of this.#files) if (dirname(name) === path) this.#durableNames.set(name, contents);
    for (const directory of this.#directories) if (dirname(directory) === path) this.#durableDirectories.add(directory);
  }

  #pathOf(contents: Contents, fallback: string): string {
    for (const [path, one] of this.#files) if (one === contents) return path;
    return fallback;
  }

  #addFile(path: string, bytes: Buffer): void {
    const contents = { bytes, durable: bytes };
    this.#files.set(path, contents);
    this.#durableNames.set(path, contents);
    this.#addDirectory(dirname(path));
  }

  #addDirectory(path: string): void {
    for (let made = path; made !== "/"; made = dirname(made)) {
      this.#directories.add(made);
      this.#durableDirectories.add(made);
    }
  }

  /** Journals a call, waits while it is stalled, and lets it fail when a fault says so; answers whether it is shortened. */
  async #enter(call: Call, path: string): Promise<boolean> {
    if (this.#callsUntilCut <= 0) return new Promise<boolean>(() => {});
    this.#callsUntilCut -= 1;
    this.journal.push(`${call} ${path}`);
    for (const stall of this.#stalls) if (stall.call === call && stall.pattern.test(path)) await stall.released;
    return this.#fails(call, path);
  }

  /** The same for a call that can not wait. */
  #pass(call: Call, path: string): boolean {
    this.journal.push(`${call} ${path}`);
    return this.#fails(call, path);
  }

  #fails(call: Call, path: string): boolean {
    for (const fault of this.#faults) {
      if (fault.call !== call || !fault.pattern.test(path)) continue;
      if (fault.after > 0) {
        fault.after -= 1;
        continue;
      }
      if (fault.times <= 0) continue;
      fault.times -= 1;
      if (fault.code === undefined) return true;
      throw failure(fault.code, path);
    }
    return false;
  }
}
