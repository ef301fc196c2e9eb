// Which handler answers which command. Parts register their handlers here under the command's name ("TIME") or the
// subcommand's full name ("CLIENT|ID"); the registry knows none of the parts. Runs on the main thread.
import { DistCacheError } from "../base/errors.ts";
import type { Changes } from "../native.ts";
import type { Protocol, Reply } from "./reply.ts";

/** What a handler knows about the connection that asks, and what it may change about it. */
export interface CommandContext {
  readonly connection: number;
  readonly database: number;
  readonly protocol: Protocol;
  readonly isAuthenticated: boolean;
  /** The command's name as the table spells it: "time", "client|id". */
  readonly name: string;
  /** What the handler wants changed; applied together with the answer, before the connection's next command. */
  readonly changes: Changes;
}

/** `args` are what follows the command's (and subcommand's) name; their number was checked against the table. */
export type Handler = (context: CommandContext, args: readonly Buffer[]) => Reply | Promise<Reply>;

export class CommandRegistry {
  readonly #handlers = new Map<string, Handler>();

  /** A later registration of a name is a mistake, unless it says that it replaces. */
  add(name: string, handler: Handler): void {
    const key = name.toLowerCase();
    if (this.#handlers.has(key)) throw new DistCacheError("INTERNAL", `two handlers for ${name}`);
    this.#handlers.set(key, handler);
  }

  /** For a part that does better what a lower one does already. */
  replace(name: string, handler: Handler): void {
    this.#handlers.set(name.toLowerCase(), handler);
  }

  find(name: string): Handler | undefined {
    return this.#handlers.get(name.toLowerCase());
  }

  /** Full names, in the order of registration. */
  names(): string[] {
    return [...this.#handlers.keys()];
  }
}
