// One chart: a card with a title, a legend that is also the read-out, and lines drawn by uPlot. The cursors of all charts move
// together; a focused chart is read with the arrow keys.
import type { default as UPlot } from "uplot";
import type { LiveState } from "../api-types.ts";
import type { ChartSpec, Line } from "./chart-list.ts";
import { cssColor, element, setText } from "./dom.ts";
import { timeOfDay } from "./format.ts";
import type { Series } from "./series.ts";

declare const uPlot: typeof UPlot;

const heightPx = 168;

/** Distances of the axes' labels: seconds, and bytes. */
const timeSteps = [10, 15, 30, 60, 120, 180, 300, 600];
const binarySteps = Array.from({ length: 50 }, (_, i) => 2 ** i);

export class Chart {
  readonly card: HTMLElement;
  readonly #spec: ChartSpec;
  readonly #values: HTMLElement[];
  readonly #time = element("span", { class: "at" });
  readonly #limit = element("span", { class: "limit" });
  readonly #plotBox = element("div", { class: "plot", tabindex: 0 });
  #plot: UPlot | undefined;
  #data: UPlot.AlignedData = [[]];
  #range: [number, number] = [0, 1];
  #limitValue = 0;

  constructor(spec: ChartSpec) {
    this.#spec = spec;
    this.#values = spec.lines.map(() => element("b", {}, "–"));
    const legend = element("ul", { class: "legend" }, ...spec.lines.map((line, i) => this.#legendItem(line, i)));
    const title = element("h2", { id: `title-${spec.id}` }, spec.title, this.#limit);
    this.card = element("article", { class: "card chart", id: `chart-${spec.id}` });
    this.card.append(element("div", { class: "head" }, title, this.#time), legend, this.#plotBox);
    this.#plotBox.setAttribute("role", "img");
    this.#plotBox.addEventListener("keydown", (event) => this.#moveCursor(event));
    this.#plotBox.addEventListener("blur", () => this.#plot?.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(() => this.#resize()).observe(this.#plotBox);
  }

  /** Shows the seconds `from` to `to`. */
  update(series: Series, state: LiveState | undefined, from: number, to: number): void {
    const { lines, limit } = this.#spec;
    const times = series.column("at", from).map(Number);
    this.#data = [times, ...lines.map((line) => valuesOf(line, series, from))];
    this.#range = [from, to];
    this.#limitValue = state === undefined || limit === undefined ? 0 : limit(state);
    setText(this.#limit, this.#limitValue > 0 ? ` of ${this.#spec.format(this.#limitValue)}` : "");
    this.#plot ??= this.#create();
    this.#plot.setData(this.#data, true);
    this.#readOut();
  }

  /** After the colours of the page changed. */
  recolor(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #legendItem(line: Line, i: number): HTMLElement {
    const swatch = element("span", { class: `swatch ${line.color.slice(2)}` });
    return element("li", {}, swatch, line.label, " ", this.#values[i]);
  }

  #create(): UPlot {
    const { lines, format, isLogarithmic, isBinary } = this.#spec;
    const axis = {
      stroke: cssColor("--muted"),
      grid: { stroke: cssColor("--grid"), width: 1 },
      ticks: { show: false },
    };
    const font = "11px system-ui, sans-serif";
    return new uPlot(
      {
        width: Math.max(200, this.#plotBox.clientWidth),
        height: heightPx,
        legend: { show: false },
        cursor: { sync: { key: "all" }, drag: { setScale: false, x: false, y: false }, points: { size: 7 } },
        scales: {
          x: { time: true, range: () => this.#range },
          y: isLogarithmic === true ? { distr: 3, log: 10 } : { range: (_, min, max) => this.#yRange(min, max) },
        },
        axes: [
          { ...axis, font, incrs: timeSteps, values: (_, splits) => splits.map(timeLabel), space: 56, size: 26 },
          {
            ...axis,
            font,
            ...(isBinary === true ? { incrs: binarySteps } : {}),
            values: (_, splits) => splits.map((value) => labelOf(value, format)),
            size: 62,
          },
        ],
        series: [{}, ...lines.map((line, i) => strokeOf(line, lines.length === 1 && i === 0))],
        hooks: { setCursor: [() => this.#readOut()], draw: [(plot) => this.#drawLimit(plot)] },
      },
      this.#data,
      this.#plotBox,
    );
  }

  #yRange(min: number | null, max: number | null): [number, number] {
    const top = Math.max(max ?? 0, this.#spec.atLeast ?? 0);
    const isNear = this.#limitValue > 0 && top > this.#limitValue * 0.5;
    const end = isNear ? Math.max(top, this.#limitValue) : top;
    return [Math.min(0, min ?? 0), end === 0 ? 1 : end * 1.08];
  }

  /** A dashed line where the limit is, when it is in sight. */
  #drawLimit(plot: UPlot): void {
    const { max } = plot.scales.y ?? {};
    if (this.#limitValue <= 0 || max === undefined || this.#limitValue > max) return;
    const y = plot.valToPos(this.#limitValue, "y", true);
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = cssColor("--red");
    ctx.lineWidth = 1;
    ctx.setLineDash([5, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  /** The values under the cursor, or the newest ones. */
  #readOut(): void {
    const pointed = this.#plot?.cursor.idx ?? undefined;
    const place = pointed ?? this.#data[0].length - 1;
    const at = this.#data[0][place];
    setText(this.#time, pointed === undefined || at === undefined ? "" : timeOfDay(at * 1000));
    const shown = this.#spec.lines.map((line, i) => {
      const text = this.#spec.format(this.#data[i + 1]?.[place]);
      const target = this.#values[i];
      if (target !== undefined) setText(target, text);
      return `${line.label} ${text}`;
    });
    this.#plotBox.setAttribute("aria-label", `${this.#spec.title}: ${shown.join(", ")}`);
  }

  #moveCursor(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const plot = this.#plot;
    const last = this.#data[0].length - 1;
    if (step === undefined || plot === undefined || last < 0) return;
    event.preventDefault();
    const place = Math.min(last, Math.max(0, (plot.cursor.idx ?? last) + step * (event.shiftKey ? 10 : 1)));
    plot.setCursor({ left: plot.valToPos(this.#data[0][place] ?? 0, "x"), top: heightPx / 3 });
  }

  #resize(): void {
    const width = this.#plotBox.clientWidth;
    if (this.#plot !== undefined && width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: heightPx });
    }
  }
}

function valuesOf(line: Line, series: Series, from: number): (number | null)[] {
  const columns = line.fields.map((field) => series.column(field, from));
  const { combine } = line;
  if (combine === undefined) return columns[0] ?? [];
  return (columns[0] ?? []).map((_, i) => combine(columns.map((column) => column[i] ?? null)));
}

function strokeOf(line: Line, isAlone: boolean): UPlot.Series {
  const stroke = cssColor(line.color);
  return {
    label: line.label,
    stroke,
    width: 1.75,
    points: { show: false },
    ...(isAlone ? { fill: `${stroke}22` } : {}),
  };
}

/** Hours and minutes, and seconds where they are not whole minutes. */
function timeLabel(at: number): string {
  const text = timeOfDay(at * 1000);
  return at % 60 === 0 ? text.slice(0, 5) : text;
}

/** Logarithmic scales give null for the splits that get no label. */
function labelOf(value: number | null, format: ChartSpec["format"]): string {
  return value === null ? "" : format(value);
}
