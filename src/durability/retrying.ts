// Tries something again and again, with pauses that grow, until it works or is called off.
const firstPauseMs = 100;
const longestPauseMs = 2000;

export class Retrying {
  readonly #attempt: () => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #isOver = false;
  #endPause: () => void = () => {};

  constructor(attempt: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#attempt = attempt;
    this.#onFailure = onFailure;
  }

  /** Begins, unless it is under way. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** No further attempt is made; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#endPause();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let pauseMs = firstPauseMs; !this.#isOver; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        await this.#attempt();
        break;
      } catch (error) {
        this.#onFailure(error);
        await this.#pause(pauseMs);
      }
    }
    this.#running = undefined;
  }

  #pause(ms: number): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
