// The line to the node: history once, then a message a second; when it breaks, again and again until it is back.
import type { HistoryJson, LiveMessage } from "../api-types.ts";

export interface ConnectionEvents {
  loaded(history: HistoryJson): void;
  message(message: LiveMessage): void;
  lost(): void;
}

const retryMs = [500, 1000, 2000, 4000, 5000] as const;
/** A message comes every second; silence for so long means that the line is dead without having been closed. */
const silenceMs = 10_000;

export class Connection {
  readonly #events: ConnectionEvents;
  #failures = 0;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(events: ConnectionEvents) {
    this.#events = events;
  }

  async open(): Promise<void> {
    try {
      await this.#loadHistory();
      this.#listen();
    } catch {
      this.#retry();
    }
  }

  async #loadHistory(): Promise<void> {
    const response = await fetch("/api/history");
    // The token is asked for again: the page that the server shows then is its form.
    if (response.status === 401) location.reload();
    if (!response.ok) throw new Error(`history: ${response.status}`);
    this.#events.loaded((await response.json()) as HistoryJson);
  }

  #listen(): void {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    const watch = () => {
      clearTimeout(this.#watchdog);
      this.#watchdog = setTimeout(() => socket.close(), silenceMs);
    };
    socket.addEventListener("open", watch);
    socket.addEventListener("message", (event) => {
      watch();
      this.#failures = 0;
      this.#events.message(JSON.parse(String(event.data)) as LiveMessage);
    });
    socket.addEventListener("close", () => {
      clearTimeout(this.#watchdog);
      this.#retry();
    });
  }

  #retry(): void {
    this.#events.lost();
    const waitMs = retryMs[Math.min(this.#failures, retryMs.length - 1)];
    this.#failures += 1;
    setTimeout(() => void this.open(), waitMs);
  }
}
