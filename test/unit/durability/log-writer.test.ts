// The log writer against a simulated disk: what is durable when, how segments change, and how it fails.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FsyncPolicy } from "../../../src/wal/log-source.ts";
import { LogWriter } from "../../../src/wal/log-writer.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedLog, sequencesOf, simulatedHeader } from "./simulated-log.ts";

const segmentPattern = /\.wal$/;

interface Setup {
  policy?: FsyncPolicy;
  segmentBytes?: number;
  monotonicMs?: () => number;
}

async function openWriter({ policy = "everysec", segmentBytes = 1 << 20, monotonicMs = Date.now }: Setup = {}) {
  const disk = new SimulatedDisk();
  await disk.makeDirectory("/data");
  const log = new SimulatedLog();
  const failures: string[] = [];
  const synced: number[] = [];
  const writer = new LogWriter({
    source: log,
    files: disk,
    directory: "/data",
    baseName: "log",
    header: simulatedHeader,
    policy,
    segmentBytes,
    bufferBytes: 1000,
    clock: { nowMs: () => Date.now(), monotonicMs },
    onFailure: (error) => failures.push(error.code),
    onSynced: (sequence) => synced.push(sequence),
  });
  log.onWake = () => writer.wake();
  await writer.open(1);
  return { disk, log, writer, failures, synced };
}

/** Every record that a start would find, in order of segments. */
function recordsOn(disk: SimulatedDisk): number[] {
  return disk
    .paths()
    .filter((path) => segmentPattern.test(path))
    .flatMap((path) => sequencesOf(disk.read(path)));
}

function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Lets every promise and timer that is due now run. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a log under `always`", () => {
  test("nothing is called synced that a power cut takes back", async () => {
    const { disk, log, synced } = await openWriter({ policy: "always" });
    for (let round = 0; round < 20; round += 1) {
      log.append("x".repeat(round));
      log.append("y");
      await settle();
      expect(recordsOn(disk.powerCut())).toEqual(upTo(synced.at(-1) ?? 0));
    }
    expect(synced.at(-1)).toBe(40);
  });

  test("records that come while a write is under way share the next one", async () => {
    const { disk, log, writer } = await openWriter({ policy: "always" });
    const release = disk.stallOn("write", segmentPattern);
    log.append("first");
    await settle();
    for (let count = 0; count < 50; count += 1) log.append("later");
    release();
    await settle();
    expect(writer.status()).toMatchObject({ batches: 2, syncedSequence: 51 });
  });

  test("a write that takes less than it was given goes on with the rest", async () => {
    const { disk, log, synced } = await openWriter({ policy: "always" });
    disk.shortenOn(segmentPattern, 3);
    log.append("a record that is long enough to be cut several times");
    await settle();
    expect(synced).toEqual([1]);
    expect(recordsOn(disk.powerCut())).toEqual([1]);
  });
});

describe("a log under `everysec`", () => {
  test("records are with the kernel within 10 ms, and on the disk within a second", async () => {
    const { disk, log } = await openWriter();
    log.append("x");
    await vi.advanceTimersByTimeAsync(9);
    expect(recordsOn(disk.processKilled())).toEqual([1]);
    expect(recordsOn(disk.powerCut())).toEqual([]);
    await vi.advanceTimersByTimeAsync(991);
    expect(recordsOn(disk.powerCut())).toEqual([1]);
  });

  test("it syncs every second also while records come all the time", async () => {
    const { disk, log } = await openWriter();
    for (let elapsedMs = 0; elapsedMs < 5000; elapsedMs += 20) {
      const newest = log.append("x");
      await vi.advanceTimersByTimeAsync(20);
      const lost = newest - recordsOn(disk.powerCut()).length;
      expect(lost).toBeLessThanOrEqual(1000 / 20);
    }
  });

  test("a sync that stalls holds up no write, and the next one follows at once", async () => {
    const { disk, log, writer } = await openWriter();
    const release = disk.stallOn("sync", segmentPattern);
    log.append("x");
    await vi.advanceTimersByTimeAsync(10_000);
    log.append("y");
    await vi.advanceTimersByTimeAsync(20);
    expect(recordsOn(disk.processKilled())).toEqual([1, 2]);
    expect(writer.status().syncedSequence).toBe(0);
    await vi.advanceTimersByTimeAsync(2000);
    release();
    await settle();
    expect(recordsOn(disk.powerCut())).toEqual([1, 2]);
    expect(writer.status()).toMatchObject({ slowSyncs: 1, syncedSequence: 2 });
  });

  test("small records are gathered, a full buffer is not waited for", async () => {
    const { log, writer } = await openWriter();
    for (let count = 0; count < 100; count += 1) log.append("small");
    await settle();
    expect(writer.status().batches).toBe(0);
    log.append("x".repeat(300_000));
    await settle();
    expect(writer.status().batches).toBe(1);
  });
});

