// The data plane of a node as TypeScript sees it: native/addon/server_object.cc. Calls return at once, but stop, which joins
// the I/O threads.
import { loadAddon } from "./addon.ts";
import type { NativeStore, StoreReference } from "./store.ts";

export interface ServerOptions {
  ioThreads: number;
  maxClients: number;
  isProtected: boolean;
  /** A reader that does not read is disconnected beyond this. */
  outputLimitBytes: number;
}

export interface ListenerInfo {
  listener: number;
  host: string;
  port: number;
}

export const EventKind = { REQUEST: 0, OPENED: 1, CLOSED: 2, MONITOR: 3, REPORT: 4 } as const;

/** What I/O threads post; native/net/bridge.h says what each kind carries. */
export interface ServerEvent {
  kind: number;
  connection: number;
  database: number;
  protocol: 2 | 3;
  isAuthenticated: boolean;
  inMulti: boolean;
  arguments: Buffer[];
  text: string;
}

/** What an answer changes for its connection before its next command runs; absent = unchanged. */
export interface Changes {
  protocol?: 2 | 3;
  database?: number;
  isAuthenticated?: boolean;
  touchesRecency?: boolean;
  replyMode?: "on" | "off" | "skip";
  resets?: boolean;
  closes?: boolean;
}

/** What holds for every connection of a server; absent = unchanged. */
export interface ServerState {
  requiresAuth?: boolean;
  refusesWrites?: boolean;
  isLoading?: boolean;
  pausesAll?: boolean;
  pausesWrites?: boolean;
}

/** The fields of an event, one after the other: arrays cross the border faster than objects. */
type EventField = number | string | readonly Buffer[];

/** Bits of an event's state field. */
const stateBit = { RESP3: 1, AUTHENTICATED: 2, IN_MULTI: 4 } as const;
const fieldsPerEvent = 6;

interface RawServer {
  start(): void;
  stop(): void;
  listenTcp(host: string, port: number): [listener: number, host: string, port: number];
  listenUnix(path: string): number;
  closeListener(listener: number): void;
  drain(maxEvents: number): EventField[];
  answer(connection: number, reply: Uint8Array | string, changes: readonly number[] | undefined): boolean;
  push(connection: number, bytes: Uint8Array): boolean;
  kill(connection: number, afterReply: boolean): boolean;
  requestReport(token: number): void;
  setState(requiresAuth: number, refusesWrites: number, isLoading: number, all: number, writes: number): void;
  setMonitoring(isOn: boolean): void;
  setMaxClients(maxClients: number): void;
  setProtected(isProtected: boolean): void;
  setDurableSequence(sequence: number): void;
  failRepliesAbove(sequence: number): void;
  wakeAll(): void;
  connectionCount(): number;
}

interface ServerExports {
  Server: new (
    store: StoreReference,
    ioThreads: number,
    maxClients: number,
    isProtected: boolean,
    outputLimitBytes: number,
    onWake: () => void,
  ) => RawServer;
}

const replyModes = ["on", "off", "skip"] as const;

/** I/O threads, listeners and connections. `onWake` is called on this thread when events wait; then drain. */
export class NativeServer {
  readonly #raw: RawServer;

  constructor(store: NativeStore, options: ServerOptions, onWake: () => void) {
    const { ioThreads, maxClients, isProtected, outputLimitBytes } = options;
    const { Server } = loadAddon<ServerExports>();
    this.#raw = new Server(store.reference, ioThreads, maxClients, isProtected, outputLimitBytes, onWake);
  }

  /** The addon's own object, for classes of the addon that take a server. */
  get raw(): object {
    return this.#raw;
  }

  start(): void {
    this.#raw.start();
  }

  /** Closes listeners and connections and joins the I/O threads. Every later call throws CLOSED or does nothing. */
  stop(): void {
    this.#raw.stop();
  }

