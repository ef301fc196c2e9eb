// The names of the files of a data directory. A name carries the one number that orders its kind, so that a listing tells
// which files belong together and which are needed:
//
//   <WAL_FILE>-<first sequence>.wal            a segment of the log; its records begin at that number
//   <WAL_FILE>-<last sequence>.base            what a log without snapshots begins with, in the format of a snapshot
//   <SNAPSHOT_FILE>-<last sequence>.snapshot   the state after that record
//   <any of these>.tmp                         not finished: removed by the next start
import { join } from "node:path";

export const fileKinds = ["wal", "base", "snapshot"] as const;
export type FileKind = (typeof fileKinds)[number];

/** One file by its name: the number is the first sequence of a segment, and the last one of a base or snapshot. */
export interface NamedFile {
  readonly kind: FileKind;
  readonly name: string;
  readonly path: string;
  readonly sequence: number;
}

/** Sequences stay below 2^53: sixteen digits sort as text as they sort as numbers. */
const digits = 16;

export function fileName(kind: FileKind, baseName: string, sequence: number): string {
  return `${baseName}-${String(sequence).padStart(digits, "0")}.${kind}`;
}

export function temporaryName(name: string): string {
  return `${name}.tmp`;
}

/** The files of one kind and base name among a directory's names, by ascending number. */
export function selectFiles(
  directory: string,
  names: readonly string[],
  kind: FileKind,
  baseName: string | undefined,
): NamedFile[] {
  if (baseName === undefined) return [];
  const found: NamedFile[] = [];
  for (const name of names) {
    const digitsOfName = name.slice(baseName.length + 1, -(kind.length + 1));
    if (!/^\d{16}$/.test(digitsOfName)) continue;
    const sequence = Number(digitsOfName);
    if (fileName(kind, baseName, sequence) === name) found.push({ kind, name, path: join(directory, name), sequence });
  }
  return found.sort((a, b) => a.sequence - b.sequence);
}

/** Names that a crash left half-written: temporary files of these base names. */
export function selectTemporary(names: readonly string[], baseNames: readonly (string | undefined)[]): string[] {
  const used = baseNames.filter((baseName) => baseName !== undefined);
  const pattern = /\.(wal|base|snapshot)\.tmp$/;
  return names.filter((name) => pattern.test(name) && used.some((baseName) => name.startsWith(`${baseName}-`)));
}
