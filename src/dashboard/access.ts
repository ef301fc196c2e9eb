// Who may see what: decisions about a request from its headers alone, and the headers that every answer carries. Pure.
//
// - Host is checked by name, never by port: a page of another site that rebinds its name to this address is refused.
// - Origin is checked on WebSockets and on requests that change something: another site can not use a visitor's cookie.
// - A token comes as `Authorization: Bearer` or, from the page, in a cookie that holds a digest of it.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { HostRequest } from "./host.ts";

export interface AccessSettings {
  /** Undefined: nothing is asked for. */
  readonly token: string | undefined;
  readonly metricsToken: string | undefined;
  /** Lower-case names besides localhost and IP addresses. */
  readonly allowedHosts: readonly string[];
}

export const sessionCookie = "distcache_session";

/** Equal texts, compared in a time that tells nothing about where they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** The cookie's value for a token: it survives a restart and does not tell the token. */
export function sessionOf(token: string): string {
  return createHmac("sha256", token).update("distcache dashboard session").digest("base64url");
}

/** The name in a Host header or an origin's authority, lower case, without port and brackets; undefined when malformed. */
export function hostNameOf(authority: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@[\]\s]+))(?::\d{1,5})?$/i.exec(authority);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}

export function isAllowedHost(settings: AccessSettings, hostHeader: string | undefined): boolean {
  const name = hostNameOf(hostHeader ?? "");
  if (name === undefined) return false;
  return name === "localhost" || isIP(name) !== 0 || settings.allowedHosts.includes(name);
}

/** No Origin is no browser; a browser's must be the very host it asks, or one of the allowed names (behind a proxy). */
export function isAllowedOrigin(settings: AccessSettings, headers: HostRequest["headers"]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origin === "") return true;
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  if (authority === undefined) return false;
  return authority.toLowerCase() === host?.toLowerCase() || settings.allowedHosts.includes(hostNameOf(authority) ?? "");
}

export function hasDashboardAccess(settings: AccessSettings, headers: HostRequest["headers"]): boolean {
  const { token } = settings;
  if (token === undefined) return true;
  const bearer = bearerOf(headers);
  if (bearer !== undefined) return isSameSecret(bearer, token);
  const session = cookieOf(headers, sessionCookie);
  return session !== undefined && isSameSecret(session, sessionOf(token));
}

/** With METRICS_TOKEN alone, /metrics asks for it although the page is open. */
export function hasMetricsAccess(settings: AccessSettings, headers: HostRequest["headers"]): boolean {
  const { token, metricsToken } = settings;
  const bearer = bearerOf(headers);
  if (metricsToken !== undefined && bearer !== undefined && isSameSecret(bearer, metricsToken)) return true;
  return token === undefined ? metricsToken === undefined : hasDashboardAccess(settings, headers);
}

function bearerOf(headers: HostRequest["headers"]): string | undefined {
  return /^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
}

function cookieOf(headers: HostRequest["headers"], name: string): string | undefined {
  for (const part of (headers.cookie ?? "").split(";")) {
    const [key, ...value] = part.trim().split("=");
    if (key === name) return value.join("=");
  }
  return undefined;
}

/**
 * Nothing is loaded from elsewhere, nothing is framed, nothing runs that is not a file of ours. With `no-referrer` browsers
 * send `Origin: null` with the page's own form, hence same-origin.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};

/** Loopback addresses, and the names that stand for them. */
export function isLoopback(hostName: string): boolean {
  const name = hostName.toLowerCase();
  return name === "localhost" || name === "::1" || /^127\.\d+\.\d+\.\d+$/.test(name);
}
