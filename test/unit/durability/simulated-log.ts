// A log buffer without C++: records are lines of text, taken in order, with the promises of the native one.
import type { LogBatch, LogSource } from "../../../src/wal/log-source.ts";

export class SimulatedLog implements LogSource {
  #records: { sequence: number; line: Buffer }[] = [];
  #taken: { sequence: number; line: Buffer }[] | undefined;
  #sequence: number;
  onWake: () => void = () => {};
  /** The largest number of bytes that waited at any time. */
  peakBytes = 0;

  constructor(nextSequence = 1) {
    this.#sequence = nextSequence - 1;
  }

  append(text: string): number {
    this.#sequence += 1;
    this.#records.push({ sequence: this.#sequence, line: Buffer.from(`${this.#sequence} ${text}\n`) });
    this.peakBytes = Math.max(this.peakBytes, this.pendingBytes());
    this.onWake();
    return this.#sequence;
  }

  take(maxBytes: number): LogBatch | undefined {
    if (this.#taken !== undefined) throw new Error("a batch is taken already");
    let sizeBytes = 0;
    let count = 0;
    for (const { line } of this.#records) {
      if (count > 0 && sizeBytes + line.byteLength > maxBytes) break;
      sizeBytes += line.byteLength;
      count += 1;
    }
    const taken = this.#records.splice(0, count);
    const [first, last] = [taken[0], taken.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    this.#taken = taken;
    return {
      bytes: Buffer.concat(taken.map(({ line }) => line)),
      firstSequence: first.sequence,
      lastSequence: last.sequence,
    };
  }

  release(): void {
    if (this.#taken === undefined) throw new Error("no batch is taken");
    this.#taken = undefined;
  }

  lastSequence(): number {
    return this.#sequence;
  }

  pendingBytes(): number {
    return this.#records.reduce((total, { line }) => total + line.byteLength, 0);
  }
}

/** The header of a simulated segment. */
export function simulatedHeader(firstSequence: number): Uint8Array {
  return Buffer.from(`header ${firstSequence}\n`);
}

/** The sequence numbers of a simulated segment's whole records; throws when its header is not whole. */
export function sequencesOf(segment: Buffer): number[] {
  const text = segment.toString("utf8");
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  if (lines[0]?.startsWith("header ") !== true) throw new Error("no whole header");
  return lines.slice(1).map((line) => Number(line.split(" ")[0]));
}
