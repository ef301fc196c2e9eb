// CLIENT LIST and CLIENT INFO: a line a connection, with the fields of Redis 7.0 in its order, and the library's name and
// version behind them as later versions have it.

import type { ReportRow } from "./connection-reports.ts";
import type { Connection } from "./connections.ts";

const emptyRow: ReportRow = new Map();

/** What a field is when a thread did not report on the connection. */
const absent: Readonly<Record<string, string>> = { fd: "-1", db: "0", multi: "-1" };

export interface LineSource {
  connection: Connection;
  row: ReportRow | undefined;
  /** The command it runs right now, for the connection that asks. */
  currentCommand: string | undefined;
  nowMs: number;
}

export function clientLine({ connection, row = emptyRow, currentCommand, nowMs }: LineSource): string {
  const reported = (name: string) => row.get(name) ?? absent[name] ?? "0";
  const idleMs = currentCommand === undefined ? Number(row.get("idle_ms") ?? 0) : 0;
  const fields: readonly (readonly [string, string | number])[] = [
    ["id", connection.id],
    ["addr", connection.peer],
    ["laddr", connection.local],
    ["fd", reported("fd")],
    ["name", connection.name],
    ["age", Math.floor((nowMs - connection.openedAtMs) / 1000)],
    ["idle", Math.floor(idleMs / 1000)],
    ["flags", flagsOf(connection, reported("multi"))],
    ["db", reported("db")],
    ["sub", 0],
    ["psub", 0],
    ["ssub", 0],
    ["multi", reported("multi")],
    ...["qbuf", "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl", "oll", "omem", "tot-mem"].map(
      (name) => [name, reported(name)] as const,
    ),
    ["events", "r"],
    ["cmd", currentCommand ?? row.get("cmd") ?? connection.lastCommand],
    ["user", "default"],
    ["redir", -1],
    ["resp", connection.protocol],
    ["lib-name", connection.libraryName],
    ["lib-ver", connection.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

function flagsOf(connection: Connection, multi: string): string {
  const flags = [
    connection.isMonitor ? "O" : "",
    multi === "-1" ? "" : "x",
    isUnix(connection) ? "U" : "",
    connection.isNoEvict ? "e" : "",
    connection.isNoTouch ? "T" : "",
  ].join("");
  return flags === "" ? "N" : flags;
}

function isUnix(connection: Connection): boolean {
  return connection.local.includes("/");
}
