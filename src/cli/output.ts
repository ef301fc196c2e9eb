// Standard output for commands that may print much: waits for a reader that is slow, and ends quietly when it is gone.
import { once } from "node:events";

const flushBytes = 64 * 1024;

export class Output {
  #waiting = "";
  #isGone = false;

  constructor() {
    process.stdout.on("error", () => {
      this.#isGone = true;
    });
  }

  /** False: nobody reads any more. */
  async line(text: string): Promise<boolean> {
    this.#waiting += `${text}\n`;
    if (this.#waiting.length >= flushBytes) await this.flush();
    return !this.#isGone;
  }

  async flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    if (this.#isGone || text === "" || process.stdout.write(text)) return;
    await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]).catch(() => {});
  }
}
