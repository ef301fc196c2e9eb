// What a start makes of a directory: which files it takes, which it cuts, and when it refuses.
import { describe, expect, test } from "vitest";
import { recover } from "../../../src/durability/recovery.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedEngine } from "./simulated-engine.ts";

const silent = { info: () => {}, warn: () => {} };

function segment(disk: SimulatedDisk, first: number, last: number, tail = ""): void {
  const lines = [`header ${first}`];
  for (let sequence = first; sequence <= last; sequence += 1) lines.push(`${sequence} key${sequence % 5}=${sequence}`);
  disk.put(`/data/log-${String(first).padStart(16, "0")}.wal`, Buffer.from(`${lines.join("\n")}\n${tail}`));
}

/** The state after records 1 to last, as `segment` writes them. */
function stateAfter(last: number): Record<string, string> {
  const state: Record<string, string> = {};
  for (let sequence = 1; sequence <= last; sequence += 1) state[`key${sequence % 5}`] = String(sequence);
  return state;
}

function snapshot(disk: SimulatedDisk, last: number, kind = "snapshot", text?: string): void {
  const name = `/data/${kind === "base" ? "log" : "snap"}-${String(last).padStart(16, "0")}.${kind}`;
  const state = Object.entries(stateAfter(last));
  const facts = { lastSequence: last, logId: "simulated", entries: state.length, sizeBytes: 1, createdAtMs: 1, state };
  disk.put(name, Buffer.from(text ?? JSON.stringify(facts)));
}

async function start(disk: SimulatedDisk) {
  const engine = new SimulatedEngine(disk);
  const result = await recover({
    files: disk,
    directory: "/data",
    walName: "log",
    snapshotName: "snap",
    engine,
    logger: silent,
    onProgress: () => {},
  });
  return { result, state: Object.fromEntries(engine.state) };
}

describe("a start", () => {
  test("on an empty directory finds nothing", async () => {
    const { result, state } = await start(new SimulatedDisk());
    expect(result).toMatchObject({ lastSequence: 0, logId: undefined, droppedBytes: 0 });
    expect(state).toEqual({});
  });

  test("takes segments alone", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 10);
    segment(disk, 11, 20);
    const { result, state } = await start(disk);
    expect(result).toMatchObject({ lastSequence: 20, records: 20 });
    expect(state).toEqual(stateAfter(20));
  });

  test("takes the newest snapshot, and of the log only what is above it", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 10);
    segment(disk, 11, 20);
    snapshot(disk, 8);
    snapshot(disk, 14);
    const { result, state } = await start(disk);
    expect(result).toMatchObject({ lastSequence: 20, records: 6 });
    expect(state).toEqual(stateAfter(20));
  });

  test("takes a snapshot that is newer than the log (its records were synced, the log's were not)", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 10);
    snapshot(disk, 15);
    const { result, state } = await start(disk);
    expect(result).toMatchObject({ lastSequence: 15, records: 0 });
    expect(state).toEqual(stateAfter(15));
  });

  test("jumps over a hole in the log that a snapshot covers", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 10);
    snapshot(disk, 15);
    segment(disk, 16, 20);
    expect((await start(disk)).state).toEqual(stateAfter(20));
  });

  test("passes over a damaged snapshot when the one before it has its log, and puts it aside", async () => {
    const disk = new SimulatedDisk();
    snapshot(disk, 8);
    segment(disk, 9, 20);
    snapshot(disk, 14, "snapshot", "{");
    const { result, state } = await start(disk);
    expect(result).toMatchObject({ damagedSnapshots: 1, lastSequence: 20 });
    expect(state).toEqual(stateAfter(20));
    expect(disk.paths()).toContain("/data/snap-0000000000000014.snapshot.damaged");
  });

  test("passes over a damaged snapshot when the whole log is there", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 20);
    snapshot(disk, 14, "snapshot", "{");
    expect((await start(disk)).state).toEqual(stateAfter(20));
  });

  test("removes what a crash left unfinished", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 3);
    disk.put("/data/snap-0000000000000000.snapshot.tmp", Buffer.from("{"));
    disk.put("/data/log-0000000000000004.wal.tmp", Buffer.from("head"));
    await start(disk);
    expect(disk.paths()).toEqual(["/data/log-0000000000000001.wal"]);
  });
});

describe("a torn tail", () => {
  test("is cut, wherever it was torn", async () => {
    const whole = new SimulatedDisk();
    segment(whole, 1, 3);
    const path = "/data/log-0000000000000001.wal";
    const bytes = whole.read(path);
    for (let size = 0; size <= bytes.byteLength; size += 1) {
      const disk = new SimulatedDisk();
      disk.put(path, bytes.subarray(0, size));
      const { result, state } = await start(disk);
      expect(state).toEqual(stateAfter(result.lastSequence));
      const kept = disk.paths().length === 0 ? 0 : disk.read(path).byteLength;
      expect(kept + result.droppedBytes).toBe(size);
      expect((await start(disk)).result).toMatchObject({ droppedBytes: 0, lastSequence: result.lastSequence });
    }
  });

  test("before a later segment is damage", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 10, "11 ke");
    segment(disk, 11, 20);
    await expect(start(disk)).rejects.toMatchObject({ code: "CORRUPT" });
  });
});

describe("a start is refused", () => {
  test("with file, offset, record and the command to look with, when a record before the tail is damaged", async () => {
    const disk = new SimulatedDisk();
    disk.put("/data/log-0000000000000001.wal", Buffer.from("header 1\n1 a=1\nrubbish\n3 a=3\n"));
    const failure = await start(disk).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: "CORRUPT", file: "/data/log-0000000000000001.wal", offset: 15 });
    expect((failure as Error).message).toMatch(/offset 15 \(record 2 of the segment\)/);
    expect((failure as Error).message).toMatch(/distcache wal check .*distcache wal repair/);
  });

  test("when a segment is missing", async () => {
    const disk = new SimulatedDisk();
    segment(disk, 1, 10);
    segment(disk, 15, 20);
    await expect(start(disk)).rejects.toThrow(/records 11 to 14 are missing/);
  });

  test("when the log begins above the snapshot", async () => {
    const disk = new SimulatedDisk();
    snapshot(disk, 8);
    segment(disk, 12, 20);
    await expect(start(disk)).rejects.toThrow(/records 9 to 11 are missing/);
  });

  test("when the only snapshot is damaged and the log before it is gone", async () => {
    const disk = new SimulatedDisk();
    snapshot(disk, 8, "snapshot", "{");
    segment(disk, 9, 20);
    await expect(start(disk)).rejects.toThrow(/distcache snapshot check/);
    expect(disk.paths()).toContain("/data/snap-0000000000000008.snapshot");
  });

  test("when the only file is a damaged snapshot", async () => {
    const disk = new SimulatedDisk();
    snapshot(disk, 8, "snapshot", "{");
    await expect(start(disk)).rejects.toMatchObject({ code: "CORRUPT" });
  });
});
