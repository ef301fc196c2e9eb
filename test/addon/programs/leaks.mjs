// Prints threads and descriptors of this process before and after many nodes; and what is left of caches after a collection.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Cache, createNode } from "../../../dist/index.js";
import { keepBusy, quiet } from "./load.mjs";

const count = () => ({
  threads: readdirSync("/proc/self/task").length,
  descriptors: readdirSync("/proc/self/fd").length,
});

async function oneNode() {
  const node = createNode(quiet);
  await node.start();
  await keepBusy(node.port, 4, 20);
  await node.stop();
}

/** Waits until a claim holds, for at most 30 s. */
async function until(claim) {
  for (let left = 600; left > 0 && !claim(); left -= 1) await sleep(50);
}

await oneNode();
await until(() => count().descriptors <= 60);
const before = count();
for (let round = 0; round < 8; round += 1) await oneNode();
await until(() => count().threads <= before.threads && count().descriptors <= before.descriptors);

const handles = Array.from({ length: 50 }, () => new Cache({ maxEntries: 10 }).handle());
function attachable() {
  return handles.filter((handle) => {
    try {
      return Cache.attach(handle) !== undefined;
    } catch {
      return false;
    }
  }).length;
}
// Attaching makes references of its own, so it is tried once, after the collections.
for (let round = 0; round < 20; round += 1) {
  globalThis.gc();
  await sleep(20);
}
console.log(JSON.stringify({ before, after: count(), cachesLeft: attachable() }));
