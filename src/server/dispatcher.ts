// Answers commands that the data plane does not execute: finds the handler, checks the arity of subcommands, encodes the
// reply. A connection waits for its answer, so its order needs no care here; handlers of different connections interleave.

import type { Clock } from "../base/clock.ts";
import { errorCodeOf, errorCodes, messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { findCommand, fitsArity } from "../commands/command-table.ts";
import type { CommandContext, CommandRegistry, Handler } from "../commands/registry.ts";
import { unknownSubcommand, wrongArity } from "../commands/replies.ts";
import { encodeReply, error, isError, type Reply } from "../commands/reply.ts";
import type { Changes, ServerEvent } from "../native.ts";
import type { Connections } from "./connections.ts";

/** A command that was answered here, for whoever counts. */
export interface AnsweredCommand {
  /** As the table spells it: "client|id". */
  readonly name: string;
  readonly words: readonly Buffer[];
  readonly connection: number;
  /** From dispatch to answer. */
  readonly durationMs: number;
  /** The text of an error reply; empty for any other. */
  readonly errorText: string;
}

export type Answer = (connection: number, reply: Buffer, changes: Changes) => void;

export interface DispatcherParts {
  registry: CommandRegistry;
  connections: Connections;
  logger: Logger;
  answer: Answer;
  clock: Clock;
  answered(command: AnsweredCommand): void;
}

/** A command found in the registry, or why there is none. */
type Found = { handler: Handler; name: string; args: readonly Buffer[] } | { problem: Reply; name: string };

export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Answers a REQUEST event, now or when its handler is done. Never throws. */
  dispatch(event: ServerEvent): void {
    const startedAtMs = this.#parts.clock.monotonicMs();
    const found = this.#find(event.arguments);
    const context = contextOf(event, found.name);
    const answer = (reply: Reply) => {
      this.#answer(context, reply);
      this.#parts.answered({
        name: found.name,
        words: event.arguments,
        connection: event.connection,
        durationMs: this.#parts.clock.monotonicMs() - startedAtMs,
        errorText: isError(reply) ? reply.text : "",
      });
    };
    const connection = this.#parts.connections.get(event.connection);
    if (connection !== undefined) {
      connection.lastCommand = found.name;
      connection.protocol = event.protocol;
    }
    if ("problem" in found) {
      answer(found.problem);
      return;
    }
    try {
      const reply = found.handler(context, found.args);
      if (!(reply instanceof Promise)) answer(reply);
      else reply.then(answer, (cause: unknown) => answer(this.#failure(found.name, cause)));
    } catch (cause) {
      answer(this.#failure(found.name, cause));
    }
  }

  #find(words: readonly Buffer[]): Found {
    const [first, second] = words;
    const name = first?.toString("latin1").toLowerCase() ?? "";
    const row = findCommand(name);
    if (row === undefined) return { name, problem: error(`ERR unknown command '${name.slice(0, 128)}'`) };
    const isContainer = row.subcommands.length > 0 && second !== undefined;
    const fullName = isContainer ? `${name}|${second.toString("latin1").toLowerCase()}` : name;
    const exact = isContainer ? findCommand(fullName) : row;
    if (exact === undefined) return { name, problem: unknownSubcommand(name, String(second)) };
    if (!fitsArity(exact, words.length)) return { name: fullName, problem: wrongArity(fullName) };
    const handler = this.#parts.registry.find(fullName);
    if (handler === undefined) return { name: fullName, problem: error(`ERR '${fullName}' is not available here`) };
    return { handler, name: fullName, args: words.slice(isContainer ? 2 : 1) };
  }

  #answer(context: CommandContext, reply: Reply): void {
    const bytes = encodeReply(reply, context.changes.protocol ?? context.protocol);
    this.#parts.answer(context.connection, bytes, context.changes);
  }

  #failure(name: string, cause: unknown): Reply {
    const code = errorCodeOf(cause);
    if (code === "INTERNAL") this.#parts.logger.error({ command: name, err: cause }, "a command failed");
    return error(`${errorCodes[code].respPrefix} ${messageOf(cause)}`);
  }
}

function contextOf(event: ServerEvent, name: string): CommandContext {
  const { connection, database, protocol, isAuthenticated } = event;
  return { connection, database, protocol, isAuthenticated, name, changes: {} };
}
