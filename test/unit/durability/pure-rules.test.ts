// The pure rules of durability: names, disposal, schedule; and the data directory.
import { describe, expect, test } from "vitest";
import { openDataDirectory } from "../../../src/durability/data-directory.ts";
import { disposable } from "../../../src/snapshot/disposal.ts";
import { dueReason } from "../../../src/snapshot/schedule.ts";
import { type FileKind, fileName, selectFiles, selectTemporary } from "../../../src/wal/file-names.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

describe("file names", () => {
  test("a listing gives back what was named, by number, and nothing else", () => {
    const names = [
      fileName("wal", "a", 10),
      fileName("wal", "a", 9),
      fileName("wal", "a-b", 1),
      fileName("snapshot", "a", 3),
      "a-9.wal",
      "a-0000000000000009.wal.tmp",
      "lock",
    ];
    expect(selectFiles("/d", names, "wal", "a").map(({ sequence }) => sequence)).toEqual([9, 10]);
    expect(selectFiles("/d", names, "wal", "a-b").map(({ sequence }) => sequence)).toEqual([1]);
    expect(selectFiles("/d", names, "wal", undefined)).toEqual([]);
    expect(selectTemporary(names, ["a", undefined])).toEqual(["a-0000000000000009.wal.tmp"]);
  });
});

describe("disposal", () => {
  const named = (kind: FileKind, ...numbers: number[]) =>
    selectFiles(
      "",
      numbers.map((number) => fileName(kind, "x", number)),
      kind,
      "x",
    );
  const numbersOf = (paths: string[]) => paths.map((path) => Number(path.replace(/\D/g, "")));

  test("keeps everything while there is one snapshot", () => {
    expect(disposable(named("snapshot", 50), named("wal", 1, 20, 40, 60))).toEqual([]);
  });

  test("keeps what the older of two needs", () => {
    expect(numbersOf(disposable(named("snapshot", 50, 80), named("wal", 1, 20, 51, 90)))).toEqual([1, 20]);
    expect(numbersOf(disposable(named("snapshot", 50, 80), named("wal", 1, 20, 52, 90)))).toEqual([1]);
  });

  test("older snapshots go first, then the segments that only they needed", () => {
    expect(numbersOf(disposable(named("snapshot", 10, 50, 80), named("wal", 11, 51, 81)))).toEqual([10, 11]);
  });

  test("the newest segment always stays", () => {
    expect(disposable(named("snapshot", 50, 80), named("wal", 10))).toEqual([]);
  });
});

describe("the schedule", () => {
  const policy = { intervalMs: 1000, afterWrites: 10, growthPercent: 100, growthMinBytes: 500 };
  const facts = {
    nowMs: 10_000,
    lastEndedAtMs: 9500,
    lastDurationMs: 10,
    lastSizeBytes: 1000,
    writesSince: 1,
    logBytesSince: 0,
    failedAtMs: undefined,
  };

  test.each([
    ["nothing happened", { writesSince: 0, nowMs: 99_000 }, undefined],
    ["too early", {}, undefined],
    ["time", { nowMs: 10_500 }, "interval"],
    ["writes", { writesSince: 10 }, "writes"],
    ["the log grew past the snapshot", { logBytesSince: 1000 }, "growth"],
    ["the log grew, not past the snapshot", { logBytesSince: 999 }, undefined],
    ["the log is small", { logBytesSince: 499, lastSizeBytes: 1 }, undefined],
    ["the last one took long", { writesSince: 10, lastDurationMs: 126 }, undefined],
    ["the last one failed just now", { failedAtMs: 9000, writesSince: 10 }, undefined],
    ["the last one failed a while ago", { failedAtMs: 8000, writesSince: 0 }, "retry"],
  ])("%s", (_, changes, reason) => {
    expect(dueReason(policy, { ...facts, ...changes })).toBe(reason);
  });

  test("everything off", () => {
    const off = { intervalMs: 0, afterWrites: 0, growthPercent: 0, growthMinBytes: 0 };
    expect(dueReason(off, { ...facts, writesSince: 1e9, logBytesSince: 1e9, nowMs: 1e12 })).toBeUndefined();
  });
});

describe("the data directory", () => {
  const heldLocks = () => {
    const held = new Set<string>();
    return (path: string) => {
      if (held.has(path)) return undefined;
      held.add(path);
      return () => held.delete(path);
    };
  };

  test("a node without a name makes one up and keeps it, through a power cut", async () => {
    const disk = new SimulatedDisk();
    const first = await openDataDirectory(disk, heldLocks(), "/x/data", undefined);
    const second = await openDataDirectory(disk.powerCut(), heldLocks(), "/x/data", undefined);
    expect(second.nodeId).toBe(first.nodeId);
    expect(second.path).toBe(`/x/data/${first.nodeId}`);
  });

  test("a second node is refused until the first lets go", async () => {
    const disk = new SimulatedDisk();
    const locks = heldLocks();
    const first = await openDataDirectory(disk, locks, "/data", "n1");
    await expect(openDataDirectory(disk, locks, "/data", "n1")).rejects.toMatchObject({ code: "DIRECTORY_IN_USE" });
    await openDataDirectory(disk, locks, "/data", "n2");
    first.release();
    await openDataDirectory(disk, locks, "/data", "n1");
  });

  test("a name that is none stops the start", async () => {
    const disk = new SimulatedDisk();
    disk.put("/data/node-id", Buffer.from("../elsewhere\n"));
    await expect(openDataDirectory(disk, heldLocks(), "/data", undefined)).rejects.toThrow(/holds no node id/);
  });
});
