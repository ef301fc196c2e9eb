// The directory of a node's files: DATA_DIR/NODE_ID. A node without a name takes the one that DATA_DIR keeps, or makes one up
// and keeps it there. The directory is locked while the node runs.
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { DistCacheError } from "../base/errors.ts";
import { type FileOperations, replaceFile } from "../base/file-operations.ts";

const idFileName = "node-id";
const lockFileName = "lock";

export interface DataDirectory {
  readonly nodeId: string;
  readonly path: string;
  /** Lets another node have the directory. */
  release(): void;
}

/** Takes a lock that ends with the process; undefined when somebody holds it. */
export type LockFile = (path: string) => (() => void) | undefined;

export async function openDataDirectory(
  files: FileOperations,
  lockFile: LockFile,
  dataDirectory: string,
  nodeId: string | undefined,
): Promise<DataDirectory> {
  const parent = resolve(dataDirectory);
  await files.makeDirectory(parent);
  const id = nodeId ?? (await keptNodeId(files, lockFile, parent));
  const path = join(parent, id);
  await files.makeDirectory(path);
  return { nodeId: id, path, release: lockDirectory(lockFile, path) };
}

/** Locks a directory that is one node's alone. */
export function lockDirectory(lockFile: LockFile, path: string): () => void {
  const release = lockFile(join(path, lockFileName));
  if (release !== undefined) return release;
  throw new DistCacheError(
    "DIRECTORY_IN_USE",
    `${path} is in use by another node: stop it first, or give this one a NODE_ID or DATA_DIR of its own`,
    { file: path },
  );
}

/** A name for a node that keeps nothing. */
export function makeNodeId(): string {
  return `node-${randomBytes(6).toString("hex")}`;
}

async function keptNodeId(files: FileOperations, lockFile: LockFile, parent: string): Promise<string> {
  const path = join(parent, idFileName);
  const kept = (await files.readText(path))?.trim();
  if (kept !== undefined && kept !== "") return checkedId(path, kept);
  // Two nodes that start in the same moment: the one that gets the lock names itself, the other is refused.
  const release = lockDirectory(lockFile, parent);
  try {
    const keptMeanwhile = (await files.readText(path))?.trim();
    if (keptMeanwhile !== undefined && keptMeanwhile !== "") return checkedId(path, keptMeanwhile);
    const made = makeNodeId();
    await replaceFile(files, path, `${made}\n`);
    return made;
  } finally {
    release();
  }
}

function checkedId(path: string, id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) return id;
  throw new DistCacheError("INVALID_CONFIG", `${path} holds no node id: give NODE_ID, or remove the file`, {
    file: path,
  });
}
