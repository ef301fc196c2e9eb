// The dashboard's host on node:http and ws: works on every Node.js.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { DistCacheError, messageOf } from "../base/errors.ts";
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

export class NodeHost implements DashboardHost {
  readonly kind = "node:http";
  readonly #handlers: HostHandlers;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: maxBodyBytes });

  constructor(handlers: HostHandlers) {
    this.#handlers = handlers;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.headersTimeout = 10_000;
    this.#server.requestTimeout = 20_000;
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  listen(hostName: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) =>
        reject(new DistCacheError(error.code === "EADDRINUSE" ? "ADDRESS_IN_USE" : "IO", messageOf(error)));
      this.#server.once("error", fail);
      this.#server.listen(port, hostName, () => {
        this.#server.off("error", fail);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) return write(response, tooLarge);
    write(response, await this.#handlers.respond(toRequest(request, body)));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const wanted = toRequest(request, "");
    const refusal = wanted.path === livePath ? this.#handlers.refuseUpgrade(wanted) : notFound;
    if (refusal !== undefined) {
      socket.end(rawResponse(refusal));
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#open(client));
  }

  #open(client: WebSocket): void {
    const socket: HostSocket = {
      send: (text) => client.send(text),
      bufferedBytes: () => client.bufferedAmount,
      close: () => client.close(),
    };
    client.on("error", () => client.terminate());
    client.on("close", () => this.#handlers.closed(socket));
    this.#handlers.opened(socket);
  }
}

const notFound: HostResponse = { status: 404, headers: {}, body: "" };
const tooLarge: HostResponse = { status: 413, headers: {}, body: "" };

function toRequest(request: IncomingMessage, body: string): HostRequest {
  const [path = "/", ...rest] = (request.url ?? "/").split("?");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return { method: request.method ?? "GET", path, query: rest.join("?"), headers, body };
}

/** The body as text; undefined when it is larger than allowed. The rest of such a body is read and dropped. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request) {
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes <= maxBodyBytes) chunks.push(chunk as Buffer);
    }
  } catch {
    return undefined;
  }
  return sizeBytes > maxBodyBytes ? undefined : Buffer.concat(chunks).toString("utf8");
}

function write(response: ServerResponse, { status, headers, body }: HostResponse): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

function rawResponse({ status, headers, body }: HostResponse): string {
  const lines = Object.entries({ ...headers, connection: "close", "content-length": Buffer.byteLength(body) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} ${reasonPhrases[status] ?? ""}\r\n${head}\r\n${Buffer.from(body).toString("utf8")}`;
}
