// MEMORY STATS, DOCTOR and PURGE; MEMORY USAGE is the data plane's. STATS has Redis's names where the meaning is the same.
import type { MetricsSource, Readings } from "../metrics/readings.ts";
import type { CommandRow } from "./command-row.ts";
import { findCommand } from "./command-table.ts";
import type { CommandRegistry } from "./registry.ts";
import { helpReply } from "./replies.ts";
import { double, map, ok, type Reply, verbatim } from "./reply.ts";

export function registerMemoryCommand(
  registry: CommandRegistry,
  source: Pick<MetricsSource, "read">,
  trimHeap: () => void,
): void {
  registry.add("MEMORY|STATS", () => map(memoryStats(source.read())));
  registry.add("MEMORY|DOCTOR", () => verbatim(diagnose(source.read())));
  registry.add("MEMORY|PURGE", () => {
    trimHeap();
    return ok;
  });
  registry.add("MEMORY|HELP", () => helpReply(findCommand("memory") as CommandRow));
}

function memoryStats({ store, rssBytes, databases }: Readings): [Reply, Reply][] {
  const dataBytes = store.keyBytes + store.valueBytes;
  const ratio = (part: number, whole: number) => double(whole === 0 ? 0 : part / whole);
  const perDatabase = databases.map(({ database, keys, expires }): [Reply, Reply] => [
    `db.${database}`,
    map([
      ["keys", keys],
      ["expires", expires],
    ]),
  ]);
  return [
    ["peak.allocated", store.peakUsedBytes],
    ["total.allocated", store.usedBytes],
    ["resident.bytes", rssBytes],
    ...perDatabase,
    ["overhead.total", Math.max(0, store.usedBytes - dataBytes)],
    ["keys.count", store.entries],
    ["keys.bytes-per-key", store.entries === 0 ? 0 : Math.round(store.usedBytes / store.entries)],
    ["dataset.bytes", dataBytes],
    ["dataset.percentage", ratio(100 * dataBytes, store.usedBytes)],
    ["peak.percentage", ratio(100 * store.usedBytes, store.peakUsedBytes)],
    ["index.slots", store.indexSlots],
    ["index.used", store.indexUsed],
    ["fragmentation", ratio(rssBytes, store.usedBytes)],
    ["fragmentation.bytes", rssBytes - store.usedBytes],
  ];
}

/** Below this there is nothing to say about proportions. */
const worthALookBytes = 32 * 1024 * 1024;
/** The process itself, Node.js included, takes about so much before the first key. */
const baseBytes = 96 * 1024 * 1024;

function diagnose(readings: Readings): string {
  const { store, memoryLimitBytes, entriesLimit, rssBytes } = readings;
  const findings: string[] = [];
  if (memoryLimitBytes > 0 && store.usedBytes > 0.95 * memoryLimitBytes) {
    findings.push(`The store uses ${percent(store.usedBytes, memoryLimitBytes)} of MAX_MEMORY.`);
  }
  if (entriesLimit > 0 && store.entries > 0.95 * entriesLimit) {
    findings.push(`${percent(store.entries, entriesLimit)} of CACHE_SIZE is used.`);
  }
  if (store.evicted > 0 && store.misses > store.hits) {
    findings.push("More look-ups miss than hit while entries are evicted: the working set is larger than the bounds.");
  }
  if (store.usedBytes > worthALookBytes) {
    if (store.peakUsedBytes > 1.5 * store.usedBytes) {
      findings.push("The peak was much higher than what is used now; MEMORY PURGE gives back what is free.");
    }
    if (rssBytes > 1.4 * store.usedBytes + baseBytes) {
      findings.push(`The process holds ${(rssBytes / store.usedBytes).toFixed(1)} times what the store uses.`);
    }
    if (store.keyBytes > store.valueBytes)
      findings.push("Keys take more room than values: shorter names would save much.");
  }
  return findings.length === 0
    ? "Nothing looks wrong with this node's memory."
    : findings.map((text) => `- ${text}`).join("\n");
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
