// How safe the data is: log and snapshots, in words; red when something is wrong.
import type { DurabilityReading, LiveState } from "../api-types.ts";
import { element, setText } from "./dom.ts";
import { age, bytes, seconds, timeOfDay, whole } from "./format.ts";

type Fact = readonly [name: string, value: (durability: DurabilityReading, nowMs: number) => string];

const walFacts: readonly Fact[] = [
  ["Sync policy", ({ fsyncPolicy }) => fsyncPolicy],
  ["Lag", ({ walPendingSeconds, walPendingBytes }) => `${seconds(walPendingSeconds)}, ${bytes(walPendingBytes)}`],
  [
    "Last sync took",
    ({ walLastFsyncSeconds, walFsyncs }) => `${seconds(walLastFsyncSeconds)} (${whole(walFsyncs)} so far)`,
  ],
  ["Segments", ({ walSegments, walBytes }) => `${whole(walSegments)}, ${bytes(walBytes)}`],
  ["Failures", ({ walFailures }) => whole(walFailures)],
];

const snapshotFacts: readonly Fact[] = [
  ["Last snapshot", ({ lastSnapshotAtMs }, nowMs) => lastSnapshotText(lastSnapshotAtMs, nowMs)],
  [
    "Took",
    ({ lastSnapshotSeconds, lastSnapshotBytes }) => `${seconds(lastSnapshotSeconds)}, ${bytes(lastSnapshotBytes)}`,
  ],
  ["Writes since", ({ changesSinceSnapshot }) => whole(changesSinceSnapshot)],
  ["State", ({ isSnapshotRunning }) => (isSnapshotRunning ? "writing one now" : "waiting")],
  ["Failures", ({ snapshotFailures }) => whole(snapshotFailures)],
];

function lastSnapshotText(atMs: number, nowMs: number): string {
  return atMs === 0 ? "none yet" : `${age((nowMs - atMs) / 1000)} ago, at ${timeOfDay(atMs)}`;
}

export class DurabilityPanel {
  readonly #root: HTMLElement;
  readonly #verdict = element("p", { class: "verdict", id: "durability-verdict" });
  readonly #lists: { root: HTMLElement; isOn: (state: DurabilityReading) => boolean; cells: [Fact, HTMLElement][] }[];

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#lists = [
      this.#list("Write-ahead log", walFacts, ({ isWalOn }) => isWalOn),
      this.#list("Snapshots", snapshotFacts, ({ isSnapshotOn }) => isSnapshotOn),
    ];
    root.append(element("h2", {}, "Durability"), this.#verdict, ...this.#lists.map((list) => list.root));
  }

  update({ durability, readiness }: LiveState, nowMs: number): void {
    const isBad = !durability.isHealthy || !readiness.isReady;
    this.#root.classList.toggle("bad", isBad);
    setText(this.#verdict, verdictOf(durability, readiness.reasons));
    for (const { root, isOn, cells } of this.#lists) {
      root.hidden = !isOn(durability);
      for (const [[, value], cell] of cells) setText(cell, value(durability, nowMs));
    }
  }

  #list(title: string, facts: readonly Fact[], isOn: (state: DurabilityReading) => boolean) {
    const cells = facts.map((fact): [Fact, HTMLElement] => [fact, element("dd")]);
    const list = element("dl", {}, ...cells.flatMap(([[name], cell]) => [element("dt", {}, name), cell]));
    return { root: element("div", { class: "facts" }, element("h3", {}, title), list), isOn, cells };
  }
}

function verdictOf(durability: DurabilityReading, reasons: readonly string[]): string {
  if (!durability.isHealthy) return `Not safe: ${durability.problem}`;
  if (reasons.length > 0) return `Not ready: ${reasons.join("; ")}`;
  if (!durability.isWalOn && !durability.isSnapshotOn) {
    return "In memory only: no log and no snapshots are configured, a restart begins empty.";
  }
  if (!durability.isWalOn) return "Healthy. A restart loses what was written since the last snapshot.";
  return "Healthy. Every write is logged.";
}
