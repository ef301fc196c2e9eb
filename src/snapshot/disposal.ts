// Which files nobody needs any more: a pure function of what lies in the directory.
//
// 1. The last two snapshots are kept: when the newest turns out damaged, the one before it and the log above it still give
//    everything.
// 2. A segment is kept while it holds a record above the older of the two, and the newest segment always.
// 3. With fewer than two snapshots every segment is kept: the log alone is the second way back.
import type { NamedFile } from "../wal/file-names.ts";

export const keptSnapshots = 2;

/** Paths in the order in which they may go: whatever a crash leaves of the list is a state to recover from. */
export function disposable(snapshots: readonly NamedFile[], segments: readonly NamedFile[]): string[] {
  const ordered = snapshots.toSorted((a, b) => a.sequence - b.sequence);
  const oldestKept = ordered.at(-keptSnapshots);
  if (oldestKept === undefined) return [];
  const oldSegments = segments.filter((_, place) => {
    const next = segments[place + 1];
    return next !== undefined && next.sequence <= oldestKept.sequence + 1;
  });
  return [...ordered.slice(0, -keptSnapshots), ...oldSegments].map(({ path }) => path);
}
