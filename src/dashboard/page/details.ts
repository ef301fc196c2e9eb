// The tabs below the charts: slow log, hot keys, big keys, clients, configuration and the key look-up. Only the tab that is
// shown asks the node, every two seconds.
import type {
  BigCallRow,
  BigCallsReport,
  ClientRow,
  ClientsJson,
  ConfigJson,
  ConfigRow,
  HotKeyRow,
  HotKeysReport,
  SlowCommand,
  SlowLogJson,
} from "../api-types.ts";
import { element } from "./dom.ts";
import { age, bytes, count, seconds, timeOfDay } from "./format.ts";
import { KeyLookUp } from "./key-look-up.ts";
import { type Column, table } from "./table.ts";

interface Tab {
  readonly id: string;
  readonly title: string;
  /** Fills the panel; called again and again while the tab is shown. */
  fill(panel: HTMLElement): Promise<void>;
}

const refreshMs = 2000;

const slowColumns: readonly Column<SlowCommand>[] = [
  { title: "At", text: ({ at }) => timeOfDay(at * 1000) },
  { title: "Took", isNumber: true, text: ({ durationUs }) => seconds(durationUs / 1e6) },
  { title: "Command", isCode: true, text: ({ args }) => args.join(" ") },
  { title: "Client", text: ({ client, clientName }) => (clientName === "" ? client : `${client} (${clientName})`) },
];

const hotColumns: readonly Column<HotKeyRow & { rate: string }>[] = [
  { title: "Key", isCode: true, text: ({ key }) => key },
  { title: "Database", isNumber: true, text: ({ database }) => String(database) },
  {
    title: "Calls",
    isNumber: true,
    text: ({ calls, error }) => `${count(calls)}${error > 0 ? ` (−${count(error)})` : ""}`,
  },
  { title: "Rate", isNumber: true, text: ({ rate }) => rate },
];

const bigColumns: readonly Column<BigCallRow & { direction: string }>[] = [
  { title: "Key", isCode: true, text: ({ key }) => key },
  { title: "Database", isNumber: true, text: ({ database }) => String(database) },
  { title: "Size", isNumber: true, text: ({ sizeBytes }) => bytes(sizeBytes) },
  { title: "In", text: ({ direction }) => direction },
  { title: "Command", text: ({ command }) => command.toUpperCase() },
  { title: "At", text: ({ atMs }) => timeOfDay(atMs) },
];

const clientColumns: readonly Column<ClientRow>[] = [
  { title: "Id", isNumber: true, text: ({ id }) => String(id) },
  { title: "Address", text: ({ address }) => address },
  { title: "Name", text: ({ name }) => name },
  { title: "Library", text: ({ library }) => library },
  { title: "Database", isNumber: true, text: ({ database }) => String(database) },
  { title: "Connected", isNumber: true, text: ({ ageSeconds }) => age(ageSeconds) },
  { title: "Idle", isNumber: true, text: ({ idleSeconds }) => age(idleSeconds) },
  { title: "Last command", text: ({ lastCommand }) => lastCommand },
];

const configColumns: readonly Column<ConfigRow>[] = [
  { title: "Setting", isCode: true, text: ({ name }) => name },
  { title: "Value", isCode: true, text: ({ value }) => value },
  { title: "Default", text: (row) => row.default },
  { title: "Meaning", text: ({ meaning }) => meaning },
];

const tabs: readonly Tab[] = [
  {
    id: "slowlog",
    title: "Slow log",
    async fill(panel) {
      const { commands } = await ask<SlowLogJson>("/api/slowlog");
      panel.replaceChildren(table(slowColumns, commands, "No command was slow."));
    },
  },
  {
    id: "hotkeys",
    title: "Hot keys",
    async fill(panel) {
      const { keys, sinceMs } = await ask<HotKeysReport>("/api/hotkeys?limit=50");
      const elapsed = Math.max(1, (Date.now() - sinceMs) / 1000);
      const rows = keys.map((row) => ({ ...row, rate: `${count(row.calls / elapsed)}/s` }));
      const note = element(
        "p",
        { class: "hint" },
        `Calls of the last ${age(elapsed)}; (−n): at most so many too many.`,
      );
      panel.replaceChildren(table(hotColumns, rows, "No key stands out."), rows.length > 0 ? note : "");
    },
  },
  {
    id: "bigkeys",
    title: "Big keys",
    async fill(panel) {
      const { requests, replies } = await ask<BigCallsReport>("/api/bigcalls?limit=30");
      const rows = [
        ...requests.map((row) => ({ ...row, direction: "request" })),
        ...replies.map((row) => ({ ...row, direction: "reply" })),
      ].toSorted((a, b) => b.sizeBytes - a.sizeBytes);
      panel.replaceChildren(table(bigColumns, rows, "No request or reply was larger than 1 KiB."));
    },
  },
  {
    id: "clients",
    title: "Clients",
    async fill(panel) {
      const { clients } = await ask<ClientsJson>("/api/clients?limit=200");
      panel.replaceChildren(table(clientColumns, clients, "No client is connected."));
    },
  },
  {
    id: "config",
    title: "Configuration",
    async fill(panel) {
      const { settings } = await ask<ConfigJson>("/api/config");
      panel.replaceChildren(table(configColumns, settings, "No settings."));
    },
  },
];

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

export class Details {
  readonly #buttons: HTMLButtonElement[] = [];
  readonly #panels: HTMLElement[] = [];
  readonly #all: readonly Tab[];
  #shown = 0;
  isPaused = false;

  constructor(root: HTMLElement) {
    const lookUp = new KeyLookUp();
    this.#all = [...tabs, { id: "key", title: "Look up a key", fill: async (panel) => lookUp.showIn(panel) }];
    const list = element("div", { role: "tablist", "aria-label": "Details" });
    for (const [i, { id, title }] of this.#all.entries()) {
      const button = element(
        "button",
        { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}` },
        title,
      );
      button.addEventListener("click", () => this.#show(i));
      this.#buttons.push(button);
      this.#panels.push(element("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}` }));
    }
    list.addEventListener("keydown", (event) => this.#moveFocus(event));
    list.append(...this.#buttons);
    root.append(list, ...this.#panels);
    this.#show(0);
    setInterval(() => void this.#refresh(), refreshMs);
  }

  #show(place: number): void {
    this.#shown = place;
    for (const [i, button] of this.#buttons.entries()) {
      button.setAttribute("aria-selected", String(i === place));
      button.tabIndex = i === place ? 0 : -1;
      const panel = this.#panels[i];
      if (panel !== undefined) panel.hidden = i !== place;
    }
    void this.#refresh(true);
  }

  #moveFocus(event: KeyboardEvent): void {
    const last = this.#buttons.length - 1;
    const places: Readonly<Record<string, number>> = {
      ArrowRight: this.#shown === last ? 0 : this.#shown + 1,
      ArrowLeft: this.#shown === 0 ? last : this.#shown - 1,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    this.#show(place);
    this.#buttons[place]?.focus();
  }

  /** A table that is being read (selected, scrolled or focused) is left alone. */
  async #refresh(isAsked = false): Promise<void> {
    const tab = this.#all[this.#shown];
    const panel = this.#panels[this.#shown];
    if (tab === undefined || panel === undefined || document.hidden) return;
    const isBeingRead = panel.contains(document.activeElement) || (panel.querySelector(".scroll")?.scrollTop ?? 0) > 0;
    if (!isAsked && (this.isPaused || isBeingRead)) return;
    try {
      await tab.fill(panel);
    } catch {
      // The line is down; the notice on top says so, and the next refresh tries again.
    }
  }
}
