// The log: pino, one JSON object a line, or a line for people when the output is a terminal. Written to standard
// output, without blocking the main thread and ended in order when a node stops.
import { once } from "node:events";
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import { withDeadline } from "./lifecycle.ts";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
export const logLevels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

export type LogFormat = "auto" | "json" | "text";
export const logFormats: readonly LogFormat[] = ["auto", "json", "text"];

/** What parts use of a logger. */
export type Logger = Pick<PinoLogger, "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "level">;

export interface OpenLog {
  readonly logger: Logger;
  /** Writes out what is still buffered, in order; to be called last. A reader that does not read is not waited for long. */
  close(): Promise<void>;
}

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  nodeId: string | undefined;
}

/** Opens the log on standard output. */
export function openLog(options: LogOptions): OpenLog {
  const output = pino.destination({ dest: 1, sync: false });
  const isText = options.format === "text" || (options.format === "auto" && process.stdout.isTTY === true);
  const destination: DestinationStream = isText ? { write: (line) => output.write(renderLine(line)) } : output;
  const base = options.nodeId === undefined ? null : { node: options.nodeId };
  const logger = pino({ level: options.level, base, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return { logger, close: () => closeQuietly(output) };
}

/** A logger that says nothing: for programs that embed a node and gave none. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

const closeDeadlineMs = 1000;

/** Flushing synchronously would put later lines before those of a write that is under way; ending the stream keeps the order. */
async function closeQuietly(output: ReturnType<typeof pino.destination>): Promise<void> {
  const closed = once(output, "close");
  output.end();
  // Failing means that the reader of a pipe is gone, or does not read: there is nobody left to tell.
  await withDeadline(closed, closeDeadlineMs, "closing the log").catch(() => {});
}

/** A line of JSON as a line for people: time, level when it matters, message, and the other fields. */
export function renderLine(json: string): string {
  const { level, time, msg, node: _, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clockTime = String(time).slice(11, 19);
  const name = pino.levels.labels[Number(level)] ?? "info";
  const label = name === "info" ? "" : `${name.toUpperCase()} `;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  return `${clockTime} ${label}${String(msg ?? "")}${rest.join("")}\n`;
}
