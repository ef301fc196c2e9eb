// The id of a log: chosen once, in the header of each of its segments, and part of every record's checksum.
import { randomBytes } from "node:crypto";

/** 32 hex digits. */
export function makeLogId(): string {
  return randomBytes(16).toString("hex");
}
