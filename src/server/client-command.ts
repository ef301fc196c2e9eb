// CLIENT: what a client says about itself, and what it may ask and do about others. Replies are those of Redis 7.
import type { Clock } from "../base/clock.ts";
import type { CommandRow } from "../commands/command-row.ts";
import { findCommand } from "../commands/command-table.ts";
import type { CommandContext, CommandRegistry, Handler } from "../commands/registry.ts";
import { helpReply, optionOf, parseInteger, syntaxError } from "../commands/replies.ts";
import { error, isError, noReply, ok, type Reply, verbatim } from "../commands/reply.ts";
import { killFilter, listFilter, noSuchClient } from "./client-filter.ts";
import { clientLine } from "./client-list.ts";
import type { ConnectionReports } from "./connection-reports.ts";
import type { Connection, Connections } from "./connections.ts";
import { badName, isPlainWord } from "./hello-command.ts";
import type { Pause } from "./pause.ts";

export interface ClientCommandParts {
  connections: Connections;
  reports: ConnectionReports;
  pause: Pause;
  clock: Clock;
  /** Closes another client's connection at once. */
  kill(connection: number): void;
}

export function registerClientCommand(registry: CommandRegistry, parts: ClientCommandParts): void {
  const add = (name: string, handler: Handler) => registry.add(`CLIENT|${name}`, handler);
  const { connections, pause } = parts;
  add("ID", (context) => context.connection);
  add("INFO", (context) => lines(parts, context, (connection) => connection.id === context.connection));
  add("LIST", (context, args) => {
    const filter = listFilter(args);
    return isError(filter) ? filter : lines(parts, context, filter);
  });
  add("KILL", (context, args) => (args.length === 1 ? killAddress(parts, context, args) : kill(parts, context, args)));
  add("GETNAME", (context) => connections.get(context.connection)?.name || null);
  add("SETNAME", (context, args) => setName(connections.get(context.connection), args));
  add("SETINFO", (context, args) => setInfo(connections.get(context.connection), args));
  add("PAUSE", (_context, args) => beginPause(pause, args));
  add("UNPAUSE", () => {
    pause.end();
    return ok;
  });
  add("NO-EVICT", (context, args) => switchNoEvict(connections.get(context.connection), args));
  add("NO-TOUCH", (context, args) => switchNoTouch(connections.get(context.connection), context, args));
  add("REPLY", (context, args) => setReplyMode(context, args));
  add("HELP", () => helpReply(findCommand("client") as CommandRow));
}

async function lines(
  { connections, reports, clock }: ClientCommandParts,
  context: CommandContext,
  accepts: (connection: Connection) => boolean,
): Promise<Reply> {
  const report = await reports.ask();
  const nowMs = clock.nowMs();
  const text = connections
    .all()
    .filter(accepts)
    .map((connection) => {
      const currentCommand = connection.id === context.connection ? context.name : undefined;
      return `${clientLine({ connection, row: report.get(connection.id), currentCommand, nowMs })}\n`;
    });
  return verbatim(text.join(""));
}

function killAddress(parts: ClientCommandParts, context: CommandContext, args: readonly Buffer[]): Reply {
  const address = String(args[0]);
  const found = parts.connections.all().filter((connection) => connection.peer === address);
  return end(parts, context, found) > 0 ? ok : noSuchClient;
}

function kill(parts: ClientCommandParts, context: CommandContext, args: readonly Buffer[]): Reply {
  const filter = killFilter(args);
  if (isError(filter)) return filter;
  const isMe = (connection: Connection) => connection.id === context.connection;
  const found = parts.connections.all().filter(filter.accepts);
  return end(parts, context, filter.skipsMe ? found.filter((connection) => !isMe(connection)) : found);
}

/** Ends connections; the one that asks goes after its reply. */
function end(parts: ClientCommandParts, context: CommandContext, found: readonly Connection[]): number {
  for (const { id } of found) {
    if (id === context.connection) context.changes.closes = true;
    else parts.kill(id);
  }
  return found.length;
}

function setName(connection: Connection | undefined, [argument]: readonly Buffer[]): Reply {
  const name = argument?.toString("latin1") ?? "";
  if (!isPlainWord(name)) return badName;
  if (connection !== undefined) connection.name = name;
  return ok;
}

function setInfo(connection: Connection | undefined, [attribute, value]: readonly Buffer[]): Reply {
  const text = value?.toString("latin1") ?? "";
  const option = optionOf(attribute);
  if (option !== "LIB-NAME" && option !== "LIB-VER") return error(`ERR Unrecognized option '${String(attribute)}'`);
  if (!isPlainWord(text)) {
    return error(`ERR ${option.toLowerCase()} cannot contain spaces, newlines or special characters.`);
  }
  if (connection === undefined) return ok;
  if (option === "LIB-NAME") connection.libraryName = text;
  else connection.libraryVersion = text;
  return ok;
}

function beginPause(pause: Pause, [timeout, mode]: readonly Buffer[]): Reply {
  const word = mode === undefined ? "ALL" : optionOf(mode);
  if (word !== "ALL" && word !== "WRITE") return error("ERR CLIENT PAUSE mode must be WRITE or ALL");
  const durationMs = timeout === undefined ? undefined : parseInteger(timeout);
  if (durationMs === undefined) return error("ERR timeout is not an integer or out of range");
  if (durationMs < 0) return error("ERR timeout is negative");
  pause.begin(durationMs, word === "ALL" ? "all" : "write");
  return ok;
}

/** ON or OFF; undefined for anything else. */
function readSwitch([argument]: readonly Buffer[]): boolean | undefined {
  const word = optionOf(argument);
  return word === "ON" ? true : word === "OFF" ? false : undefined;
}

function switchNoEvict(connection: Connection | undefined, args: readonly Buffer[]): Reply {
  const isOn = readSwitch(args);
  if (isOn === undefined) return syntaxError;
  if (connection !== undefined) connection.isNoEvict = isOn;
  return ok;
}

function switchNoTouch(connection: Connection | undefined, context: CommandContext, args: readonly Buffer[]): Reply {
  const isOn = readSwitch(args);
  if (isOn === undefined) return syntaxError;
  context.changes.touchesRecency = !isOn;
  if (connection !== undefined) connection.isNoTouch = isOn;
  return ok;
}

function setReplyMode(context: CommandContext, [argument]: readonly Buffer[]): Reply {
  switch (optionOf(argument)) {
    case "ON":
      context.changes.replyMode = "on";
      return ok;
    case "OFF":
      context.changes.replyMode = "off";
      return noReply;
    case "SKIP":
      context.changes.replyMode = "skip";
      return noReply;
    default:
      return syntaxError;
  }
}
