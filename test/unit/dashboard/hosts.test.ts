// The dashboard over HTTP and WebSocket, on both servers that can carry it.

import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { silentLogger } from "../../../src/base/logger.ts";
import { sessionOf } from "../../../src/dashboard/access.ts";
import type { HistoryJson, LiveMessage } from "../../../src/dashboard/api-types.ts";
import { type HostChoice, loadUws } from "../../../src/dashboard/choose-host.ts";
import { Dashboard, type DashboardOptions } from "../../../src/dashboard/dashboard.ts";
import { FakeSource } from "./fake-source.ts";
import { freePort, listenAnywhere, portOf } from "./free-port.ts";

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Where uWebSockets.js has no binary for this Node.js, there is one server to test. */
const choices: HostChoice[] = loadUws() === undefined ? ["node:http"] : ["uWebSockets.js", "node:http"];

const started: Dashboard[] = [];

async function start(source: FakeSource, options: Partial<DashboardOptions>): Promise<Dashboard> {
  const dashboard = new Dashboard(
    {
      hostName: "127.0.0.1",
      port: 0,
      isPortGiven: true,
      token: undefined,
      metricsToken: undefined,
      isOpen: false,
      allowedHosts: [],
      host: "auto",
      pageDirectory: "src/dashboard/page",
      ...options,
    },
    source,
    silentLogger(),
  );
  started.push(dashboard);
  await dashboard.start();
  return dashboard;
}

afterEach(async () => {
  for (const dashboard of started.splice(0)) await dashboard.stop();
});

interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

function ask(
  dashboard: Dashboard,
  path: string,
  { method = "GET", headers = {}, body = "" }: Asking = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(dashboard.url);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const text = response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text.toString("utf8") });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Opens the live connection; resolves with the first message, or rejects with the status that refused it. */
