// What each path answers. Access was not decided here: guard() says what a route asks for.
import { gzipSync } from "node:zlib";
import { scrape } from "../metrics/prometheus.ts";
import type { MetricsSource } from "../metrics/readings.ts";
import { statsJson } from "../metrics/stats-json.ts";
import type { HostRequest, HostResponse } from "./host.ts";
import type { Sampler } from "./sampler.ts";

/** public: anybody, whatever the Host; metrics and page: as access.ts decides. */
export type Guard = "public" | "metrics" | "page";

export interface RouteContext {
  readonly source: MetricsSource;
  readonly sampler: Sampler;
  readonly request: HostRequest;
  /** Whether the request showed the dashboard's token, or none is asked for. */
  readonly isTrusted: boolean;
}

interface Route {
  readonly guard: Guard;
  respond(context: RouteContext): HostResponse | Promise<HostResponse>;
}

export const routes: Readonly<Record<string, Route>> = {
  "/healthz": { guard: "public", respond: () => json({ status: "alive" }) },
  "/readyz": { guard: "public", respond: ({ source, isTrusted }) => readiness(source, isTrusted) },
  "/metrics": { guard: "metrics", respond: ({ source, request }) => metrics(source, request) },
  "/api/stats": { guard: "page", respond: ({ source, request }) => json(statsJson(source), request) },
  "/api/history": { guard: "page", respond: ({ sampler, request }) => json(sampler.history(), request) },
  "/api/slowlog": {
    guard: "page",
    respond: ({ source, request }) => json({ commands: source.slowLog(limitOf(request)) }, request),
  },
  "/api/hotkeys": { guard: "page", respond: ({ source, request }) => json(source.hotKeys(limitOf(request)), request) },
  "/api/slots": {
    guard: "page",
    respond: ({ source, request }) => json({ slots: source.slots(limitOf(request)) }, request),
  },
  "/api/bigcalls": {
    guard: "page",
    respond: ({ source, request }) => json(source.bigCalls(limitOf(request)), request),
  },
  "/api/clients": {
    guard: "page",
    respond: async ({ source, request }) =>
      json({ clients: (await source.clients()).slice(0, limitOf(request)) }, request),
  },
  "/api/config": { guard: "page", respond: ({ source, request }) => json({ settings: source.config() }, request) },
  "/api/key": { guard: "page", respond: ({ source, request }) => key(source, request) },
};

export function json(value: unknown, request?: HostRequest, status = 200): HostResponse {
  const headers = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  return compressed({ status, headers, body: JSON.stringify(value) }, request);
}

async function metrics(source: MetricsSource, request: HostRequest): Promise<HostResponse> {
  const { contentType, text } = await scrape(source);
  const headers = { "content-type": contentType, "cache-control": "no-store" };
  return compressed({ status: 200, headers, body: text }, request);
}

/** Small answers are not worth it. */
function compressed(response: HostResponse, request: HostRequest | undefined): HostResponse {
  const isWanted = /\bgzip\b/.test(request?.headers["accept-encoding"] ?? "");
  if (!isWanted || response.body.length < 2048) return response;
  return {
    ...response,
    headers: { ...response.headers, "content-encoding": "gzip", vary: "Accept-Encoding" },
    body: gzipSync(response.body, { level: 1 }),
  };
}

/** The reasons are for those who may see the rest; others get the status alone. */
function readiness(source: MetricsSource, isTrusted: boolean): HostResponse {
  const { isReady, reasons } = source.readiness();
  const status = isReady ? "ready" : "not ready";
  return json(isTrusted ? { status, reasons } : { status }, undefined, isReady ? 200 : 503);
}

function limitOf({ query }: HostRequest): number {
  const limit = Number(new URLSearchParams(query).get("limit") ?? "");
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, 1000) : 100;
}

function key(source: MetricsSource, request: HostRequest): HostResponse {
  const bytes = keyBytesOf(request.query);
  const database = Number(/(?:^|&)db=(\d{1,6})(?:&|$)/.exec(request.query)?.[1] ?? "0");
  if (bytes === undefined) return json({ error: "give the key as ?key=..., percent-encoded" }, request, 400);
  const report = source.lookUp(database, bytes);
  return report === undefined ? json({ error: "no such key" }, request, 404) : json(report, request);
}

/** A key is bytes, so it is decoded to bytes and not to text. */
function keyBytesOf(query: string): Uint8Array | undefined {
  const encoded = /(?:^|&)key=([^&]*)/.exec(query)?.[1];
  if (encoded === undefined) return undefined;
  const latin1 = encoded.replaceAll("+", " ").replace(/%([0-9a-f]{2})/gi, (_, digits: string) => {
    return String.fromCharCode(Number.parseInt(digits, 16));
  });
  return Buffer.from(latin1, "latin1");
}
