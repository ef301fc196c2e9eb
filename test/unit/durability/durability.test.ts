// Durability as a whole on a simulated disk: a crash at every step, a disk that fails and works again, disposal, schedule.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Durability } from "../../../src/durability/durability.ts";
import type { DurabilitySettings } from "../../../src/durability/durability-settings.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedEngine } from "./simulated-engine.ts";

const defaults: DurabilitySettings = {
  walName: "log",
  snapshotName: "snap",
  format: "binary",
  fsync: "always",
  segmentBytes: 300,
  bufferBytes: 1 << 20,
  intervalMs: 0,
  afterWrites: 0,
  growthPercent: 0,
  growthMinBytes: 0,
  stopsWritesOnSnapshotError: true,
};

const silent = { info: () => {}, warn: () => {}, error: () => {} };

interface NodeOnDisk {
  disk: SimulatedDisk;
  engine: SimulatedEngine;
  durability: Durability;
  plane: { refusal: string | undefined; durableSequence: number; failedAbove: number | undefined };
}

async function makeNode(disk: SimulatedDisk, settings: Partial<DurabilitySettings> = {}): Promise<NodeOnDisk> {
  const engine = new SimulatedEngine(disk);
  const plane: NodeOnDisk["plane"] = { refusal: undefined, durableSequence: 0, failedAbove: undefined };
  const durability = new Durability({
    directory: "/data",
    settings: { ...defaults, ...settings },
    engine,
    files: disk,
    clock: { nowMs: () => Date.now(), monotonicMs: () => Date.now() },
    logger: silent,
    dataPlane: {
      refuseWrites: (reason) => {
        plane.refusal = reason;
      },
      setDurableSequence: (sequence) => {
        plane.durableSequence = sequence;
      },
      failRepliesAbove: (sequence) => {
        plane.failedAbove = sequence;
      },
    },
  });
  return { disk, engine, durability, plane };
}

async function startNode(disk = new SimulatedDisk(), settings: Partial<DurabilitySettings> = {}): Promise<NodeOnDisk> {
  await disk.makeDirectory("/data");
  const node = await makeNode(disk, settings);
  await node.durability.start();
  return node;
}

