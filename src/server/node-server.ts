// The control plane of the sockets: opens and closes listeners, drains what I/O threads post, keeps the memory of
// connections, and hands commands to the dispatcher. Runs on the main thread.
import type { Clock } from "../base/clock.ts";
import { DistCacheError, errorCodeOf, messageOf } from "../base/errors.ts";
import type { Part } from "../base/lifecycle.ts";
import type { Logger } from "../base/logger.ts";
import type { CommandRegistry } from "../commands/registry.ts";
import type { LiveConfig } from "../config/live-config.ts";
import { EventKind, NativeServer, type NativeStore, type ServerEvent } from "../native.ts";
import { Authentication } from "./authentication.ts";
import { registerClientCommand } from "./client-command.ts";
import { ConnectionReports } from "./connection-reports.ts";
import { Connections } from "./connections.ts";
import { type AnsweredCommand, Dispatcher } from "./dispatcher.ts";
import { registerHelloCommands } from "./hello-command.ts";
import { Monitor } from "./monitor-command.ts";
import { Pause } from "./pause.ts";

export interface NodeServerParts {
  store: NativeStore;
  config: LiveConfig;
  registry: CommandRegistry;
  clock: Clock;
  logger: Logger;
}

/** Where a node can be reached. */
export interface Addresses {
  host: string;
  /** Undefined when there is no TCP listener. */
  port: number | undefined;
  unixSocket: string | undefined;
}

/** Events taken in one turn of the main thread; timers and other work run between turns. */
const eventsPerTurn = 512;
/** What stands for "no bound" in the data plane. */
const unbounded = 0xffff_ffff;

export class NodeServer implements Part {
  readonly name = "server";
  readonly connections = new Connections();
  readonly authentication: Authentication;
  readonly native: NativeServer;
  readonly pause: Pause;
  readonly #parts: NodeServerParts;
  readonly #dispatcher: Dispatcher;
  readonly reports: ConnectionReports;
  /** Told of every command that was answered here. */
  onAnswered: (command: AnsweredCommand) => void = () => {};
  readonly #monitor: Monitor;
  readonly #onEvent = new Map<number, (event: ServerEvent) => void>();
  #addresses: Addresses | undefined;
  #isStopped = false;

  constructor(parts: NodeServerParts) {
    this.#parts = parts;
    const { config, clock, logger, registry } = parts;
    this.authentication = new Authentication(config.values.requirePass);
    this.native = this.#createNative();
    this.pause = new Pause(clock, { setPaused: (mode) => this.#setPaused(mode) });
    this.reports = new ConnectionReports(this.native, config.values.ioThreads);
    this.#monitor = new Monitor({
      connections: this.connections,
      clock,
      setMonitoring: (isOn) => this.native.setMonitoring(isOn),
      push: (connection, bytes) => this.native.push(connection, bytes),
    });
    this.#dispatcher = new Dispatcher({
      registry,
      connections: this.connections,
      logger,
      // A handler may end after the server: its connection is gone then.
      answer: (connection, reply, changes) => {
        if (!this.#isStopped) this.native.answer(connection, reply, changes);
      },
      answered: (command) => {
        if (!this.#isStopped) this.onAnswered(command);
      },
      clock,
    });
    this.#register();
    this.#follow(config);
  }