describe("durable()", () => {
  test.each(["always", "everysec", "no"] as const)(
    "under %s it resolves when all before it is on the disk",
    async (policy) => {
      const { disk, log, writer } = await openWriter({ policy });
      log.append("a");
      const newest = log.append("b");
      await Promise.all([writer.durable(), vi.advanceTimersByTimeAsync(0)]);
      expect(recordsOn(disk.powerCut())).toEqual(upTo(newest));
    },
  );

  test("a thousand calls at once cost a few syncs", async () => {
    const { disk, log, writer } = await openWriter({ policy: "no" });
    const waits = upTo(1000).map((number) => {
      log.append(`record ${number}`);
      return writer.durable();
    });
    await Promise.all([...waits, vi.advanceTimersByTimeAsync(0)]);
    expect(recordsOn(disk.powerCut())).toEqual(upTo(1000));
    expect(writer.status().syncs).toBeLessThanOrEqual(3);
  });

  test("it rejects when the log fails meanwhile", async () => {
    const { disk, log, writer } = await openWriter({ policy: "no" });
    disk.failOn("sync", segmentPattern, "EIO");
    log.append("a");
    const outcome = writer.durable().then(
      () => "resolved",
      (error: { code: string }) => error.code,
    );
    await settle();
    expect(await outcome).toBe("WRITES_REFUSED");
  });
});

describe("segments", () => {
  test.each(["always", "everysec", "no"] as const)("under %s they follow each other without a gap", async (policy) => {
    const { disk, log, writer } = await openWriter({ policy, segmentBytes: 200 });
    for (let count = 0; count < 100; count += 1) {
      log.append("some bytes");
      await vi.advanceTimersByTimeAsync(4);
    }
    await Promise.all([writer.close(), vi.advanceTimersByTimeAsync(0)]);
    const segments = disk.paths().filter((path) => segmentPattern.test(path));
    expect(segments.length).toBeGreaterThan(5);
    let next = 1;
    for (const path of segments) {
      expect(path).toBe(`/data/log-${String(next).padStart(16, "0")}.wal`);
      const sequences = sequencesOf(disk.read(path));
      expect(sequences).toEqual(upTo(next + sequences.length - 1, next));
      next += sequences.length;
    }
    expect(next).toBe(101);
  });

  test("an older segment is synced before a newer one appears", async () => {
    const { disk, log } = await openWriter({ policy: "no", segmentBytes: 60 });
    for (let count = 0; count < 30; count += 1) {
      log.append("some bytes");
      await vi.advanceTimersByTimeAsync(4);
      const found = recordsOn(disk.powerCut());
      expect(found).toEqual(upTo(found.length));
    }
    expect(disk.paths().length).toBeGreaterThan(3);
  });

  test("rotate() begins one at once, behind the records that wait; none while the current one is empty", async () => {
    const { disk, log, writer } = await openWriter();
    writer.rotate();
    await vi.advanceTimersByTimeAsync(10);
    expect(disk.paths()).toHaveLength(1);
    log.append("a");
    await vi.advanceTimersByTimeAsync(10);
    log.append("b");
    writer.rotate();
    await settle();
    expect(disk.paths()).toEqual(["/data/log-0000000000000001.wal", "/data/log-0000000000000003.wal"]);
    expect(recordsOn(disk.powerCut())).toEqual([1, 2]);
    log.append("c");
    await vi.advanceTimersByTimeAsync(10);
    expect(disk.paths()).toHaveLength(2);
  });

  test("a policy that changes holds from the next record on", async () => {
    const { disk, log, writer, synced } = await openWriter({ policy: "no" });
    log.append("a");
    await vi.advanceTimersByTimeAsync(5000);
    expect(recordsOn(disk.powerCut())).toEqual([]);
    writer.setPolicy("always");
    await settle();
    expect(synced.at(-1)).toBe(1);
    log.append("b");
    await settle();
    expect(synced.at(-1)).toBe(2);
    expect(recordsOn(disk.powerCut())).toEqual([1, 2]);
  });
});

