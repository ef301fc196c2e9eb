// OBJECT FREQ: how often a key was used of late, by the list of hot keys that the data plane keeps. The other subcommands
// of OBJECT are the data plane's.
import type { Clock } from "../base/clock.ts";
import type { CommandRegistry } from "./registry.ts";
import { nullReply, type Reply } from "./reply.ts";

export interface HotKey {
  readonly key: Buffer;
  /** How long the key is; `key` may be its beginning. */
  readonly keyBytes: number;
  readonly database: number;
  readonly calls: number;
}

export interface ObjectParts {
  readonly clock: Clock;
  has(key: Buffer, database: number): boolean;
  hotKeys(): readonly HotKey[];
}

/** A tool asks for every key there is, so the list is not merged anew for each. */
const listAgeMs = 1000;

export function registerObjectCommand(registry: CommandRegistry, parts: ObjectParts): void {
  let calls = new Map<string, number>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  const nameOf = (key: Buffer, database: number) => `${database} ${key.toString("latin1")}`;

  function frequencyOf(key: Buffer, database: number): number {
    const nowMs = parts.clock.monotonicMs();
    if (nowMs - readAtMs >= listAgeMs) {
      const whole = parts.hotKeys().filter((row) => row.key.length === row.keyBytes);
      calls = new Map(whole.map((row) => [nameOf(row.key, row.database), row.calls]));
      readAtMs = nowMs;
    }
    return calls.get(nameOf(key, database)) ?? 0;
  }

  registry.add("OBJECT|FREQ", ({ database }, [key]): Reply => {
    if (key === undefined || !parts.has(key, database)) return nullReply;
    return frequencyOf(key, database);
  });
}
