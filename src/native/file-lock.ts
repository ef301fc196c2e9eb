// An exclusive lock on a file: native/addon/file_lock.cc. It ends with the process however that ends.
import { loadAddon } from "./addon.ts";

type LockReference = object & { readonly __brand: "file lock" };

interface FileLockExports {
  fileLockAcquire(path: string): LockReference | undefined;
  fileLockRelease(lock: LockReference): void;
}

/** Takes the lock and answers the function that gives it up; undefined when somebody else holds it. */
export function lockFile(path: string): (() => void) | undefined {
  const addon = loadAddon<FileLockExports>();
  const lock = addon.fileLockAcquire(path);
  return lock === undefined ? undefined : () => addon.fileLockRelease(lock);
}
