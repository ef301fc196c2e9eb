// A log that is cut at every byte, or has any bit flipped, or a record twice, missing, zeroed or in another's place: a start gives
// exactly a prefix of the history, or refuses and says where. Both formats.
import { readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DistCacheError } from "../../src/base/errors.ts";
import { makeDirectory, putAlone, type Recovered, recoverFrom, type Written, writeHistory } from "./recovered.ts";

describe.each(["binary", "text"] as const)("a log in the %s format", (format) => {
  let written: Written;
  let bytes: Buffer;
  let directory: string;
  let path: string;
  let records: Buffer[];

  beforeAll(async () => {
    written = await writeHistory(format);
    bytes = readFileSync(written.segment);
    directory = makeDirectory();
    path = join(directory, basename(written.segment));
    records = written.offsets.slice(0, -1).map((offset, index) => bytes.subarray(offset, written.offsets[index + 1]));
  });

  afterAll(() => {
    for (const made of [written.directory, directory]) rmSync(made, { recursive: true, force: true });
  });

  /** What a start makes of these bytes as the only segment. */
  const start = (changed: Buffer): Promise<Recovered> => {
    putAlone(directory, path, changed);
    return recoverFrom(directory);
  };

  const refusal = async (changed: Buffer): Promise<DistCacheError> => {
    const outcome = await start(changed).catch((error: DistCacheError) => error);
    if ("state" in outcome) throw new Error(`a start took it, and found ${JSON.stringify(outcome.state)}`);
    return outcome;
  };

  const header = (): Buffer => bytes.subarray(0, written.offsets[0]);
  const withRecords = (list: readonly Buffer[]): Buffer => Buffer.concat([header(), ...list]);

  test("whole, gives the whole history", async () => {
    const { state, result } = await start(bytes);
    expect(state).toEqual(written.states.at(-1));
    expect(result).toMatchObject({ droppedBytes: 0, records: records.length });
  });

  test("cut at any byte, gives the records before the cut and drops the rest", async () => {
    for (let size = 0; size <= bytes.byteLength; size += 1) {
      const { state, result } = await start(bytes.subarray(0, size));
      const whole = written.offsets.filter((offset) => offset <= size).length - 1;
      expect(state, `cut at ${size}`).toEqual(written.states[Math.max(0, whole)]);
      const kept = whole < 0 ? 0 : written.offsets[whole];
      expect(result.droppedBytes, `cut at ${size}`).toBe(size - (kept ?? 0));
    }
  });

  test("with any bit of its last record flipped, gives the records before it", async () => {
    const from = written.offsets.at(-2) ?? 0;
    for (let bit = from * 8; bit < bytes.byteLength * 8; bit += 1) {
      const { state } = await start(flipped(bytes, bit));
      expect(state, `bit ${bit}`).toEqual(written.states.at(-2));
    }
  });

  test("with any bit of a record in the middle flipped, is refused with file, offset, record and command", async () => {
    const [from = 0, to = 0] = written.offsets.slice(2, 4);
    for (let bit = from * 8; bit < to * 8; bit += 1) {
      const failure = await refusal(flipped(bytes, bit));
      expect(failure, `bit ${bit}`).toMatchObject({ code: "CORRUPT", file: path, offset: from });
      expect(failure.message).toContain(`offset ${from} (record 3 of the segment)`);
      expect(failure.message).toContain(`distcache wal check ${path}`);
      expect(failure.message).toContain(`distcache wal repair ${path}`);
    }
  });

  test("with any bit of its header flipped, is refused", async () => {
    for (let bit = 0; bit < header().byteLength * 8; bit += 1) {
      expect(await refusal(flipped(bytes, bit)), `bit ${bit}`).toMatchObject({ code: "CORRUPT" });
    }
  });

  test("with any record twice, is refused or gives the history as it was", async () => {
    for (const [index, record] of records.entries()) {
      const twice = withRecords([...records.slice(0, index + 1), record, ...records.slice(index + 1)]);
      expect(await refusal(twice), `record ${index}`).toMatchObject({
        code: "CORRUPT",
        offset: written.offsets[index + 1],
      });
    }
  });

  test("with any two neighbours swapped, is refused", async () => {
    for (let index = 0; index + 1 < records.length; index += 1) {
      const swapped = [...records];
      [swapped[index], swapped[index + 1]] = [records[index + 1] ?? header(), records[index] ?? header()];
      expect(await refusal(withRecords(swapped)), `record ${index}`).toMatchObject({ code: "CORRUPT" });
    }
  });

  test("with any record missing before the last, is refused", async () => {
    for (let index = 0; index + 1 < records.length; index += 1) {
      expect(await refusal(withRecords(records.toSpliced(index, 1))), `record ${index}`).toMatchObject({
        code: "CORRUPT",
      });
    }
  });

  test("with any record zeroed, is refused, but for the last: that is a torn tail", async () => {
    for (const [index, record] of records.entries()) {
      const zeroed = withRecords(records.with(index, Buffer.alloc(record.byteLength)));
      if (index + 1 < records.length) {
        expect(await refusal(zeroed), `record ${index}`).toMatchObject({
          code: "CORRUPT",
          offset: written.offsets[index],
        });
      } else {
        expect((await start(zeroed)).state).toEqual(written.states.at(-2));
      }
    }
  });

  test.each([1, 7, 4096, 100_000])("followed by %i zero bytes, gives the whole history", async (count) => {
    const { state, result } = await start(Buffer.concat([bytes, Buffer.alloc(count)]));
    expect(state).toEqual(written.states.at(-1));
    expect(result.droppedBytes).toBe(count);
  });

  test("cut and started again, goes on where it was cut", async () => {
    const size = bytes.byteLength - 3;
    const first = await start(bytes.subarray(0, size));
    const second = await recoverFrom(directory);
    expect(second.state).toEqual(first.state);
    expect(second.result).toMatchObject({ droppedBytes: 0, lastSequence: first.result.lastSequence });
  });
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return changed;
}