  /** Starts the I/O threads and opens the listeners. */
  start(): void {
    this.native.start();
    try {
      this.#addresses = this.#listen();
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Closes listeners and connections and joins the I/O threads. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.pause.end();
    this.reports.stop();
    this.native.stop();
  }

  /** Where it listens; CLOSED before start. */
  get addresses(): Addresses {
    if (this.#addresses === undefined) throw new DistCacheError("CLOSED", "the node is not started");
    return this.#addresses;
  }

  /** For parts that take events of another kind, such as MONITOR's. */
  onEvent(kind: number, listener: (event: ServerEvent) => void): void {
    this.#onEvent.set(kind, listener);
  }

  #createNative(): NativeServer {
    const { ioThreads, maxClients, outputLimit } = this.#parts.config.values;
    const options = {
      ioThreads,
      maxClients: maxClients || unbounded,
      isProtected: this.#isProtected(),
      outputLimitBytes: outputLimit,
    };
    const native = new NativeServer(this.#parts.store, options, () => this.#drain());
    native.setState({ requiresAuth: this.authentication.requiresPassword });
    return native;
  }

  #listen(): Addresses {
    const { host, port, unixSocket } = this.#parts.config.values;
    if (port === undefined && unixSocket === undefined) {
      throw new DistCacheError("INVALID_CONFIG", "PORT and UNIX_SOCKET are both empty; allowed: at least one of them");
    }
    const tcp = port === undefined ? undefined : this.#listenTcp(host, port);
    if (unixSocket !== undefined) this.#listenUnix(unixSocket);
    return { host: tcp?.host ?? host, port: tcp?.port, unixSocket };
  }

  #listenTcp(host: string, port: number): { host: string; port: number } {
    try {
      return this.native.listenTcp(host, port);
    } catch (cause) {
      const isTaken = errorCodeOf(cause) === "ADDRESS_IN_USE";
      const why = isTaken
        ? "is in use by another program; choose another with PORT or --port"
        : `can not be listened on`;
      const detail = isTaken ? "" : `: ${messageOf(cause)}`;
      throw new DistCacheError(errorCodeOf(cause), `PORT: ${port} on ${host} ${why}${detail}`, { cause });
    }
  }

  #listenUnix(path: string): void {
    try {
      this.native.listenUnix(path);
    } catch (cause) {
      throw new DistCacheError(errorCodeOf(cause), `UNIX_SOCKET: ${path}: ${messageOf(cause)}`, { cause });
    }
  }

  #register(): void {
    const { registry, clock } = this.#parts;
    const { authentication, connections, pause } = this;
    const kill = (connection: number) => {
      if (!this.#isStopped) this.native.kill(connection, false);
    };
    registerHelloCommands(registry, { authentication, connections });
    registerClientCommand(registry, { connections, reports: this.reports, pause, clock, kill });
    this.onEvent(EventKind.REQUEST, (event) => this.#dispatcher.dispatch(event));
    this.onEvent(EventKind.OPENED, (event) => void connections.open(event, clock.nowMs()));
    this.onEvent(EventKind.CLOSED, (event) => this.#closed(event));
    this.#monitor.register(registry);
    this.onEvent(EventKind.MONITOR, (event) => this.#monitor.take(event));
    this.onEvent(EventKind.REPORT, (event) => this.reports.take(event));
  }

  #follow(config: LiveConfig): void {
    config.onChange(["maxClients"], ({ maxClients }) => this.native.setMaxClients(maxClients || unbounded));
    config.onChange(["requirePass", "protectedMode"], ({ requirePass }) => {
      this.authentication.setPassword(requirePass);
      this.native.setState({ requiresAuth: this.authentication.requiresPassword });
      this.native.setProtected(this.#isProtected());
    });
  }

  #isProtected(): boolean {
    return this.#parts.config.values.protectedMode && !this.authentication.requiresPassword;
  }

  /** One turn: a bounded number of events. What is left waits until others had their turn. */
  #drain(): void {
    if (this.#isStopped) return;
    const events = this.native.drain(eventsPerTurn);
    for (const event of events) this.#take(event);
    if (events.length === eventsPerTurn) setImmediate(() => this.#drain());
  }

  /** A listener that throws costs its own event, never those behind it. */
  #take(event: ServerEvent): void {
    try {
      this.#onEvent.get(event.kind)?.(event);
    } catch (error) {
      this.#parts.logger.error({ err: error, kind: event.kind }, "an event was not handled");
    }
  }

  #closed(event: ServerEvent): void {
    const connection = this.connections.close(event.connection);
    const details = { connection: event.connection, peer: connection?.peer, reason: event.text };
    if (ordinaryEnds.has(event.text)) this.#parts.logger.debug(details, "connection closed");
    else this.#parts.logger.warn(details, "connection closed by this node");
  }

  #setPaused(mode: "write" | "all" | undefined): void {
    if (this.#isStopped) return;
    this.native.setState({ pausesAll: mode === "all", pausesWrites: mode === "write" });
    if (mode === undefined) this.native.wakeAll();
  }
}

/** Reasons that say nothing about trouble. */
const ordinaryEnds = new Set(["peer closed", "client quit", "killed", "closed by the node"]);
