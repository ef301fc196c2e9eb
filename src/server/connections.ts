// What the main thread knows about each connection. The data plane owns the connections themselves; this is the memory of
// what clients told about themselves, and of when they came.
import type { ServerEvent } from "../native.ts";

export interface Connection {
  readonly id: number;
  /** As CLIENT LIST shows them: "127.0.0.1:40112", or "PATH:0" for a Unix socket. */
  readonly peer: string;
  readonly local: string;
  readonly openedAtMs: number;
  name: string;
  libraryName: string;
  libraryVersion: string;
  protocol: 2 | 3;
  isNoEvict: boolean;
  isNoTouch: boolean;
  isMonitor: boolean;
  /** Full name of the last command that TypeScript answered. */
  lastCommand: string;
}

const rememberedConnections = 256;

export class Connections {
  readonly #byId = new Map<number, Connection>();
  /** The last ones that went, oldest first. */
  readonly #closed = new Map<number, { readonly peer: string; readonly name: string }>();
  #openedCount = 0;

  open(event: ServerEvent, nowMs: number): Connection {
    const [peer = "", local = ""] = event.text.split(" ");
    const connection: Connection = { id: event.connection, peer, local, openedAtMs: nowMs, ...blank() };
    this.#byId.set(event.connection, connection);
    this.#openedCount += 1;
    return connection;
  }

  close(id: number): Connection | undefined {
    const connection = this.#byId.get(id);
    this.#byId.delete(id);
    if (connection !== undefined) this.#remember(connection);
    return connection;
  }

  get(id: number): Connection | undefined {
    return this.#byId.get(id);
  }

  /** Who a connection is or was, for lists that outlive it; empty for one that went long ago. */
  describe(id: number): { readonly peer: string; readonly name: string } {
    return this.#byId.get(id) ?? this.#closed.get(id) ?? { peer: "", name: "" };
  }

  /** As RESET leaves a connection: nothing told about itself. */
  reset(id: number): void {
    const connection = this.#byId.get(id);
    if (connection === undefined) return;
    const { libraryName, libraryVersion } = connection;
    Object.assign(connection, blank(), { libraryName, libraryVersion });
  }

  /** In the order in which they came. */
  all(): Connection[] {
    return [...this.#byId.values()];
  }

  #remember({ id, peer, name }: Connection): void {
    this.#closed.set(id, { peer, name });
    const [oldest] = this.#closed.keys();
    if (this.#closed.size > rememberedConnections && oldest !== undefined) this.#closed.delete(oldest);
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Connections accepted since the start. */
  get openedCount(): number {
    return this.#openedCount;
  }
}

function blank(): Omit<Connection, "id" | "peer" | "local" | "openedAtMs"> {
  return {
    name: "",
    libraryName: "",
    libraryVersion: "",
    protocol: 2,
    isNoEvict: false,
    isNoTouch: false,
    isMonitor: false,
    lastCommand: "NULL",
  };
}
