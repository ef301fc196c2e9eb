// Records, entries and outcomes as lines for people.
import type { SegmentEffect, SegmentOutcome, SegmentRecord, SnapshotEntry, SnapshotInfo } from "../native.ts";

/** Bytes in double quotes; what is not printable ASCII is written as \xNN. */
export function quoted(bytes: Buffer): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${text}"`;
}

const deadline = (expiresAtMs: number): string => (expiresAtMs === 0 ? "" : ` until ${moment(expiresAtMs)}`);

function moment(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

function effectLine({ kind, database, expiresAtMs, offset, key, bytes }: SegmentEffect): string {
  switch (kind) {
    case "put":
      return `put ${database} ${quoted(key)} ${quoted(bytes)}${deadline(expiresAtMs)}`;
    case "remove":
      return `remove ${database} ${quoted(key)}`;
    case "expire":
      return `expire ${database} ${quoted(key)}${expiresAtMs === 0 ? " never" : deadline(expiresAtMs)}`;
    case "writeAt":
      return `write ${database} ${quoted(key)} at ${offset} ${quoted(bytes)}`;
    case "flush":
      return `flush ${database}`;
    case "flushAll":
      return "flush all";
    case "swap":
      return `swap ${database} ${offset}`;
  }
}

/** Sequence number, place and size in the file, and the effects. */
export function recordLine({ sequence, offset, sizeBytes, effects }: SegmentRecord): string {
  return `${sequence} @${offset} ${sizeBytes} B  ${effects.map(effectLine).join("; ")}`;
}

export function entryLine({ database, expiresAtMs, key, value }: SnapshotEntry): string {
  return `${database} ${quoted(key)} ${quoted(value)}${deadline(expiresAtMs)}`;
}

/** One line that says how a segment is. */
export function outcomeLine(path: string, outcome: SegmentOutcome): string {
  const { end, reason, records, lastSequence, validBytes, sizeBytes, format, firstSequence } = outcome;
  const what =
    firstSequence === undefined
      ? "no header"
      : `${format}, ${records} records from ${firstSequence} to ${lastSequence}`;
  if (end === "end") return `${path}: ok (${what}, ${sizeBytes} bytes)`;
  const rest = `${sizeBytes - validBytes} bytes from offset ${validBytes} (record ${records + 1}): ${reason}`;
  return end === "torn"
    ? `${path}: the tail is torn, as after a crash; the next start cuts ${rest} (${what} before)`
    : `${path}: DAMAGED, ${rest} (${what} before)`;
}

export function snapshotLines(path: string, info: SnapshotInfo): string[] {
  return [
    `file            ${path}`,
    `format version  ${info.version}`,
    `log id          ${info.logId}`,
    `snapshot id     ${info.snapshotId}`,
    `records         up to ${info.lastSequence} (the walk began at ${info.firstSequence})`,
    `begun           ${moment(info.startedAtMs)}`,
    `finished        ${moment(info.finishedAtMs)}`,
    `databases       ${info.databases}`,
    `entries         ${info.entries}`,
    `tail records    ${info.records}`,
    `blocks          ${info.blocks}`,
    `size            ${info.sizeBytes} bytes`,
  ];
}
