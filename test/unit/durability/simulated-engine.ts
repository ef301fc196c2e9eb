// A store, its log and its files without C++: text on a simulated disk, read and written with the promises of the native side.
// Every write is `key=value`; the state is a map.
import { DistCacheError } from "../../../src/base/errors.ts";
import type { Engine, EngineLog, LogDrainer, LogOptions, ReplayOutcome } from "../../../src/durability/engine.ts";
import type { SnapshotFacts } from "../../../src/snapshot/snapshot-keeper.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedLog, simulatedHeader } from "./simulated-log.ts";

interface SnapshotText extends SnapshotFacts {
  state: [string, string][];
}

export class SimulatedEngine implements Engine {
  readonly state = new Map<string, string>();
  readonly disk: SimulatedDisk;
  log: SimulatedLog | undefined;
  logOptions: LogOptions | undefined;
  isLogFailed = false;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  /** A write of the store: the state, and its record. */
  set(key: string, value: string): number {
    this.state.set(key, value);
    return this.log?.append(`${key}=${value}`) ?? 0;
  }

  async loadSnapshot(path: string): Promise<SnapshotFacts> {
    const facts = parseSnapshot(path, this.disk.read(path));
    for (const [key, value] of facts.state) this.state.set(key, value);
    return facts;
  }

  async replaySegment(path: string, afterSequence: number): Promise<ReplayOutcome> {
    const bytes = this.disk.read(path);
    const lines = bytes.toString("utf8").split("\n");
    const tail = lines.pop() ?? "";
    const header = /^header (\d+)$/.exec(lines[0] ?? "");
    const outcome = { logId: "simulated", records: 0, applied: 0, sizeBytes: bytes.byteLength };
    if (header === null) {
      return { ...outcome, logId: "", end: "torn", reason: "no header", lastSequence: 0, validBytes: 0 };
    }
    let lastSequence = Number(header[1]) - 1;
    let validBytes = Buffer.byteLength(`${lines[0]}\n`);
    for (const line of lines.slice(1)) {
      const match = /^(\d+) ([^=]+)=(.*)$/.exec(line);
      if (match === null || Number(match[1]) !== lastSequence + 1) {
        return { ...outcome, end: "damaged", reason: "no record", lastSequence, validBytes };
      }
      lastSequence += 1;
      validBytes += Buffer.byteLength(`${line}\n`);
      outcome.records += 1;
      if (lastSequence > afterSequence) {
        outcome.applied += 1;
        this.state.set(match[2] ?? "", match[3] ?? "");
      }
    }
    const end = tail === "" ? "end" : "torn";
    return { ...outcome, end, reason: "cut", lastSequence, validBytes };
  }

  clear(): void {
    this.state.clear();
  }

  attachLog(options: LogOptions, { onWake }: LogDrainer): EngineLog {
    const log = new SimulatedLog(options.nextSequence);
    this.log = log;
    this.logOptions = options;
    log.onWake = onWake;
    return Object.assign(log, {
      segmentHeader: simulatedHeader,
      oldestPendingAgeMs: () => 0,
      setFailed: (isFailed: boolean) => {
        this.isLogFailed = isFailed;
      },
    });
  }

  async writeSnapshot(path: string): Promise<SnapshotFacts> {
    const file = await this.disk.create(path, { isSynchronous: false });
    const state = [...this.state];
    const facts = {
      lastSequence: this.log?.lastSequence() ?? 0,
      logId: "simulated",
      entries: state.length,
      sizeBytes: 0,
      createdAtMs: 1,
    };
    const bytes = Buffer.from(JSON.stringify({ ...facts, state }));
    for (let offset = 0; offset < bytes.byteLength; ) offset += await file.write(bytes, offset);
    await file.sync();
    await file.close();
    return { ...facts, sizeBytes: bytes.byteLength };
  }
}

function parseSnapshot(path: string, bytes: Buffer): SnapshotText {
  try {
    return JSON.parse(bytes.toString("utf8")) as SnapshotText;
  } catch (cause) {
    throw new DistCacheError("CORRUPT", "the snapshot is not whole", { cause, file: path, offset: 0 });
  }
}
