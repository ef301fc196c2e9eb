// How late the main thread's timers run: a timer that measures its own delay.
import type { Clock } from "../base/clock.ts";

const everyMs = 250;

export class MainThreadLag {
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #expectedAtMs = 0;
  #worstMs: [now: number, before: number] = [0, 0];
  #ticks = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#expectedAtMs = this.#clock.monotonicMs() + everyMs;
    this.#timer = setInterval(() => this.#tick(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The worst of the last one to two seconds. */
  get worstMs(): number {
    return Math.max(...this.#worstMs);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#ticks += 1;
    if (this.#ticks % (1000 / everyMs) === 0) this.#worstMs = [0, this.#worstMs[0]];
    this.#worstMs[0] = Math.max(this.#worstMs[0], nowMs - this.#expectedAtMs);
    this.#expectedAtMs = nowMs + everyMs;
  }
}
