// Starts the parts of a node in order and stops them in the reverse order. Stopping is idempotent, goes on after a part
// failed, and is bounded in time for each part.
import { DistCacheError, messageOf } from "./errors.ts";

export interface Part {
  readonly name: string;
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

export interface LifecycleOptions {
  /** How long one part may take to stop before the next one is stopped all the same. */
  stopTimeoutMs: number;
  onStopFailure(part: string, error: unknown): void;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #started: Part[] = [];
  #stopping: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Starts the parts one after the other. When one fails, those already started are stopped and its error is thrown. */
  async start(parts: readonly Part[]): Promise<void> {
    for (const part of parts) {
      if (this.#stopping !== undefined) throw new DistCacheError("CLOSED", "stopped while starting");
      this.#started.push(part);
      try {
        await part.start();
      } catch (error) {
        await this.stop();
        throw error;
      }
    }
  }

  /** Stops what was started, the last one first. Every call waits for the same stop. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const part of this.#started.toReversed()) {
      try {
        await withDeadline(Promise.resolve(part.stop()), this.#options.stopTimeoutMs, `stopping ${part.name}`);
      } catch (error) {
        this.#options.onStopFailure(part.name, error);
      }
    }
  }
}

/** The promise's outcome, or a TIMED_OUT error when it takes longer than that. */
export async function withDeadline<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DistCacheError("TIMED_OUT", `${what} took over ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** A sink for a promise nobody waits for: its failure is told to `onFailure`. */
export function detach(promise: Promise<unknown>, onFailure: (message: string) => void): void {
  promise.catch((error: unknown) => onFailure(messageOf(error)));
}
