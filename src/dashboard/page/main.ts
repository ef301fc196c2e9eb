// The page's composition: what the node sends goes into the series, and from there into tiles, charts and panels.
import { Chart } from "./chart.ts";
import { chartList } from "./chart-list.ts";
import { Connection } from "./connection.ts";
import { Details } from "./details.ts";
import { byId, element, setText } from "./dom.ts";
import { DurabilityPanel } from "./durability-panel.ts";
import { age, timeOfDay } from "./format.ts";
import { Series } from "./series.ts";
import { Theme } from "./theme.ts";
import { Tiles } from "./tiles.ts";

const windows = [
  { label: "1 min", seconds: 60 },
  { label: "5 min", seconds: 300 },
  { label: "15 min", seconds: 900 },
] as const;

class Page {
  readonly #series = new Series();
  readonly #charts = chartList.map((spec) => new Chart(spec));
  readonly #tiles = new Tiles(byId("tiles"));
  readonly #durability = new DurabilityPanel(byId("durability"));
  readonly #details = new Details(byId("details"));
  #windowSeconds: number = windows[1].seconds;
  #isPaused = false;
  #isConnected = false;
  /** When paused, the charts end there. */
  #pausedAt = 0;

  start(): void {
    byId("charts").append(...this.#charts.map((chart) => chart.card));
    new Theme(byId<HTMLButtonElement>("theme"), () => this.#recolor());
    this.#offerWindows();
    byId("pause").addEventListener("click", () => this.#togglePause());
    document.addEventListener("visibilitychange", () => this.#draw());
    void new Connection({
      loaded: (history) => {
        this.#series.load(history);
        this.#isConnected = true;
        this.#draw();
      },
      message: ({ row, state }) => {
        this.#series.append(row, state);
        this.#isConnected = true;
        this.#draw();
      },
      lost: () => {
        this.#isConnected = false;
        this.#showStatus();
      },
    }).open();
  }

  #offerWindows(): void {
    for (const { label, seconds } of windows) {
      const isChosen = seconds === this.#windowSeconds;
      const input = element("input", { type: "radio", name: "window", value: seconds, checked: isChosen });
      input.addEventListener("change", () => {
        this.#windowSeconds = seconds;
        this.#draw();
      });
      byId("window").append(element("label", {}, input, element("span", {}, label)));
    }
  }

  #togglePause(): void {
    this.#isPaused = !this.#isPaused;
    this.#pausedAt = this.#series.newestAt;
    this.#details.isPaused = this.#isPaused;
    const button = byId("pause");
    button.setAttribute("aria-pressed", String(this.#isPaused));
    setText(button, this.#isPaused ? "Go on" : "Pause");
    this.#draw();
  }

  #recolor(): void {
    for (const chart of this.#charts) chart.recolor();
    this.#draw();
  }

  #draw(): void {
    this.#showStatus();
    if (document.hidden) return;
    const { state } = this.#series;
    if (state !== undefined && !this.#isPaused) {
      this.#tiles.update(this.#series, state);
      this.#durability.update(state, this.#series.newestAt * 1000);
    }
    const to = this.#isPaused ? this.#pausedAt : this.#series.newestAt;
    for (const chart of this.#charts) chart.update(this.#series, state, to - this.#windowSeconds, to);
  }

  #showStatus(): void {
    const { state, newestAt } = this.#series;
    const isBad = state !== undefined && (!state.durability.isHealthy || !state.readiness.isReady);
    const words = !this.#isConnected ? "not connected" : this.#isPaused ? "paused" : isBad ? "unhealthy" : "live";
    byId("status").dataset.state = words.replace(" ", "-");
    setText(byId("status-text"), words);
    document.body.classList.toggle("stale", !this.#isConnected);
    const lost = byId("lost");
    lost.hidden = this.#isConnected;
    const until = newestAt > 0 ? ` What you see ends at ${timeOfDay(newestAt * 1000)}.` : "";
    setText(lost, this.#isConnected ? "" : `The connection to the node is lost; trying again.${until}`);
    if (state === undefined) return;
    const uptime = age(newestAt - state.startedAtMs / 1000);
    setText(byId("node"), `${state.nodeId} · ${state.version} · up ${uptime}`);
    document.title = `${words === "live" ? "" : `(${words}) `}${state.nodeId} · DistCache`;
  }
}

new Page().start();
