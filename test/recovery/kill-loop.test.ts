// kill -9, again and again, under a mix of writes with snapshots and rewrites running: what a start finds is, key by key, a prefix of what
// was asked for that holds everything the policy promises. Prints what was lost. KILLS=n makes it n kills a policy.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ServedNode } from "../harness/served-node.ts";
import { type Loss, OutsideClient, seededRandom } from "./outside-client.ts";

const kills = Number(process.env.KILLS ?? 17);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Small segments, a small buffer, and bounds that evict fillers all the time: every part of the log is exercised. */
const settings = {
  WAL_FILE: "log",
  SNAPSHOT_FILE: "snap",
  WAL_SEGMENT_BYTES: "32768",
  WAL_BUFFER_BYTES: "65536",
  SNAPSHOT_AFTER_WRITES: "500",
  CACHE_SIZE: "1000",
  EVICTION: "volatile-lru",
  IO_THREADS: "2",
};

async function killOnce(client: OutsideClient, node: ServedNode, random: () => number): Promise<void> {
  const running = client.run(node.port, random);
  await sleep(20 + random() * 150); // the moment of the kill is what varies, nothing is waited for
  await node.kill();
  await running;
}

describe("kill -9", () => {
  test.each([
    ["always", "binary", "acknowledged"],
    ["everysec", "binary", "synced"],
    ["no", "text", "synced"],
  ] as const)("under %s, %s format: what was %s is there", { timeout: 600_000 }, async (policy, format, promise) => {
    const random = seededRandom(seed);
    const directory = mkdtempSync(join(tmpdir(), "distcache-kill-"));
    const client = new OutsideClient();
    const losses: Loss[] = [];
    const start = (): Promise<ServedNode> =>
      ServedNode.start({ settings: { ...settings, WAL_FSYNC: policy, WAL_FORMAT: format, DATA_DIR: directory } });
    try {
      for (let count = 0; count < kills; count += 1) {
        const node = await start();
        try {
          losses.push(await client.verify(node.port, promise));
          await killOnce(client, node, random);
        } finally {
          await node.kill();
        }
      }
      const last = await start();
      losses.push(await client.verify(last.port, promise));
      await last.stop();
    } catch (error) {
      throw new Error(`seed ${seed}, directory ${directory}`, { cause: error });
    }
    rmSync(directory, { recursive: true, force: true });
    const lost = losses.filter(({ writes }) => writes > 0);
    const most = Math.max(0, ...losses.map(({ spanMs }) => spanMs));
    const writes = losses.reduce((total, loss) => total + loss.writes, 0);
    console.log(
      `kill -9 under ${policy} (seed ${seed}): ${kills} kills, ${lost.length} of them took back acknowledged writes: ${writes} in all, at most ${most.toFixed(1)} ms apart`,
    );
    if (policy === "always") expect(writes).toBe(0);
  });
});
