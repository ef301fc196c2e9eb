// INFO: sections that parts register, rendered in Redis's format. A section is a list of fields read when it is asked for.
import type { CommandRegistry } from "./registry.ts";
import { type Reply, verbatim } from "./reply.ts";

export type InfoField = readonly [name: string, value: string | number];
export type InfoReader = () => readonly InfoField[];

interface Section {
  title: string;
  read: InfoReader;
  /** Shown by plain INFO; the others only by name, `all` or `everything`. */
  isDefault: boolean;
}

/** The order of Redis; what it does not have comes last. */
const order = [
  "server",
  "clients",
  "memory",
  "persistence",
  "stats",
  "replication",
  "cpu",
  "commandstats",
  "errorstats",
];
order.push("latencystats", "cluster", "keyspace");

function placeInOrder(key: string): number {
  const place = order.indexOf(key);
  return place === -1 ? order.length : place;
}

export class InfoSections {
  readonly #sections = new Map<string, Section>();

  /** Adds a section, or puts it in the place of the one of that name. The title is what follows "# ". */
  add(title: string, read: InfoReader, isDefault = true): void {
    this.#sections.set(title.toLowerCase(), { title, read, isDefault });
  }

  /** The text of INFO with these arguments: none, names of sections, `default`, `all`, `everything`. */
  render(names: readonly string[] = []): string {
    const wanted = new Set(names.map((name) => name.toLowerCase()));
    const isAll = wanted.has("all") || wanted.has("everything");
    const isDefault = wanted.size === 0 || wanted.has("default");
    return [...this.#sections]
      .filter(([key, section]) => isAll || wanted.has(key) || (isDefault && section.isDefault))
      .sort(([a], [b]) => placeInOrder(a) - placeInOrder(b))
      .map(([, section]) => renderSection(section))
      .join("\r\n");
  }
}

function renderSection({ title, read }: Section): string {
  const lines = read().map(([name, value]) => `${name}:${value}\r\n`);
  return `# ${title}\r\n${lines.join("")}`;
}

export function registerInfo(registry: CommandRegistry, info: InfoSections): void {
  registry.add("INFO", (_context, args): Reply => verbatim(info.render(args.map(String))));
}
