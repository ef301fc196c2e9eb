// A program that writes to a cache that keeps its data, and never lets the event loop run. Prints by how many bytes its memory grew, and
// from then on the number of the newest write about every 50 ms.
import { writeSync } from "node:fs";
import { Cache } from "../../../dist/index.js";

const [directory, count] = [process.argv[2], Number(process.argv[3])];
const cache = await Cache.open({
  dataDir: directory,
  maxEntries: 1000,
  walBufferBytes: 1 << 20,
  walSegmentBytes: 4 << 20,
});
const before = process.memoryUsage.rss();
const value = "v".repeat(100);
for (let i = 1; i <= count; i += 1) cache.set(`key${i % 100}`, `${value}${i}`);
writeSync(1, `grew ${process.memoryUsage.rss() - before}\n`);
let toldAtMs = Date.now();
for (let i = 1; ; i += 1) {
  cache.set("count", String(i));
  if (Date.now() - toldAtMs < 50) continue;
  writeSync(1, `count ${i}\n`);
  toldAtMs = Date.now();
}
