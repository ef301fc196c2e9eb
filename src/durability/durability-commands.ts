// SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF and WAITAOF, with the replies of Redis 7 (WAITAOF: 7.2).
import { errorCodeOf, messageOf } from "../base/errors.ts";
import type { CommandRegistry } from "../commands/registry.ts";
import { optionOf, parseInteger, syntaxError } from "../commands/replies.ts";
import { type ErrorReply, error, ok, type Reply, simple } from "../commands/reply.ts";
import type { Durability } from "./durability.ts";

export interface DurabilityCommandParts {
  registry: CommandRegistry;
  /** Undefined while the node keeps nothing on disk. */
  durability: () => Durability | undefined;
  /** When the node started, Unix milliseconds: what LASTSAVE answers before the first snapshot. */
  startedAtMs: number;
}

const keepsNothing = error(
  "ERR this node keeps nothing on disk: DATA_DIR is empty, or WAL_FILE and SNAPSHOT_FILE both are",
);
const saveUnderWay = error("ERR Background save already in progress");
const rewriteUnderWay = error("ERR Background append only file rewriting already in progress");
const otherUnderWay = error(
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
);

export function registerDurabilityCommands({ registry, durability, startedAtMs }: DurabilityCommandParts): void {
  registry.add("SAVE", () => save(durability()));
  registry.add("BGSAVE", (_context, args) => saveInBackground(durability(), args));
  registry.add("BGREWRITEAOF", () => rewrite(durability()));
  registry.add("LASTSAVE", () => {
    const endedAtMs = durability()?.status().snapshot?.lastEndedAtMs ?? startedAtMs;
    return Math.floor(endedAtMs / 1000);
  });
  registry.add("WAITAOF", (_context, args) => waitForLog(durability(), args));
}

async function save(durability: Durability | undefined): Promise<Reply> {
  if (durability === undefined) return keepsNothing;
  if (durability.activity === "save") return saveUnderWay;
  try {
    await durability.save();
    return ok;
  } catch (cause) {
    return error(`ERR ${messageOf(cause)}`);
  }
}

function saveInBackground(durability: Durability | undefined, args: readonly Buffer[]): Reply {
  const isScheduled = args.length === 1 && optionOf(args[0]) === "SCHEDULE";
  if (args.length > 0 && !isScheduled) return syntaxError;
  if (durability === undefined) return keepsNothing;
  if (durability.activity === "save") return saveUnderWay;
  const waits = durability.activity === "rewrite";
  if (waits && !isScheduled) return otherUnderWay;
  durability.startSave();
  return simple(waits ? "Background saving scheduled" : "Background saving started");
}

function rewrite(durability: Durability | undefined): Reply {
  if (durability?.hasLog !== true) return error("ERR this node has no log to rewrite");
  if (durability.activity === "rewrite") return rewriteUnderWay;
  const waits = durability.activity !== undefined;
  durability.startRewrite();
  return simple(`Background append only file rewriting ${waits ? "scheduled" : "started"}`);
}

/** Answers how many copies have synced everything before this command: of this node (0 or 1), and of replicas (there are none). */
async function waitForLog(durability: Durability | undefined, args: readonly Buffer[]): Promise<Reply> {
  const request = readWait(args);
  if ("kind" in request) return request;
  const { copies, replicas, timeoutMs } = request;
  if (durability?.hasLog !== true) {
    if (copies === 0) return waitedFor(0, replicas, timeoutMs, new Promise(() => {}));
    return error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  return waitedFor(copies, replicas, timeoutMs, durability.durable());
}

interface Wait {
  copies: number;
  replicas: number;
  timeoutMs: number;
}

function readWait(args: readonly Buffer[]): Wait | ErrorReply {
  const [copies, replicas, timeoutMs] = args.map(parseInteger);
  if (copies === undefined || copies < 0 || copies > 1)
    return error("ERR value is out of range, value must between 0 and 1");
  if (replicas === undefined || replicas < 0) return error("ERR value is out of range, must be positive");
  if (timeoutMs === undefined) return error("ERR timeout is not an integer or out of range");
  if (timeoutMs < 0) return error("ERR timeout is negative");
  return { copies, replicas, timeoutMs };
}

async function waitedFor(copies: number, replicas: number, timeoutMs: number, durable: Promise<void>): Promise<Reply> {
  let synced = 0;
  const local = durable.then(
    () => {
      synced = 1;
    },
    (cause: unknown) => {
      if (errorCodeOf(cause) === "INTERNAL") throw cause;
    },
  );
  const enough = Promise.all([copies > 0 ? local : undefined, replicas > 0 ? new Promise(() => {}) : undefined]);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    if (timeoutMs > 0) timer = setTimeout(resolve, Math.min(timeoutMs, 2 ** 31 - 1));
  });
  try {
    await Promise.race([enough, patience]);
  } finally {
    clearTimeout(timer);
  }
  return [synced, 0];
}
