// CLIENT PAUSE: how long the connection layer holds commands back, and which. A further pause only ever extends the first.
import type { Clock } from "../base/clock.ts";

export type PauseMode = "write" | "all";

/** What carries a pause out. */
export interface PauseTarget {
  setPaused(mode: PauseMode | undefined): void;
}

/** The longest a timer of Node can wait. */
const maxTimerMs = 2 ** 31 - 1;

export class Pause {
  readonly #clock: Clock;
  readonly #target: PauseTarget;
  #mode: PauseMode | undefined;
  #endsAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, target: PauseTarget) {
    this.#clock = clock;
    this.#target = target;
  }

  get mode(): PauseMode | undefined {
    return this.#mode;
  }

  begin(durationMs: number, mode: PauseMode): void {
    this.#endsAtMs = Math.max(this.#endsAtMs, this.#clock.monotonicMs() + durationMs);
    this.#mode = this.#mode === "all" ? "all" : mode;
    this.#target.setPaused(this.#mode);
    this.#await();
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#mode === undefined) return;
    this.#mode = undefined;
    this.#endsAtMs = 0;
    this.#target.setPaused(undefined);
  }

  #await(): void {
    clearTimeout(this.#timer);
    const leftMs = this.#endsAtMs - this.#clock.monotonicMs();
    if (leftMs <= 0) this.end();
    else this.#timer = setTimeout(() => this.#await(), Math.min(leftMs, maxTimerMs)).unref();
  }
}
