// SLOWLOG: the newest commands that took long. Replies are those of Redis 7.
import type { CommandRow } from "./command-row.ts";
import { findCommand } from "./command-table.ts";
import type { CommandRegistry } from "./registry.ts";
import { helpReply, parseInteger } from "./replies.ts";
import { error, ok, type Reply } from "./reply.ts";

/** One command of the slow log, its arguments as bytes. */
export interface SlowLogRow {
  readonly id: number;
  readonly atS: number;
  readonly durationUs: number;
  readonly args: readonly Uint8Array[];
  readonly address: string;
  readonly clientName: string;
}

export interface SlowLogSource {
  rows(limit: number): readonly SlowLogRow[];
  length(): number;
  reset(): void;
}

const all = 0xffff_ffff;
const usualCount = 10;

export function registerSlowlogCommand(registry: CommandRegistry, source: SlowLogSource): void {
  registry.add("SLOWLOG|GET", (_context, [count]) => {
    const limit = count === undefined ? usualCount : parseInteger(count);
    if (limit === undefined || limit < -1) return error("ERR count should be greater than or equal to -1");
    return source.rows(limit === -1 ? all : Math.min(limit, all)).map(rowReply);
  });
  registry.add("SLOWLOG|LEN", () => source.length());
  registry.add("SLOWLOG|RESET", () => {
    source.reset();
    return ok;
  });
  registry.add("SLOWLOG|HELP", () => helpReply(findCommand("slowlog") as CommandRow));
}

function rowReply({ id, atS, durationUs, args, address, clientName }: SlowLogRow): Reply {
  return [id, atS, durationUs, args, address, clientName];
}
