// Where each command stands in the native arrays of metrics: the rows of the command table, then all subcommands in the order of
// their containers.
import type { CommandFamily } from "../metrics/readings.ts";
import type { CommandRow } from "./command-row.ts";
import { commandTable } from "./command-table.ts";

export interface CommandPlace {
  /** "get", "config|set". */
  readonly name: string;
  readonly family: CommandFamily;
}

/** By place. */
export const commandPlaces: readonly CommandPlace[] = [
  ...commandTable,
  ...commandTable.flatMap(({ subcommands }) => subcommands),
].map((row) => ({ name: row.name, family: familyOf(row) }));

const byName = new Map(commandPlaces.map(({ name }, place) => [name, place]));

export function placeOf(name: string): number | undefined {
  return byName.get(name.toLowerCase());
}

function familyOf({ group, flags }: CommandRow): CommandFamily {
  if (group === "transactions") return "transactions";
  if (group === "generic") return "keys";
  if (group === "connection" || group === "server") return "server";
  return flags.includes("write") ? "write" : "read";
}