/** What a start after a crash finds. */
async function stateOn(disk: SimulatedDisk, settings: Partial<DurabilitySettings> = {}): Promise<Map<string, string>> {
  const { engine } = await startNode(disk, settings);
  return engine.state;
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/**
 * Writes, snapshots, segments that fill up and are disposed of. Answers, for each write, its number and value; `acknowledged`
 * grows as the node says that they are durable.
 */
async function runWorkload(node: NodeOnDisk, progress: { acknowledged: number }): Promise<void> {
  for (let count = 1; count <= 40; count += 1) {
    node.engine.set(`key${count % 7}`, String(count));
    await settle();
    if (node.plane.durableSequence < count) return; // the disk is gone: nothing more is acknowledged
    progress.acknowledged = count;
    if (count % 12 === 0) {
      let isTaken = false;
      void node.durability.save().then(() => {
        isTaken = true;
      });
      await settle();
      if (!isTaken) return;
    }
  }
}

/** The state after the first `count` writes of the workload. */
function workloadState(count: number): Map<string, string> {
  const state = new Map<string, string>();
  for (let write = 1; write <= count; write += 1) state.set(`key${write % 7}`, String(write));
  return state;
}

function lastWriteIn(state: Map<string, string>): number {
  return Math.max(0, ...[...state.values()].map(Number));
}

describe("a crash at any step", () => {
  async function crashAt(calls: number, crash: (disk: SimulatedDisk) => SimulatedDisk): Promise<boolean> {
    const disk = new SimulatedDisk();
    const node = await startNode(disk);
    const before = disk.journal.length;
    const progress = { acknowledged: 0 };
    disk.cutAfter(calls);
    await runWorkload(node, progress);
    const state = await stateOn(crash(disk));
    const last = lastWriteIn(state);
    expect(last).toBeGreaterThanOrEqual(progress.acknowledged);
    expect(state).toEqual(workloadState(last));
    return disk.journal.length - before < calls;
  }

  test.each([
    ["a power cut", (disk: SimulatedDisk) => disk.powerCut()],
    ["kill -9", (disk: SimulatedDisk) => disk.processKilled()],
  ])("%s takes back nothing that was acknowledged, and leaves a prefix of the history", async (_, crash) => {
    let calls = 0;
    while (!(await crashAt(calls, crash))) calls += 1;
    expect(calls).toBeGreaterThan(60);
  });
});

describe("a disk that fails", () => {
  const faults = [
    ["write", /\.wal/, "ENOSPC"],
    ["sync", /\.wal/, "EIO"],
    ["create", /\.wal/, "EMFILE"],
    ["rename", /\.wal$/, "EIO"],
    ["syncDirectory", /data/, "EIO"],
  ] as const;

  test.each(faults)(
    "in %s: writes are refused, nothing acknowledged is lost, and the node recovers by itself",
    async (call, pattern, code) => {
      const node = await startNode(new SimulatedDisk(), { fsync: call === "sync" ? "everysec" : "always" });
      const { disk, engine, durability, plane } = node;
      engine.set("before", "1");
      await vi.advanceTimersByTimeAsync(2000);
      const acknowledged = new Map(engine.state);
      disk.failOn(call, pattern, code);
      for (let count = 0; count < 20 && plane.refusal === undefined; count += 1) {
        engine.set(`during${count}`, "a value that fills the segment");
        await vi.advanceTimersByTimeAsync(1000);
      }
      expect(plane.refusal).toMatch(/log/);
      expect(plane.failedAbove).toBeLessThanOrEqual(engine.log?.lastSequence() ?? 0);
      expect(plane.durableSequence).toBe(Number.POSITIVE_INFINITY);
      expect(durability.status()).toMatchObject({ isHealthy: false, refusesWrites: true });
      for (const [key, value] of acknowledged) expect((await stateOn(disk.processKilled())).get(key)).toBe(value);
      disk.heal();
      await vi.advanceTimersByTimeAsync(5000);
      expect(plane).toMatchObject({ refusal: undefined, failedAbove: undefined });
      expect(durability.status()).toMatchObject({ isHealthy: true, refusesWrites: false });
      engine.set("after", "2");
      await Promise.all([durability.durable(), settle()]);
      expect(await stateOn(disk.powerCut())).toEqual(engine.state);
    },
  );

  test("a crash at any step of the repair leaves everything that was acknowledged", async () => {
    for (let calls = 0; calls < 40; calls += 1) {
      const { disk, engine, plane } = await startNode();
      engine.set("kept", "1");
      await settle();
      expect(plane.durableSequence).toBe(1);
      disk.failOn("write", /\.wal$/, "EIO", { times: 1 });
      disk.cutAfter(calls);
      engine.set("refused", "2");
      await vi.advanceTimersByTimeAsync(3000);
      for (const crashed of [disk.powerCut(), disk.processKilled()]) {
        const state = await stateOn(crashed);
        expect(state.get("kept")).toBe("1");
        const isRepaired = plane.refusal === undefined && plane.durableSequence >= 2;
        if (isRepaired) expect(state.get("refused")).toBe("2");
      }
    }
  });

  test("embedded writes while it fails are kept for the fresh segment", async () => {
    const { disk, engine, durability } = await startNode();
    disk.failOn("write", /./, "EIO");
    engine.set("a", "1");
    await vi.advanceTimersByTimeAsync(500);
    engine.set("b", "2");
    await expect(durability.durable()).rejects.toMatchObject({ code: "WRITES_REFUSED" });
    disk.heal();
    await vi.advanceTimersByTimeAsync(5000);
    expect(await stateOn(disk.powerCut())).toEqual(
      new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
    );
  });

  test("a snapshot that can not be written refuses writes until one can", async () => {
    const { disk, engine, durability, plane } = await startNode(new SimulatedDisk(), { intervalMs: 60_000 });
    engine.set("a", "1");
    await settle();
    disk.failOn("rename", /\.snapshot$/, "EIO");
    await expect(durability.save()).rejects.toMatchObject({ code: "IO" });
    expect(plane.refusal).toMatch(/[Ss]napshots/);
    expect(disk.paths().some((path) => path.endsWith(".tmp"))).toBe(false);
    disk.heal();
    await vi.advanceTimersByTimeAsync(4000);
    expect(plane.refusal).toBeUndefined();
    expect(durability.status().isHealthy).toBe(true);
  });

  test("a snapshot that can not be written leaves writes alone where the settings say so", async () => {
    const { disk, engine, durability, plane } = await startNode(new SimulatedDisk(), {
      intervalMs: 60_000,
      stopsWritesOnSnapshotError: false,
    });
    engine.set("a", "1");
    disk.failOn("sync", /snapshot/, "EIO");
    await expect(durability.save()).rejects.toMatchObject({ code: "IO" });
    expect(plane.refusal).toBeUndefined();
    expect(durability.status().isHealthy).toBe(false);
  });

  test("stop() ends a repair that has no hope", async () => {
    const { disk, engine, durability } = await startNode();
    disk.failOn("write", /./, "EIO");
    engine.set("a", "1");
    await vi.advanceTimersByTimeAsync(500);
    await Promise.all([durability.stop(), vi.advanceTimersByTimeAsync(0)]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("files", () => {
  test("two snapshots are kept, and only the segments that the older one needs", async () => {
    const { disk, engine, durability } = await startNode();
    for (let count = 1; count <= 100; count += 1) {
      engine.set(`key${count}`, "some bytes");
      await settle();
      if (count % 20 === 0) await Promise.all([durability.save(), settle()]);
    }
    const names = disk.paths().map((path) => path.slice("/data/".length));
    expect(names.filter((name) => name.endsWith(".snapshot"))).toEqual([
      "snap-0000000000000080.snapshot",
      "snap-0000000000000100.snapshot",
    ]);
    const segments = names.filter((name) => name.endsWith(".wal"));
    expect(segments[0]).toBe("log-0000000000000081.wal");
    for (const name of ["snap-0000000000000100.snapshot", undefined]) {
      const crashed = disk.powerCut();
      if (name !== undefined) crashed.put(`/data/${name}`, Buffer.from("{"));
      expect(await stateOn(crashed)).toEqual(engine.state);
    }
  });

  test("a log without snapshots grows no further than its base says", async () => {
    const settings = { snapshotName: undefined, growthPercent: 100, growthMinBytes: 500 };
    const { disk, engine } = await startNode(new SimulatedDisk(), settings);
    for (let count = 1; count <= 300; count += 1) {
      engine.set(`key${count % 3}`, "some bytes");
      await vi.advanceTimersByTimeAsync(100);
    }
    const names = disk.paths();
    expect(names.filter((name) => name.endsWith(".base"))).toHaveLength(2);
    expect(names.length).toBeLessThan(12);
    expect(await stateOn(disk.powerCut(), settings)).toEqual(engine.state);
  });

  test("snapshots without a log: the last one is taken when the node stops, unless it must not be", async () => {
    const settings = { walName: undefined };
    const { disk, engine, durability } = await startNode(new SimulatedDisk(), settings);
    expect(engine.logOptions?.keepsRecords).toBe(false);
    engine.set("a", "1");
    await expect(durability.durable()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await durability.stop();
    const second = await startNode(disk.powerCut(), settings);
    expect(second.engine.state).toEqual(new Map([["a", "1"]]));
    second.engine.set("b", "2");
    await second.durability.stop({ saves: false });
    expect(await stateOn(second.disk.powerCut(), settings)).toEqual(new Map([["a", "1"]]));
  });

  test("numbers go on where they were, through any number of starts", async () => {
    let disk = new SimulatedDisk();
    const expected = new Map<string, string>();
    for (let round = 0; round < 8; round += 1) {
      const { engine, durability } = await startNode(disk, { fsync: round % 2 === 0 ? "always" : "no" });
      expect(engine.state).toEqual(expected);
      expect(engine.logOptions?.nextSequence).toBe(expected.size + 1);
      engine.set(`round${round}`, "x");
      expected.set(`round${round}`, "x");
      if (round % 3 === 2) await Promise.all([durability.save(), settle()]);
      await Promise.all([durability.stop(), settle()]);
      disk = disk.powerCut();
    }
  });
});

describe("the schedule", () => {
  test("takes one after so many writes, and after so long when anything was written", async () => {
    const settings = { intervalMs: 60_000, afterWrites: 10 };
    const { engine, durability } = await startNode(new SimulatedDisk(), settings);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(durability.status().snapshot?.taken).toBe(0);
    engine.set("a", "1");
    await vi.advanceTimersByTimeAsync(2000);
    expect(durability.status().snapshot?.taken).toBe(1);
    for (let count = 0; count < 10; count += 1) engine.set("b", String(count));
    await vi.advanceTimersByTimeAsync(2000);
    expect(durability.status().snapshot?.taken).toBe(2);
    engine.set("c", "1");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(durability.status().snapshot?.taken).toBe(2);
    await vi.advanceTimersByTimeAsync(32_000);
    expect(durability.status().snapshot?.taken).toBe(3);
  });

  test("a rewrite that comes while a snapshot is under way follows it", async () => {
    const { disk, engine, durability } = await startNode();
    engine.set("a", "1");
    await settle();
    const release = disk.stallOn("sync", /snapshot/);
    durability.startSave();
    await settle();
    expect(durability.activity).toBe("save");
    durability.startRewrite();
    durability.startRewrite();
    await settle();
    expect(durability.status().log).toMatchObject({ isRewriting: false, isRewriteScheduled: true });
    engine.set("b", "2");
    release();
    await settle();
    expect(durability.activity).toBeUndefined();
    expect(durability.status().log).toMatchObject({ isRewriteScheduled: false, rewrites: 1, lastRewriteFailed: false });
    expect(durability.status().snapshot).toMatchObject({ taken: 2, isWriting: false, writesSince: 0 });
  });
});
