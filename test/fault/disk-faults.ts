// Builds the library of test/fault/native and tells it, through a shared file, what is to fail in a node that has it preloaded.
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("native/disk_faults.cc", import.meta.url));
const controlBytes = 4096;
const hitsOffset = 2048;

export type Call = "open" | "write" | "sync" | "rename" | "unlink" | "any";
/** errno by name, or what else happens to the call. */
export type Action = "EIO" | "ENOSPC" | "EMFILE" | "EACCES" | "short" | "hold" | "kill";

const errors: Partial<Record<Action, number>> = { EIO: 5, EACCES: 13, EMFILE: 24, ENOSPC: 28 };

export interface Fault {
  call: Call;
  /** A part of the file's path. */
  part: string;
  action: Action;
  /** So many matching calls pass first. */
  after?: number;
  /** So many are hit; 0, the default: all. */
  times?: number;
}

/** Compiles the library into a directory of its own. */
export function buildFaultLibrary(): string {
  const directory = mkdtempSync(join(tmpdir(), "distcache-faults-"));
  mkdirSync(directory, { recursive: true });
  const made = join(directory, "disk_faults.so.part");
  const path = join(directory, "disk_faults.so");
  execFileSync(process.env.CXX ?? "c++", ["-std=c++20", "-O1", "-shared", "-fPIC", source, "-o", made, "-ldl"]);
  renameSync(made, path);
  return path;
}

export class DiskFaults {
  readonly #path: string;
  readonly #library: string;
  #generation = 0;

  constructor(library: string, directory: string) {
    this.#library = library;
    this.#path = join(directory, "faults");
    this.#write(Buffer.alloc(controlBytes));
  }

  /** What a node needs in its environment. */
  get environment(): Record<string, string> {
    return { LD_PRELOAD: this.#library, FAULT_FILE: this.#path };
  }

  /** From now on these happen, and nothing that was set before. */
  set(...faults: Fault[]): void {
    this.#generation += 1;
    const lines = faults.map(({ call, part, action, after = 0, times = 0 }) =>
      [this.#generation, call, part, errors[action] ?? action, after, times].join(" "),
    );
    const text = Buffer.alloc(hitsOffset);
    text.write(lines.join("\n"));
    this.#write(text);
  }

  /** The disk works. */
  heal(): void {
    this.#write(Buffer.alloc(hitsOffset));
  }

  /** How many calls were hit in all. */
  get hits(): number {
    return readFileSync(this.#path).readUInt32LE(hitsOffset);
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #write(bytes: Buffer): void {
    const file = openSync(this.#path, this.#generation === 0 && bytes.byteLength === controlBytes ? "w" : "r+");
    writeSync(file, bytes, 0, bytes.byteLength, 0);
    closeSync(file);
  }
}
