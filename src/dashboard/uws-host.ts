// The dashboard's host on uWebSockets.js, whose native binary loads on some versions of Node.js only. Its request objects are
// valid during the callback alone, and a response that was aborted must not be touched.

import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from "uWebSockets.js";
import { createConnection, createServer, type Server } from "node:net";
import { DistCacheError } from "../base/errors.ts";
import {
  type DashboardHost,
  type HostHandlers,
  type HostRequest,
  type HostResponse,
  type HostSocket,
  livePath,
  maxBodyBytes,
  reasonPhrases,
} from "./host.ts";

export type UwsModule = typeof import("uWebSockets.js");

interface LiveData {
  socket?: HostSocket;
}

export class UwsHost implements DashboardHost {
  readonly kind = "uWebSockets.js";
  readonly #uws: UwsModule;
  readonly #handlers: HostHandlers;
  readonly #app: TemplatedApp;
  readonly #sockets = new Set<WebSocket<LiveData>>();
  readonly #responses = new Set<HttpResponse>();
  #listener: us_listen_socket | undefined;
  #claim: Server | undefined;

  constructor(uws: UwsModule, handlers: HostHandlers) {
    this.#uws = uws;
    this.#handlers = handlers;
    this.#app = uws.App();
    this.#app.ws<LiveData>(livePath, {
      maxPayloadLength: maxBodyBytes,
      idleTimeout: 60,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (client) => this.#open(client),
      close: (client) => this.#closed(client),
    });
    this.#app.any("/*", (response, request) => this.#serve(response, request));
  }

  /** The library shares a port with whoever listens there already, so a taken one is looked for first. */
  async listen(hostName: string, port: number): Promise<number> {
    const isTaken = new DistCacheError("ADDRESS_IN_USE", `${hostName}:${port} is in use`);
    if (port !== 0) {
      this.#claim = await claimPort(port);
      if (this.#claim === undefined || (await answers(hostName, port))) throw isTaken;
    }
    const listener = await new Promise<us_listen_socket | false>((resolve) => {
      this.#app.listen(hostName, port, resolve);
    });
    if (listener === false) throw isTaken;
    this.#listener = listener;
    return this.#uws.us_socket_local_port(listener);
  }

  async close(): Promise<void> {
    if (this.#listener !== undefined) this.#uws.us_listen_socket_close(this.#listener);
    this.#listener = undefined;
    this.#claim?.close();
    this.#claim = undefined;
    for (const client of [...this.#sockets]) client.close();
    for (const response of [...this.#responses]) response.close();
  }

  #serve(response: HttpResponse, request: HttpRequest): void {
    const wanted = toRequest(request);
    let isAborted = false;
    this.#responses.add(response);
    response.onAborted(() => {
      isAborted = true;
      this.#responses.delete(response);
    });
    const answer = (given: HostResponse) => {
      if (isAborted) return;
      this.#responses.delete(response);
      response.cork(() => write(response, given, wanted.method === "HEAD"));
    };
    readBody(response, (body) => {
      if (body === undefined) answer({ status: 413, headers: {}, body: "" });
      else void this.#handlers.respond({ ...wanted, body }).then(answer);
    });
  }

  #upgrade(response: HttpResponse, request: HttpRequest, context: us_socket_context_t): void {
    const refusal = this.#handlers.refuseUpgrade(toRequest(request));
    if (refusal !== undefined) {
      write(response, refusal, false);
      return;
    }
    const header = (name: string) => request.getHeader(`sec-websocket-${name}`);
    response.upgrade<LiveData>({}, header("key"), header("protocol"), header("extensions"), context);
  }

  #open(client: WebSocket<LiveData>): void {
    const socket: HostSocket = {
      send: (text) => void (this.#sockets.has(client) && client.send(text)),
      bufferedBytes: () => (this.#sockets.has(client) ? client.getBufferedAmount() : 0),
      close: () => this.#sockets.has(client) && client.end(1000),
    };
    client.getUserData().socket = socket;
    this.#sockets.add(client);
    this.#handlers.opened(socket);
  }

  #closed(client: WebSocket<LiveData>): void {
    this.#sockets.delete(client);
    const { socket } = client.getUserData();
    if (socket !== undefined) this.#handlers.closed(socket);
  }
}

function toRequest(request: HttpRequest): HostRequest {
  const headers: Record<string, string> = {};
  request.forEach((name, value) => {
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  });
  const method = request.getMethod().toUpperCase();
  return { method, path: request.getUrl(), query: request.getQuery() ?? "", headers, body: "" };
}

/** Calls back once, with the body or undefined when it is larger than allowed. */
function readBody(response: HttpResponse, done: (body: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  response.onData((chunk, isLast) => {
    sizeBytes += chunk.byteLength;
    // The library takes the memory back after this call, hence the copy.
    if (sizeBytes <= maxBodyBytes) chunks.push(Buffer.from(Buffer.from(chunk)));
    if (isLast) done(sizeBytes > maxBodyBytes ? undefined : Buffer.concat(chunks).toString("utf8"));
  });
}

function write(response: HttpResponse, { status, headers, body }: HostResponse, isHead: boolean): void {
  response.writeStatus(`${status} ${reasonPhrases[status] ?? ""}`);
  for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
  // Each connection ends with its answer: the library can not close idle ones when the dashboard stops.
  if (isHead) response.endWithoutBody(Buffer.byteLength(body), true);
  else response.end(body, true);
}

/**
 * A lock on the port among dashboards of this machine, so that two that start at once do not share it: a socket in the
 * abstract namespace, which goes with its process. Undefined when another one has it.
 */
function claimPort(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const claim = createServer((connection) => connection.destroy());
    claim.once("error", () => resolve(undefined));
    claim.listen(`\0distcache-dashboard-${port}`, () => resolve(claim.unref()));
  });
}

/** Whether somebody accepts connections there. */
function answers(hostName: string, port: number): Promise<boolean> {
  const target = hostName === "0.0.0.0" ? "127.0.0.1" : hostName === "::" ? "::1" : hostName;
  return new Promise((resolve) => {
    const socket = createConnection({ host: target, port });
    const finish = (isAnswered: boolean) => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(2000, () => finish(false));
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}
