// The dashboard of a node: listens, guards, answers and pushes. Runs on the main thread; the data plane never waits for it.

import { DistCacheError, errorCodeOf, messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { MetricsSource } from "../metrics/readings.ts";
import {
  type AccessSettings,
  hasDashboardAccess,
  hasMetricsAccess,
  isAllowedHost,
  isAllowedOrigin,
  isLoopback,
  isSameSecret,
  securityHeaders,
  sessionCookie,
  sessionOf,
} from "./access.ts";
import { chooseHost, type HostChoice } from "./choose-host.ts";
import type { DashboardHost, HostHandlers, HostRequest, HostResponse } from "./host.ts";
import { LiveViewers } from "./live.ts";
import { PageFiles } from "./page-files.ts";
import { json, routes } from "./routes.ts";
import { Sampler } from "./sampler.ts";

export interface DashboardOptions {
  readonly hostName: string;
  readonly port: number;
  /** Whether somebody chose the port: then it is that one or none; otherwise the next free one will do. */
  readonly isPortGiven: boolean;
  readonly token: string | undefined;
  readonly metricsToken: string | undefined;
  /** Whether it may listen beyond loopback without a token. */
  readonly isOpen: boolean;
  readonly allowedHosts: readonly string[];
  readonly host: HostChoice;
  /** Where the compiled page lies; absent: beside this module. */
  readonly pageDirectory?: string;
  /** How often the node is read; absent: once a second. */
  readonly sampleEveryMs?: number;
}

const defaultSampleEveryMs = 1000;
const portsToTry = 20;

export class Dashboard {
  readonly name = "dashboard";
  readonly #options: DashboardOptions;
  readonly #source: MetricsSource;
  readonly #logger: Logger;
  readonly #access: AccessSettings;
  readonly #sampler: Sampler;
  readonly #viewers = new LiveViewers();
  readonly #files: PageFiles;
  #host: DashboardHost | undefined;
  #timer: NodeJS.Timeout | undefined;
  #url = "";

  constructor(options: DashboardOptions, source: MetricsSource, logger: Logger) {
    this.#options = options;
    this.#source = source;
    this.#logger = logger;
    this.#access = {
      token: options.token,
      metricsToken: options.metricsToken,
      allowedHosts: options.allowedHosts.map((name) => name.toLowerCase()),
    };
    this.#sampler = new Sampler(source);
    this.#files = options.pageDirectory === undefined ? new PageFiles() : new PageFiles(options.pageDirectory);
  }

  /** Where the page is, once started. */
  get url(): string {
    return this.#url;
  }

  async start(): Promise<void> {
    const hostName = this.#allowedHostName();
    const { host, port } = await this.#listen(hostName);
    this.#host = host;
    this.#url = `http://${hostName.includes(":") ? `[${hostName}]` : hostName}:${port}/`;
    this.#sampler.sample();
    this.#timer = setInterval(() => this.#tick(), this.#options.sampleEveryMs ?? defaultSampleEveryMs);
    this.#timer.unref();
    this.#logger.info({ server: host.kind }, `dashboard at ${this.#url}`);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#host?.close();
    this.#host = undefined;
  }

  /** A node that is just ending can no longer be read: that second is missing, nothing else. */
  #tick(): void {
    try {
      const sampled = this.#sampler.sample();
      if (sampled !== undefined) this.#viewers.push(sampled);
    } catch (error) {
      this.#logger.debug(`no sample: ${messageOf(error)}`);
    }
  }

  #allowedHostName(): string {
    const { hostName, token, isOpen } = this.#options;
    if (token !== undefined || isOpen || isLoopback(hostName)) return hostName;
    this.#logger.warn(
      `the dashboard listens on 127.0.0.1 instead of ${hostName}: set DASHBOARD_TOKEN, or DASHBOARD_OPEN=yes to go without`,
    );
    return "127.0.0.1";
  }

  async #listen(hostName: string): Promise<{ host: DashboardHost; port: number }> {
    const { port, isPortGiven } = this.#options;
    const candidates = isPortGiven ? [port] : [...Array.from({ length: portsToTry }, (_, i) => port + i), 0];
    for (const candidate of candidates) {
      const host = await chooseHost(this.#options.host, this.#handlers());
      try {
        return { host, port: await host.listen(hostName, candidate) };
      } catch (error) {
        await host.close();
        if (errorCodeOf(error) !== "ADDRESS_IN_USE" || isPortGiven) throw listenFailure(hostName, candidate, error);
      }
    }
    throw new DistCacheError("ADDRESS_IN_USE", "DASHBOARD_PORT: no free port was found");
  }

  #handlers(): HostHandlers {
    return {
      respond: (request) => this.#respond(request),
      refuseUpgrade: (request) => this.#refuseUpgrade(request),
      opened: (socket) => this.#viewers.add(socket),
      closed: (socket) => this.#viewers.remove(socket),
    };
  }

  /** Never rejects: what goes wrong in a route is logged and answered with 500. */
  async #respond(request: HostRequest): Promise<HostResponse> {
    let response: HostResponse;
    try {
      response = await this.#answer(request);
    } catch (error) {
      this.#logger.error({ path: request.path, error: messageOf(error) }, "a request to the dashboard failed");
      response = json({ error: "internal error" }, request, 500);
    }
    return { ...response, headers: { ...securityHeaders, ...response.headers } };
  }

  async #answer(request: HostRequest): Promise<HostResponse> {
    const { path, method, headers } = request;
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    const isTrusted = hasDashboardAccess(this.#access, headers) && isAllowedHost(this.#access, headers.host);
    const isRead = method === "GET" || method === "HEAD";
    if (route?.guard === "public") {
      return isRead ? route.respond(this.#context(request, isTrusted)) : methodNotAllowed(request);
    }
    if (!isAllowedHost(this.#access, headers.host)) return forbiddenHost(request);
    if (path === "/login" || path === "/logout") return this.#session(request);
    if (!isRead) return methodNotAllowed(request);
    if (route === undefined) return this.#file(request, isTrusted);
    const mayPass = route.guard === "metrics" ? hasMetricsAccess(this.#access, headers) : isTrusted;
    return mayPass ? route.respond(this.#context(request, isTrusted)) : unauthorized(request);
  }

  #context(request: HostRequest, isTrusted: boolean) {
    return { source: this.#source, sampler: this.#sampler, request, isTrusted };
  }

  /** Files hold no secrets, but the page itself is shown only to those who may use it; others get the form. */
  #file(request: HostRequest, isTrusted: boolean): HostResponse {
    const isPage = request.path === "/" || request.path === "/index.html";
    if (isPage && !isTrusted) return this.#files.respond("/login.html", request.headers, 401) ?? notFound(request);
    return this.#files.respond(isPage ? "/index.html" : request.path, request.headers) ?? notFound(request);
  }

  /** The form's answer: the right token gives a cookie that scripts can not read and other sites can not send. */
  #session(request: HostRequest): HostResponse {
    if (request.method !== "POST") return methodNotAllowed(request);
    if (!isAllowedOrigin(this.#access, request.headers)) return forbiddenOrigin(request);
    const expected = this.#access.token;
    const given = new URLSearchParams(request.body).get("token") ?? "";
    const isLogin = request.path === "/login";
    if (isLogin && expected !== undefined && !isSameSecret(given, expected)) {
      return this.#files.respond("/login-failed.html", request.headers, 401) ?? unauthorized(request);
    }
    const cookie =
      isLogin && expected !== undefined ? `${sessionCookie}=${sessionOf(expected)}` : `${sessionCookie}=; Max-Age=0`;
    const headers = { location: "/", "set-cookie": `${cookie}; Path=/; HttpOnly; SameSite=Strict` };
    return { status: 303, headers: { ...headers, "cache-control": "no-store" }, body: "" };
  }

  #refuseUpgrade(request: HostRequest): HostResponse | undefined {
    const { headers } = request;
    if (!isAllowedHost(this.#access, headers.host)) return forbiddenHost(request);
    if (!isAllowedOrigin(this.#access, headers)) return forbiddenOrigin(request);
    return hasDashboardAccess(this.#access, headers) ? undefined : unauthorized(request);
  }
}

function listenFailure(hostName: string, port: number, cause: unknown): DistCacheError {
  const code = errorCodeOf(cause) === "INTERNAL" ? "IO" : errorCodeOf(cause);
  const reason = code === "ADDRESS_IN_USE" ? "the port is in use" : messageOf(cause);
  return new DistCacheError(code, `DASHBOARD_PORT: the dashboard can not listen on ${hostName}:${port}: ${reason}`, {
    cause,
  });
}

const notFound = (request: HostRequest) => json({ error: "not found" }, request, 404);
const methodNotAllowed = (request: HostRequest) => json({ error: "method not allowed" }, request, 405);
const forbiddenOrigin = (request: HostRequest) => json({ error: "this origin is not allowed" }, request, 403);
const forbiddenHost = (request: HostRequest) =>
  json({ error: "this host name is not allowed; see DASHBOARD_ALLOWED_HOSTS" }, request, 403);

function unauthorized(request: HostRequest): HostResponse {
  const response = json({ error: "a token is needed" }, request, 401);
  return { ...response, headers: { ...response.headers, "www-authenticate": 'Bearer realm="DistCache"' } };
}