  /** ADDRESS_IN_USE or IO when the address is not to be had. Port 0: any free one. */
  listenTcp(host: string, port: number): ListenerInfo {
    const [listener, boundHost, boundPort] = this.#raw.listenTcp(host, port);
    return { listener, host: boundHost, port: boundPort };
  }

  listenUnix(path: string): number {
    return this.#raw.listenUnix(path);
  }

  closeListener(listener: number): void {
    this.#raw.closeListener(listener);
  }

  /** Takes what was posted since the last call, at most so many events. */
  drain(maxEvents: number): ServerEvent[] {
    const fields = this.#raw.drain(maxEvents);
    const events: ServerEvent[] = [];
    for (let at = 0; at < fields.length; at += fieldsPerEvent) events.push(eventAt(fields, at));
    return events;
  }

  /** Answers the request its connection waits for. False: the connection is gone. */
  answer(connection: number, reply: Uint8Array | string, changes?: Changes): boolean {
    return this.#raw.answer(connection, reply, changes === undefined ? undefined : packChanges(changes));
  }

  /** Sends bytes that answer no request; dropped when the reader is slow. False: the connection is gone. */
  push(connection: number, bytes: Uint8Array): boolean {
    return this.#raw.push(connection, bytes);
  }

  kill(connection: number, afterReply: boolean): boolean {
    return this.#raw.kill(connection, afterReply);
  }

  /** Each I/O thread posts a REPORT for each of its connections; the token comes back in `database`. */
  requestReport(token: number): void {
    this.#raw.requestReport(token);
  }

  setState(state: ServerState): void {
    const { requiresAuth, refusesWrites, isLoading, pausesAll, pausesWrites } = state;
    this.#raw.setState(
      packFlag(requiresAuth),
      packFlag(refusesWrites),
      packFlag(isLoading),
      packFlag(pausesAll),
      packFlag(pausesWrites),
    );
  }

  setMonitoring(isOn: boolean): void {
    this.#raw.setMonitoring(isOn);
  }

  setMaxClients(maxClients: number): void {
    this.#raw.setMaxClients(maxClients);
  }

  setProtected(isProtected: boolean): void {
    this.#raw.setProtected(isProtected);
  }

  /** Replies that wait for a later record are held. Infinity: nothing is held. */
  setDurableSequence(sequence: number): void {
    this.#raw.setDurableSequence(sequence);
  }

  /**
   * The log failed: a connection that holds a reply to a write above this sequence is closed. Infinity: it works again. To be
   * called before setDurableSequence or NativeLog.setFailed lets replies go.
   */
  failRepliesAbove(sequence: number): void {
    this.#raw.failRepliesAbove(sequence);
  }

  /** Something that connections wait for may have come: room in the log, the end of a pause, durable records. */
  wakeAll(): void {
    this.#raw.wakeAll();
  }

  connectionCount(): number {
    return this.#raw.connectionCount();
  }
}

function eventAt(fields: readonly EventField[], at: number): ServerEvent {
  const state = fields[at + 3] as number;
  return {
    kind: fields[at] as number,
    connection: fields[at + 1] as number,
    database: fields[at + 2] as number,
    protocol: (state & stateBit.RESP3) === 0 ? 2 : 3,
    isAuthenticated: (state & stateBit.AUTHENTICATED) !== 0,
    inMulti: (state & stateBit.IN_MULTI) !== 0,
    arguments: fields[at + 4] as Buffer[],
    text: fields[at + 5] as string,
  };
}

function packFlag(flag: boolean | undefined): number {
  return flag === undefined ? -1 : Number(flag);
}

/** The order of net::Changes in native/net/bridge.h. */
function packChanges(changes: Changes): number[] {
  return [
    changes.protocol ?? 0,
    changes.database ?? -1,
    packFlag(changes.isAuthenticated),
    packFlag(changes.touchesRecency),
    changes.replyMode === undefined ? -1 : replyModes.indexOf(changes.replyMode),
    Number(changes.resets ?? false),
    Number(changes.closes ?? false),
  ];
}