function watch(
  dashboard: Dashboard,
  headers: Record<string, string> = {},
): Promise<{ socket: WebSocket; first: LiveMessage }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${dashboard.url.replace("http", "ws")}live`, { headers });
    socket.on("message", (data) => resolve({ socket, first: JSON.parse(String(data)) as LiveMessage }));
    socket.on("unexpected-response", (_, response) => reject(new Error(`status ${response.statusCode}`)));
    socket.on("error", reject);
  });
}

describe.each(choices)("on %s", (host) => {
  test("health needs neither token nor an allowed host name, and tells reasons only to who may see them", async () => {
    const source = new FakeSource();
    const dashboard = await start(source, { host, token: "secret" });
    const foreign = { headers: { host: "evil.example" } };
    expect((await ask(dashboard, "/healthz", foreign)).status).toBe(200);
    expect(await ask(dashboard, "/readyz", foreign)).toMatchObject({ status: 200, body: '{"status":"ready"}' });
    source.reasons = ["recovering"];
    expect(await ask(dashboard, "/readyz")).toMatchObject({ status: 503, body: '{"status":"not ready"}' });
    const trusted = await ask(dashboard, "/readyz", { headers: { authorization: "Bearer secret" } });
    expect(JSON.parse(trusted.body)).toEqual({ status: "not ready", reasons: ["recovering"] });
  });

  test("every answer carries the security headers", async () => {
    const dashboard = await start(new FakeSource(), { host });
    for (const path of ["/", "/healthz", "/api/stats", "/nothing"]) {
      const { headers } = await ask(dashboard, path);
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("same-origin");
    }
  });

  test("a foreign host name is refused everywhere else", async () => {
    const dashboard = await start(new FakeSource(), { host, allowedHosts: ["Cache.example.org"] });
    for (const path of ["/", "/style.css", "/metrics", "/api/stats", "/api/config"]) {
      expect((await ask(dashboard, path, { headers: { host: "evil.example" } })).status).toBe(403);
      expect((await ask(dashboard, path, { headers: { host: "cache.example.org:443" } })).status).toBe(200);
    }
  });

  test("with a token, page, API and metrics ask for it; the form gives a cookie", async () => {
    const dashboard = await start(new FakeSource(), { host, token: "secret", metricsToken: "scrape" });
    for (const path of ["/api/stats", "/api/key?key=a", "/api/history", "/metrics"]) {
      expect((await ask(dashboard, path)).status).toBe(401);
      expect((await ask(dashboard, path, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
    }
    const form = await ask(dashboard, "/");
    expect(form.status).toBe(401);
    expect(form.body).toContain('action="/login"');
    expect((await ask(dashboard, "/metrics", { headers: { authorization: "Bearer scrape" } })).status).toBe(200);
    expect((await ask(dashboard, "/api/stats", { headers: { authorization: "Bearer scrape" } })).status).toBe(401);

    const wrong = await ask(dashboard, "/login", { method: "POST", body: "token=wrong" });
    expect(wrong.status).toBe(401);
    expect(wrong.headers["set-cookie"]).toBeUndefined();
    const right = await ask(dashboard, "/login", { method: "POST", body: "token=secret" });
    expect(right.status).toBe(303);
    const cookie = String(right.headers["set-cookie"]);
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Strict");
    expect(cookie).not.toContain("=secret");
    const session = { cookie: cookie.split(";")[0] ?? "" };
    expect((await ask(dashboard, "/", { headers: session })).body).toContain('id="charts"');
    expect((await ask(dashboard, "/api/config", { headers: session })).status).toBe(200);
  });

  test("a request that changes something must come from the page itself", async () => {
    const dashboard = await start(new FakeSource(), { host, token: "secret" });
    const from = (origin: string) =>
      ask(dashboard, "/login", { method: "POST", body: "token=secret", headers: { origin } });
    expect((await from("http://evil.example")).status).toBe(403);
    expect((await from(dashboard.url.slice(0, -1))).status).toBe(303);
    expect((await ask(dashboard, "/api/stats", { method: "POST" })).status).toBe(405);
    expect((await ask(dashboard, "/login")).status).toBe(405);
  });

  test("a body beyond the limit is refused", async () => {
    const dashboard = await start(new FakeSource(), { host, token: "secret" });
    const { status } = await ask(dashboard, "/login", { method: "POST", body: `token=${"x".repeat(10_000)}` });
    expect(status).toBe(413);
  });

  test("the live connection brings messages, and is refused to strangers", async () => {
    const source = new FakeSource();
    const dashboard = await start(source, { host, token: "secret", sampleEveryMs: 20 });
    const ticking = setInterval(() => source.advance(1000, 5000), 20);
    try {
      const cookie = `distcache_session=${sessionOf("secret")}`;
      const { socket, first } = await watch(dashboard, { cookie, origin: dashboard.url.slice(0, -1) });
      socket.close();
      expect(first.state.nodeId).toBe("node-a");
      const history = JSON.parse((await ask(dashboard, "/api/history", { headers: { cookie } })).body) as HistoryJson;
      expect(first.row.length).toBe(history.fields.length);
      expect(history.rows.length).toBeGreaterThan(0);
      await expect(watch(dashboard)).rejects.toThrow("401");
      await expect(watch(dashboard, { cookie, origin: "http://evil.example" })).rejects.toThrow("403");
      await expect(watch(dashboard, { cookie, host: "evil.example" })).rejects.toThrow("403");
    } finally {
      clearInterval(ticking);
    }
  });

  test("stopping closes live connections and frees the port", async () => {
    const source = new FakeSource();
    const dashboard = await start(source, { host, port: await freePort(), sampleEveryMs: 20 });
    const ticking = setInterval(() => source.advance(1000, 1), 20);
    const { socket } = await watch(dashboard);
    clearInterval(ticking);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    await dashboard.stop();
    await closed;
    const { port } = new URL(dashboard.url);
    const again = await start(new FakeSource(), { host, port: Number(port) });
    expect(new URL(again.url).port).toBe(port);
  });

  test("a given port that is taken stops the start and names the setting; an ungiven one gives way", async () => {
    const other = await listenAnywhere();
    const port = portOf(other);
    try {
      await expect(start(new FakeSource(), { host, port })).rejects.toMatchObject({
        code: "ADDRESS_IN_USE",
        message: expect.stringContaining("DASHBOARD_PORT"),
      });
      const moved = await start(new FakeSource(), { host, port, isPortGiven: false });
      expect(Number(new URL(moved.url).port)).not.toBe(port);
      expect((await ask(moved, "/healthz")).status).toBe(200);
    } finally {
      other.close();
    }
  });

  test("without a token it stays on loopback unless it is told to be open", async () => {
    const closed = await start(new FakeSource(), { host, hostName: "0.0.0.0" });
    expect(new URL(closed.url).hostname).toBe("127.0.0.1");
    const opened = await start(new FakeSource(), { host, hostName: "0.0.0.0", isOpen: true });
    expect(new URL(opened.url).hostname).toBe("0.0.0.0");
    const guarded = await start(new FakeSource(), { host, hostName: "0.0.0.0", token: "secret" });
    expect(new URL(guarded.url).hostname).toBe("0.0.0.0");
  });

  test("keys are looked up by their bytes", async () => {
    const source = new FakeSource();
    const report = {
      key: "\\xff\\x00",
      database: 2,
      type: "string",
      encoding: "text",
      valueBytes: 1,
      ttlMs: -1,
    } as const;
    source.keys.set("2:\xff\x00", { ...report, preview: "<b>", isCut: false });
    const dashboard = await start(source, { host });
    expect(JSON.parse((await ask(dashboard, "/api/key?db=2&key=%FF%00")).body)).toMatchObject({ preview: "<b>" });
    expect((await ask(dashboard, "/api/key?db=0&key=%FF%00")).status).toBe(404);
    expect((await ask(dashboard, "/api/key")).status).toBe(400);
  });

  test("files are compressed, and not sent again when unchanged", async () => {
    const dashboard = await start(new FakeSource(), { host });
    const first = await ask(dashboard, "/uPlot.js", { headers: { "accept-encoding": "gzip" } });
    expect(first.headers["content-encoding"]).toBe("gzip");
    expect(first.body).toContain("uPlot");
    const again = await ask(dashboard, "/uPlot.js", { headers: { "if-none-match": String(first.headers.etag) } });
    expect(again.status).toBe(304);
    expect((await ask(dashboard, "/../package.json")).status).toBe(404);
    expect((await ask(dashboard, "/main.ts")).status).toBe(404);
  });
});

test("a node that can not be read costs the second, not the dashboard", async () => {
  const source = new FakeSource();
  const dashboard = await start(source, { sampleEveryMs: 5 });
  const read = source.read.bind(source);
  let failures = 0;
  source.read = () => {
    failures += 1;
    throw new Error("closed");
  };
  await expect.poll(() => failures, { timeout: 30_000 }).toBeGreaterThan(2);
  expect((await ask(dashboard, "/api/stats")).status).toBe(500);
  source.read = read;
  expect((await ask(dashboard, "/api/stats")).status).toBe(200);
});

test("lists are cut to what was asked for", async () => {
  const dashboard = await start(new FakeSource(), {});
  const { keys } = JSON.parse((await ask(dashboard, "/api/hotkeys?limit=2")).body) as { keys: unknown[] };
  expect(keys.length).toBe(2);
});
