// SHUTDOWN: ends the node. There is no reply when it does: the connection closes.
import type { CommandRegistry } from "../commands/registry.ts";
import { optionOf, syntaxError } from "../commands/replies.ts";
import { error, noReply, type Reply } from "../commands/reply.ts";

/** Whether a snapshot is written first: as configured, in any case, or not. */
export interface ShutdownRequest {
  save: "default" | "always" | "never";
  /** End even when the snapshot can not be written. */
  isForced: boolean;
}

export function registerShutdown(registry: CommandRegistry, shutDown: (request: ShutdownRequest) => void): void {
  registry.add("SHUTDOWN", (context, args) => {
    const request = readRequest(args);
    if ("kind" in request) return request;
    context.changes.closes = true;
    setImmediate(() => shutDown(request));
    return noReply;
  });
}

function readRequest(args: readonly Buffer[]): ShutdownRequest | Extract<Reply, { kind: "error" }> {
  const words = args.map(optionOf);
  const known = ["SAVE", "NOSAVE", "NOW", "FORCE", "ABORT"];
  if (words.some((word) => !known.includes(word))) return syntaxError;
  const has = (word: string) => words.includes(word);
  if (has("SAVE") && has("NOSAVE")) return syntaxError;
  if (has("ABORT")) return words.length > 1 ? syntaxError : error("ERR No shutdown in progress.");
  return { save: has("SAVE") ? "always" : has("NOSAVE") ? "never" : "default", isForced: has("FORCE") };
}
