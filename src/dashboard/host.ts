// What the dashboard needs of an HTTP server, and no more. Two servers stand behind it: uws-host.ts and node-host.ts.

export interface HostRequest {
  readonly method: string;
  /** The path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most maxBodyBytes; empty for GET. */
  readonly body: string;
}

export interface HostResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A WebSocket connection. */
export interface HostSocket {
  send(text: string): void;
  /** Bytes that were sent and have not left yet. */
  bufferedBytes(): number;
  close(): void;
}

export interface HostHandlers {
  respond(request: HostRequest): Promise<HostResponse>;
  /** Undefined: the connection may become a WebSocket; otherwise the answer that refuses it. */
  refuseUpgrade(request: HostRequest): HostResponse | undefined;
  opened(socket: HostSocket): void;
  closed(socket: HostSocket): void;
}

export interface DashboardHost {
  /** For the log: which server it is. */
  readonly kind: "uWebSockets.js" | "node:http";
  /** Listens and answers the port. ADDRESS_IN_USE when it is taken. */
  listen(hostName: string, port: number): Promise<number>;
  /** Stops listening and closes all connections; idempotent. */
  close(): Promise<void>;
}

/** The one path at which a WebSocket may be opened. */
export const livePath = "/live";

export const maxBodyBytes = 4096;

/** Reason phrases of the answers that the dashboard gives. */
export const reasonPhrases: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  303: "See Other",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Payload Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
