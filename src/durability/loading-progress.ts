// Shows how far loading is, once it takes longer than a second: a bar on a terminal, a line of the log now and then elsewhere.
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { ProgressBar, type Terminal } from "../base/progress-bar.ts";

export interface LoadingProgressOptions {
  clock: Clock;
  logger: Pick<Logger, "info">;
  terminal?: Terminal;
}

const secondsBetweenLines = 5;

export class LoadingProgress {
  readonly #options: LoadingProgressOptions;
  readonly #bar: ProgressBar;
  #nextLineAtMs: number;

  constructor(options: LoadingProgressOptions) {
    this.#options = options;
    this.#bar = new ProgressBar("loading", options.clock, options.terminal ?? process.stderr);
    this.#nextLineAtMs = options.clock.monotonicMs() + secondsBetweenLines * 1000;
  }

  note(doneBytes: number, totalBytes: number): void {
    const { clock, logger } = this.#options;
    this.#bar.note(doneBytes, totalBytes);
    if (this.#bar.isShown || clock.monotonicMs() < this.#nextLineAtMs) return;
    this.#nextLineAtMs = clock.monotonicMs() + secondsBetweenLines * 1000;
    logger.info({ doneBytes, totalBytes }, `loading: ${Math.floor((doneBytes / Math.max(1, totalBytes)) * 100)} %`);
  }

  end(): void {
    this.#bar.end();
  }
}
