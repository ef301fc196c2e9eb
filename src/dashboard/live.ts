// The WebSocket viewers: each gets a message a second; one that does not keep up misses messages, and one that stays behind is
// closed, so that nothing piles up.
import type { LiveMessage } from "./api-types.ts";
import type { HostSocket } from "./host.ts";

/** Beyond this many unsent bytes a viewer gets no further message until it has read. */
const slowViewerBytes = 64 * 1024;
/** Messages that a viewer may miss in a row. */
const patience = 60;

export class LiveViewers {
  /** By viewer, how many messages it missed in a row. */
  readonly #missed = new Map<HostSocket, number>();

  add(socket: HostSocket): void {
    this.#missed.set(socket, 0);
  }

  remove(socket: HostSocket): void {
    this.#missed.delete(socket);
  }

  get count(): number {
    return this.#missed.size;
  }

  push(message: LiveMessage): void {
    if (this.#missed.size === 0) return;
    const text = JSON.stringify(message);
    for (const [socket, missed] of [...this.#missed]) {
      if (socket.bufferedBytes() <= slowViewerBytes) {
        this.#missed.set(socket, 0);
        socket.send(text);
      } else if (missed >= patience) {
        socket.close();
      } else {
        this.#missed.set(socket, missed + 1);
      }
    }
  }
}
