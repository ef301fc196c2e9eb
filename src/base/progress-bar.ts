// A progress bar on one line of a terminal, for work that takes more than a second. Elsewhere it writes nothing.
import type { Clock } from "./clock.ts";

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const showAfterMs = 1000;
const redrawEveryMs = 100;
const widestBar = 40;

export class ProgressBar {
  /** Whether it would ever write anything. */
  readonly isShown: boolean;
  readonly #label: string;
  readonly #clock: Clock;
  readonly #terminal: Terminal;
  readonly #startedAtMs: number;
  #drawnAtMs: number | undefined;

  constructor(label: string, clock: Clock, terminal: Terminal) {
    this.isShown = terminal.isTTY === true;
    this.#label = label;
    this.#clock = clock;
    this.#terminal = terminal;
    this.#startedAtMs = clock.monotonicMs();
  }

  note(doneBytes: number, totalBytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (!this.isShown || nowMs - this.#startedAtMs < showAfterMs) return;
    if (this.#drawnAtMs !== undefined && nowMs - this.#drawnAtMs < redrawEveryMs) return;
    this.#drawnAtMs = nowMs;
    this.#terminal.write(`\r${this.#line(doneBytes, totalBytes, nowMs)}`);
  }

  /** Clears the line. Idempotent. */
  end(): void {
    if (this.#drawnAtMs === undefined) return;
    this.#drawnAtMs = undefined;
    this.#terminal.write("\r\x1b[K");
  }

  #line(doneBytes: number, totalBytes: number, nowMs: number): string {
    const part = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
    const elapsedMs = nowMs - this.#startedAtMs;
    const left = part === 0 ? "" : ` ${Math.ceil((elapsedMs * (1 - part)) / part / 1000)} s left`;
    const text = ` ${String(Math.floor(part * 100)).padStart(3)} % of ${mebibytes(totalBytes)} MiB${left}`;
    const width = Math.max(
      4,
      Math.min(widestBar, (this.#terminal.columns ?? 80) - this.#label.length - text.length - 4),
    );
    const filled = Math.round(part * width);
    return `${this.#label} [${"#".repeat(filled)}${".".repeat(width - filled)}]${text}\x1b[K`;
  }
}

function mebibytes(sizeBytes: number): string {
  return (sizeBytes / 2 ** 20).toFixed(1);
}
