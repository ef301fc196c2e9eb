// What a conformance case is, and how its replies are compared. A case is data: commands that both servers get on a fresh
// connection over an empty store. Their replies must be the same bytes, in RESP2 and in RESP3.
import type { Word } from "./raw-connection.ts";
import { partsOfReply } from "./reply-reader.ts";

/**
 * How a reply is compared: `bytes` as it stands; `set` as an array whose order is free; `kind` by its type and sign alone,
 * for what depends on the time; `cursor` as a SCAN reply whose keys' order is free (and whose cursor is finished or not).
 */
export type Comparison = "bytes" | "set" | "kind" | "cursor";

export interface StepObject {
  readonly words: readonly Word[];
  readonly compare?: Comparison;
  /** Which connection of the case sends it; the first is 0. */
  readonly client?: number;
}

/** A line is split at single spaces; two spaces in a row make an empty word. */
export type Step = string | readonly Word[] | StepObject;

export interface ConformanceCase {
  readonly name: string;
  readonly steps: readonly Step[];
}

export function wordsOf(step: Step): readonly Word[] {
  if (typeof step === "string") return step.split(" ");
  return "words" in step ? step.words : step;
}

export function optionsOf(step: Step): { compare: Comparison; client: number } {
  if (typeof step === "string" || !("words" in step)) return { compare: "bytes", client: 0 };
  return { compare: step.compare ?? "bytes", client: step.client ?? 0 };
}

export const as = (compare: Comparison, line: string): StepObject => ({ words: line.split(" "), compare });
export const by = (client: number, line: string): StepObject => ({ words: line.split(" "), client });

const sorted = (reply: Buffer): string[] => partsOfReply(reply).map(printable).sort();

export function printable(reply: Buffer): string {
  return JSON.stringify(reply.toString("latin1"));
}

function kindOf(reply: Buffer): string {
  const text = reply.toString("latin1");
  if (text.startsWith("-")) return text;
  if (text.startsWith(":-")) return text;
  return text.startsWith("$-") || text.startsWith("_") ? text : (text[0] ?? "");
}

/** What of a reply takes part in the comparison, readable in a failure. */
export function comparable(reply: Buffer, compare: Comparison): unknown {
  if (compare === "bytes") return printable(reply);
  if (compare === "kind") return kindOf(reply);
  if (compare === "set") return sorted(reply);
  const [cursor, keys] = partsOfReply(reply);
  if (cursor === undefined || keys === undefined) return printable(reply);
  return { isFinished: printable(cursor) === JSON.stringify("$1\r\n0\r\n"), keys: sorted(keys) };
}
