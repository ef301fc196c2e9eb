// Where time comes from. Parts take a Clock through their constructor, so that tests step it by hand.

export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Milliseconds that never run backwards, from an arbitrary start. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;

  constructor(startAtMs = 1_700_000_000_000) {
    this.#nowMs = startAtMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    this.#monotonicMs += byMs;
  }
}
