// The row of numbers on top: what matters most, now, and against its limit.
import type { LiveState } from "../api-types.ts";
import { element, setText } from "./dom.ts";
import { bytes, count, percent, perSecond, seconds } from "./format.ts";
import type { Series } from "./series.ts";

interface Tile {
  readonly id: string;
  readonly title: string;
  value(series: Series): string;
  note(series: Series, state: LiveState): string;
  /** The share of its limit, 0 to 1; undefined when there is no limit. */
  share?(series: Series, state: LiveState): number | undefined;
}

const families = ["read", "write", "keys", "transactions", "server"] as const;

const shareOf = (value: number | null, limit: number) => (limit > 0 ? Math.min(1, (value ?? 0) / limit) : undefined);
const ofLimit = (limit: string, isLimited: boolean) => (isLimited ? `of ${limit}` : "no limit");

function hitRatio(series: Series): number | null {
  const hits = series.latest("hits") ?? 0;
  const total = hits + (series.latest("misses") ?? 0);
  return total === 0 ? null : hits / total;
}

const tiles: readonly Tile[] = [
  {
    id: "commands",
    title: "Commands",
    value: (series) => perSecond(families.reduce((sum, family) => sum + (series.latest(family) ?? 0), 0)),
    note: (series) => `${perSecond(series.latest("errors"))} errors`,
  },
  {
    id: "p99",
    title: "p99",
    value: (series) => seconds(series.latest("p99")),
    note: (series) => `p50 ${seconds(series.latest("p50"))}`,
  },
  {
    id: "hit-ratio",
    title: "Hit ratio",
    value: (series) => percent(hitRatio(series)),
    note: (series) => `${perSecond(series.latest("misses"))} misses`,
  },
  {
    id: "memory",
    title: "Memory",
    value: (series) => bytes(series.latest("usedBytes")),
    note: (_, { memoryLimitBytes }) => ofLimit(bytes(memoryLimitBytes), memoryLimitBytes > 0),
    share: (series, { memoryLimitBytes }) => shareOf(series.latest("usedBytes"), memoryLimitBytes),
  },
  {
    id: "entries",
    title: "Entries",
    value: (series) => count(series.latest("entries")),
    note: (_, { entriesLimit }) => ofLimit(count(entriesLimit), entriesLimit > 0),
    share: (series, { entriesLimit }) => shareOf(series.latest("entries"), entriesLimit),
  },
  {
    id: "connections",
    title: "Connections",
    value: (series) => count(series.latest("connections")),
    note: (_, { connectionsLimit }) => ofLimit(count(connectionsLimit), connectionsLimit > 0),
    share: (series, { connectionsLimit }) => shareOf(series.latest("connections"), connectionsLimit),
  },
  {
    id: "cpu",
    title: "CPU",
    value: (series) => percent(series.latest("cpu")),
    note: (_, { ioThreads }) => `of one core; ${ioThreads} I/O thread${ioThreads === 1 ? "" : "s"}`,
  },
];

export class Tiles {
  readonly #update: ((series: Series, state: LiveState) => void)[] = [];

  constructor(parent: HTMLElement) {
    for (const tile of tiles) {
      const value = element("b", { id: `tile-${tile.id}` }, "–");
      const note = element("small");
      const bar = element("meter", { min: 0, max: 1, low: 0.85, high: 0.97, optimum: 0, value: 0, hidden: true });
      bar.setAttribute("aria-label", `${tile.title}: share of the limit`);
      parent.append(
        element("div", { class: "card tile" }, element("span", { class: "tile-title" }, tile.title), value, note, bar),
      );
      this.#update.push((series, state) => {
        setText(value, tile.value(series));
        setText(note, tile.note(series, state));
        const share = tile.share?.(series, state);
        bar.hidden = share === undefined;
        bar.value = share ?? 0;
      });
    }
  }

  update(series: Series, state: LiveState): void {
    for (const update of this.#update) update(series, state);
  }
}
