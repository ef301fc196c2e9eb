// The log: pino, one JSON object a line, or a line for people when the output is a terminal. Written to standard error's
// neighbour, standard output, as servers do; written without blocking the main thread and flushed when a node stops.
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
export const logLevels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

export type LogFormat = "auto" | "json" | "text";
export const logFormats: readonly LogFormat[] = ["auto", "json", "text"];

/** What parts use of a logger. */
export type Logger = Pick<PinoLogger, "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "level">;

export interface OpenLog {
  readonly logger: Logger;
  /** Writes out what is still buffered; to be called last. */
  flush(): void;
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
  return { logger, flush: () => flushQuietly(output) };
}

/** A logger that says nothing: for programs that embed a node and gave none. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

function flushQuietly(output: { flushSync(): void }): void {
  try {
    output.flushSync();
  } catch {
    // Not opened yet, or the reader of a pipe is gone: there is nobody left to tell.
  }
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
