// MONITOR: every command of every client, to those who asked. Lines are those of Redis 7. The data plane posts commands only
// while somebody monitors, and drops lines for a reader that does not keep up.
import type { Clock } from "../base/clock.ts";
import type { CommandRegistry } from "../commands/registry.ts";
import { ok } from "../commands/reply.ts";
import type { ServerEvent } from "../native.ts";
import type { Connections } from "./connections.ts";

export interface MonitorParts {
  readonly connections: Connections;
  readonly clock: Clock;
  setMonitoring(isOn: boolean): void;
  push(connection: number, bytes: Buffer): boolean;
}

export class Monitor {
  readonly #parts: MonitorParts;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
  }

  register(registry: CommandRegistry): void {
    registry.add("MONITOR", (context) => {
      const connection = this.#parts.connections.get(context.connection);
      if (connection === undefined) return ok;
      connection.isMonitor = true;
      this.#parts.setMonitoring(true);
      return ok;
    });
  }

  /** A MONITOR event came. When nobody monitors any more, no further one will. */
  take(event: ServerEvent): void {
    const { connections, clock } = this.#parts;
    const watchers = connections.all().filter(({ isMonitor }) => isMonitor);
    if (watchers.length === 0) {
      this.#parts.setMonitoring(false);
      return;
    }
    const peer = connections.get(event.connection)?.peer ?? "unknown";
    const words = event.arguments.map(quoted).join(" ");
    const line = Buffer.from(
      `+${(clock.nowMs() / 1000).toFixed(6)} [${event.database} ${peer}] ${words}\r\n`,
      "latin1",
    );
    for (const { id } of watchers) this.#parts.push(id, line);
  }
}

const shortEscapes: Readonly<Record<number, string>> = {
  92: "\\\\",
  34: '\\"',
  10: "\\n",
  13: "\\r",
  9: "\\t",
  7: "\\a",
  8: "\\b",
};

/** Bytes in quotes, as Redis shows them. */
export function quoted(bytes: Uint8Array): string {
  const shown = Array.from(bytes, (byte) => {
    const short = shortEscapes[byte];
    if (short !== undefined) return short;
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${shown.join("")}"`;
}