describe("a log that fails", () => {
  const faults = [
    ["a write", "write", "ENOSPC", "always"],
    ["a write", "write", "EIO", "everysec"],
    ["a sync", "sync", "EIO", "everysec"],
    ["the sync of a full segment", "sync", "EIO", "no"],
    ["making a segment", "create", "EMFILE", "no"],
    ["renaming a segment", "rename", "EIO", "no"],
    ["syncing the directory", "syncDirectory", "EIO", "no"],
  ] as const;

  test.each(faults)(
    "%s (%s, %s, %s): it says so once, and writes nothing more to that segment",
    async (_, call, code, policy) => {
      const { disk, log, writer, failures, synced } = await openWriter({ policy, segmentBytes: 200 });
      log.append("before");
      await vi.advanceTimersByTimeAsync(2000);
      const syncedBefore = writer.status().syncedSequence;
      disk.failOn(call, /./, code);
      for (let count = 0; count < 20; count += 1) {
        log.append("some bytes of a record");
        await vi.advanceTimersByTimeAsync(100);
      }
      await vi.advanceTimersByTimeAsync(2000);
      expect(failures).toEqual(["WRITES_REFUSED"]);
      expect(writer.status().state).toBe("failed");
      expect(recordsOn(disk.powerCut())).toEqual(expect.arrayContaining(upTo(synced.at(-1) ?? syncedBefore)));
      disk.heal();
      const journal = disk.journal.length;
      log.append("after");
      await vi.advanceTimersByTimeAsync(5000);
      expect(disk.journal.length).toBe(journal);
    },
  );

  test("it goes on in a fresh segment with everything that was not taken", async () => {
    const { disk, log, writer, synced } = await openWriter({ policy: "always" });
    log.append("kept");
    await settle();
    disk.failOn("write", segmentPattern, "EIO");
    log.append("lost with its segment");
    await settle();
    log.append("waits");
    log.append("waits");
    disk.heal();
    expect(writer.status()).toMatchObject({ state: "failed", takenSequence: 2, syncedSequence: 1 });
    await Promise.all([writer.reopen(), settle()]);
    await settle();
    expect(synced.at(-1)).toBe(4);
    const fresh = disk.powerCut().read("/data/log-0000000000000003.wal");
    expect(sequencesOf(fresh)).toEqual([3, 4]);
  });

  test("a sync that fails while a write is under way: the write does not count", async () => {
    const { disk, log, writer, failures } = await openWriter();
    log.append("a");
    await vi.advanceTimersByTimeAsync(10);
    disk.failOn("sync", segmentPattern, "EIO");
    const release = disk.stallOn("write", segmentPattern);
    log.append("b");
    await vi.advanceTimersByTimeAsync(2000);
    expect(failures).toHaveLength(1);
    release();
    await settle();
    expect(writer.status()).toMatchObject({ state: "failed", writtenSequence: 1, syncedSequence: 0 });
    await writer.settle();
  });

  test("reopen() that fails leaves it failed, and can be tried again", async () => {
    const { disk, log, writer } = await openWriter({ policy: "always" });
    disk.failOn("write", /./, "ENOSPC");
    log.append("a");
    await settle();
    await expect(writer.reopen()).rejects.toMatchObject({ code: "WRITES_REFUSED" });
    expect(writer.status().state).toBe("failed");
    disk.heal();
    await writer.reopen();
    expect(writer.status().state).toBe("open");
  });

  test("a disk that stalls holds records back and loses none", async () => {
    const { disk, log, writer } = await openWriter({ policy: "always" });
    const release = disk.stallOn("write", segmentPattern);
    for (let count = 0; count < 10; count += 1) log.append("x");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(writer.status().syncedSequence).toBe(0);
    release();
    await settle();
    expect(recordsOn(disk.powerCut())).toEqual(upTo(10));
  });
});

