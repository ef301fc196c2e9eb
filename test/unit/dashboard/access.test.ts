// Who may see the dashboard: decisions from headers alone.
import { describe, expect, test } from "vitest";
import {
  hasDashboardAccess,
  hasMetricsAccess,
  hostNameOf,
  isAllowedHost,
  isAllowedOrigin,
  isLoopback,
  sessionOf,
} from "../../../src/dashboard/access.ts";

const open = { token: undefined, metricsToken: undefined, allowedHosts: ["cache.example.org"] };
const guarded = { ...open, token: "secret" };

describe("host names", () => {
  test.each([
    ["localhost:8080", "localhost"],
    ["LOCALHOST", "localhost"],
    ["127.0.0.1:1", "127.0.0.1"],
    ["[::1]:8080", "::1"],
    ["cache.example.org.:80", "cache.example.org"],
    ["a@b", undefined],
    ["a/b", undefined],
    ["", undefined],
    ["localhost:8080:1", undefined],
  ])("of %s is %s", (authority, name) => {
    expect(hostNameOf(authority)).toBe(name);
  });

  test.each(["localhost", "localhost:9999", "127.0.0.1", "10.1.2.3:80", "[::1]:8080", "cache.example.org:1"])(
    "%s is allowed",
    (host) => {
      expect(isAllowedHost(open, host)).toBe(true);
    },
  );

  test.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", undefined, "evil.example:8080"])(
    "%s is refused",
    (host) => {
      expect(isAllowedHost(open, host)).toBe(false);
    },
  );
});

describe("origins", () => {
  const from = (origin: string | undefined, host = "127.0.0.1:8080") =>
    isAllowedOrigin(open, origin === undefined ? { host } : { host, origin });

  test("the page's own, an allowed name's and none are allowed", () => {
    expect(from("http://127.0.0.1:8080")).toBe(true);
    expect(from("https://cache.example.org")).toBe(true);
    expect(from(undefined)).toBe(true);
  });

  test("another port of this machine, another site and null are refused", () => {
    expect(from("http://127.0.0.1:3000")).toBe(false);
    expect(from("http://evil.example")).toBe(false);
    expect(from("null")).toBe(false);
    expect(from("http://127.0.0.1:8080/path")).toBe(false);
  });
});

describe("tokens", () => {
  test("without a token everybody passes, with one only who shows it", () => {
    expect(hasDashboardAccess(open, {})).toBe(true);
    expect(hasDashboardAccess(guarded, {})).toBe(false);
    expect(hasDashboardAccess(guarded, { authorization: "Bearer secret" })).toBe(true);
    expect(hasDashboardAccess(guarded, { authorization: "Bearer secre" })).toBe(false);
    expect(hasDashboardAccess(guarded, { authorization: "Basic secret" })).toBe(false);
  });

  test("the cookie holds a digest of the token and not the token", () => {
    expect(hasDashboardAccess(guarded, { cookie: `a=b; distcache_session=${sessionOf("secret")}` })).toBe(true);
    expect(hasDashboardAccess(guarded, { cookie: "distcache_session=secret" })).toBe(false);
    expect(hasDashboardAccess(guarded, { cookie: `distcache_session=${sessionOf("other")}` })).toBe(false);
  });

  test("the metrics token opens the metrics alone", () => {
    const both = { ...guarded, metricsToken: "scrape" };
    expect(hasMetricsAccess(both, { authorization: "Bearer scrape" })).toBe(true);
    expect(hasMetricsAccess(both, { authorization: "Bearer secret" })).toBe(true);
    expect(hasMetricsAccess(both, {})).toBe(false);
    expect(hasDashboardAccess(both, { authorization: "Bearer scrape" })).toBe(false);
    expect(hasMetricsAccess({ ...open, metricsToken: "scrape" }, {})).toBe(false);
    expect(hasMetricsAccess(open, {})).toBe(true);
  });
});

test("loopback is known by name and address", () => {
  expect(["localhost", "127.0.0.1", "127.8.8.8", "::1"].map(isLoopback)).toEqual([true, true, true, true]);
  expect(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example"].map(isLoopback)).toEqual([false, false, false, false]);
});
