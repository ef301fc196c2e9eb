// Removes expired entries of an embedded store that nobody touches any more. A timer runs only while a store holds entries
// with a deadline; it keeps neither the process nor the store alive.
import type { NativeStore } from "../native.ts";

const intervalMs = 100;
/** A sweep's share of the main thread: about 0.1 ms at this many looks. */
const entriesPerSweep = 1000;

const swept = new WeakSet<NativeStore>();

/** Sees to it that a store which is about to hold an entry with a deadline is swept. */
export function sweepWhileNeeded(store: NativeStore): void {
  if (swept.has(store)) return;
  swept.add(store);
  const reference = new WeakRef(store);
  const timer = setInterval(() => {
    const alive = reference.deref();
    if (alive !== undefined && sweep(alive)) return;
    clearInterval(timer);
    if (alive !== undefined) swept.delete(alive);
  }, intervalMs);
  timer.unref();
}

/** False when nothing is left that could expire. */
function sweep(store: NativeStore): boolean {
  if (store.stats().entriesWithExpiry === 0) return false;
  store.sweep(entriesPerSweep);
  return true;
}