describe("close()", () => {
  test.each(["always", "everysec", "no"] as const)("under %s it leaves everything on the disk", async (policy) => {
    const { disk, log, writer } = await openWriter({ policy });
    for (let count = 0; count < 10; count += 1) log.append("x");
    await Promise.all([writer.close(), vi.advanceTimersByTimeAsync(0)]);
    expect(recordsOn(disk.powerCut())).toEqual(upTo(10));
    await writer.close();
  });

  test("what comes after it is let go: the buffer does not grow", async () => {
    const { disk, log, writer } = await openWriter();
    log.append("kept");
    await Promise.all([writer.close(), vi.advanceTimersByTimeAsync(0)]);
    const journal = disk.journal.length;
    for (let count = 0; count < 10; count += 1) log.append("not kept");
    expect(log.pendingBytes()).toBe(0);
    expect(disk.journal.length).toBe(journal);
    await expect(writer.durable()).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("a log that is drained while the event loop waits", () => {
  test("is with the kernel when the call returns", async () => {
    const { disk, log, writer } = await openWriter();
    for (let i = 0; i < 5; i += 1) log.append("x");
    writer.drainNow(false);
    expect(recordsOn(disk)).toEqual(upTo(5));
    expect(log.pendingBytes()).toBe(0);
    await settle();
    log.append("y");
    await writer.close();
    expect(recordsOn(disk)).toEqual(upTo(6));
  });

  test("never overtakes the batch that is under way", async () => {
    const { disk, log, writer } = await openWriter({ policy: "always" });
    const release = disk.stallOn("write", segmentPattern);
    log.append("first");
    await settle();
    log.append("second");
    writer.drainNow(false);
    expect(recordsOn(disk)).toEqual([]);
    release();
    await settle();
    expect(recordsOn(disk)).toEqual([1, 2]);
  });

  test("gives a full buffer up when the disk takes nothing, and goes on when it does", async () => {
    let nowMs = 0;
    const { disk, log, writer, failures } = await openWriter({ policy: "always", monotonicMs: () => (nowMs += 1000) });
    const release = disk.stallOn("write", segmentPattern);
    log.append("first");
    await settle();
    log.append("second");
    expect(() => writer.drainNow(true)).toThrow(expect.objectContaining({ code: "WRITES_REFUSED" }));
    release();
    await settle();
    expect(recordsOn(disk)).toEqual([1, 2]);
    expect(failures).toEqual([]);
  });

  test("may be overfilled while segments change, but not for ever", async () => {
    const { disk, log, writer } = await openWriter({ policy: "no", segmentBytes: 100 });
    log.append("x".repeat(200));
    writer.drainNow(true);
    const release = disk.stallOn("sync", segmentPattern);
    log.append("y");
    writer.rotate();
    await settle();
    log.append("z".repeat(2000));
    writer.drainNow(true);
    log.append("z".repeat(8000));
    expect(() => writer.drainNow(true)).toThrow(expect.objectContaining({ code: "WRITES_REFUSED" }));
    release();
    await writer.durable();
    expect(recordsOn(disk)).toEqual(upTo(4));
  });

  test("is synced by `everysec` when that is due", async () => {
    let nowMs = 0;
    const { disk, log, writer, synced } = await openWriter({ monotonicMs: () => nowMs });
    log.append("x");
    writer.drainNow(false);
    expect(recordsOn(disk.powerCut())).toEqual([]);
    nowMs += 1000;
    log.append("y");
    writer.drainNow(false);
    expect(recordsOn(disk.powerCut())).toEqual([1, 2]);
    expect(synced.at(-1)).toBe(2);
  });

  test("fails as any write does", async () => {
    const { disk, log, writer, failures } = await openWriter();
    log.append("x");
    disk.failOn("write", segmentPattern, "ENOSPC");
    writer.drainNow(true);
    expect(failures).toEqual(["WRITES_REFUSED"]);
    expect(writer.status().state).toBe("failed");
    await expect(writer.durable()).rejects.toMatchObject({ code: "WRITES_REFUSED" });
  });
});
