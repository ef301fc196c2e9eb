import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LiveConfig } from "../../../src/config/live-config.ts";
import { givenSettings, loadConfig } from "../../../src/config/load.ts";
import { configName, settingKeys, settingOf } from "../../../src/config/schema.ts";

const directory = mkdtempSync(join(tmpdir(), "distcache-config-"));
afterAll(() => rmSync(directory, { recursive: true }));

const fromEnvironment = (environment: Record<string, string>) => loadConfig({ environment });

describe("loadConfig", () => {
  test("defaults hold when nothing is given", () => {
    const config = loadConfig({});
    expect(config).toMatchObject({ host: "127.0.0.1", port: 6379, cacheSize: 10_000, maxMemory: 0, databases: 16 });
    expect(config).toMatchObject({ eviction: "allkeys-lru", protectedMode: true, logLevel: "info" });
    expect(config.requirePass).toBeUndefined();
  });

  test("an option wins over a flag, a flag over the environment", () => {
    const environment = { PORT: "1", HOST: "a", CACHE_SIZE: "3" };
    const config = loadConfig({ environment, flags: { port: "2", host: "b" }, options: { port: 4 } });
    expect(config).toMatchObject({ port: 4, host: "b", cacheSize: 3 });
  });

  test("an empty value means off or none", () => {
    const config = fromEnvironment({
      PORT: "",
      CACHE_SIZE: "",
      MAX_MEMORY: "",
      EVICTION: "",
      REQUIREPASS: "",
      LOG_LEVEL: "",
    });
    expect(config).toMatchObject({ cacheSize: 0, maxMemory: 0, eviction: "noeviction", logLevel: "silent" });
    expect(config.port).toBeUndefined();
    expect(config.requirePass).toBeUndefined();
  });

  test.each([
    [
      "PORT",
      "70000",
      'PORT: "70000" is not allowed; allowed: a whole number from 0 to 65535, or empty for no TCP port',
    ],
    ["PORT", "7e3", 'PORT: "7e3" is not allowed'],
    ["EVICTION", "lru", 'EVICTION: "lru" is not allowed; allowed: allkeys-lru, volatile-lru,'],
    ["MAX_MEMORY", "10 mb", 'MAX_MEMORY: "10 mb" is not allowed; allowed: bytes from 0'],
    ["IO_THREADS", "", 'IO_THREADS: "" is not allowed; allowed: a whole number from 1 to 128'],
    ["PROTECTED_MODE", "maybe", 'PROTECTED_MODE: "maybe" is not allowed; allowed: yes or no'],
    ["NODE_ID", "a/b", 'NODE_ID: "a/b" is not allowed'],
  ])("%s=%s is refused with the setting, the value and what is allowed", (name, value, message) => {
    expect(() => fromEnvironment({ [name]: value })).toThrow(message);
    expect(() => fromEnvironment({ [name]: value })).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
  });

  test("a flag is named as it was typed", () => {
    expect(() => loadConfig({ flags: { cacheSize: "-1" } })).toThrow('--cache-size: "-1" is not allowed');
  });

  test("an option of a wrong type is refused", () => {
    expect(() => loadConfig({ options: { port: "7000" as unknown as number } })).toThrow('port: "7000" is not allowed');
  });

  test("bytes take Redis's units", () => {
    expect(fromEnvironment({ MAX_MEMORY: "64mb" }).maxMemory).toBe(64 * 1024 ** 2);
    expect(fromEnvironment({ MAX_MEMORY: "2G" }).maxMemory).toBe(2e9);
    expect(fromEnvironment({ MAX_MEMORY: "1kb" }).maxMemory).toBe(1024);
  });

  test("a refused password is not shown", () => {
    const password = "x".repeat(600);
    expect(() => fromEnvironment({ REQUIREPASS: password })).toThrow("REQUIREPASS: the given value is not allowed");
  });

  test("the password may come from a file, without its last line break", () => {
    const path = join(directory, "password");
    writeFileSync(path, "secret\n");
    expect(fromEnvironment({ REQUIREPASS_FILE: path }).requirePass).toBe("secret");
    expect(() => fromEnvironment({ REQUIREPASS_FILE: path, REQUIREPASS: "x" })).toThrow("both given");
  });

  test("a password file that is missing or empty stops the start", () => {
    const path = join(directory, "empty");
    writeFileSync(path, "\n");
    expect(() => fromEnvironment({ REQUIREPASS_FILE: path })).toThrow("is empty");
    expect(() => fromEnvironment({ REQUIREPASS_FILE: join(directory, "none") })).toThrow("REQUIREPASS_FILE: ENOENT");
  });
});

test("givenSettings names what somebody gave, by whichever way", () => {
  const sources = { environment: { PORT: "", OTHER: "x" }, flags: { host: "a" }, options: { cacheSize: 1 } };
  expect([...givenSettings(sources)].sort()).toEqual(["cacheSize", "host", "port"]);
});

describe("the table of settings", () => {
  test("names, flags and CONFIG names are unique", () => {
    for (const names of [
      settingKeys.map((key) => settingOf(key).name),
      settingKeys.map((key) => settingOf(key).flag),
      settingKeys.map(configName),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test.each(settingKeys)("%s: the default is allowed, and its printed form reads back as the same", (key) => {
    const row = settingOf(key);
    expect(row.isValid(row.default)).toBe(true);
    const printed = row.print(row.default);
    if (printed !== "") expect(row.parse(printed)).toBe(row.default);
    if (row.off !== undefined) expect(row.isValid(row.off.value)).toBe(true);
  });
});

describe("LiveConfig", () => {
  const newConfig = () => new LiveConfig(loadConfig({}));

  test("tells a listener once about all that changed", () => {
    const config = newConfig();
    const seen: unknown[] = [];
    config.onChange(["cacheSize", "maxMemory"], ({ cacheSize, maxMemory }) => seen.push([cacheSize, maxMemory]));
    config.change({ cacheSize: 1, maxMemory: 2 });
    config.change({ logLevel: "warn" });
    config.change({ cacheSize: 1 });
    expect(seen).toEqual([[1, 2]]);
  });

  test("a listener that refuses leaves every value as it was", () => {
    const config = newConfig();
    const seen: number[] = [];
    config.onChange(["cacheSize"], ({ cacheSize }) => void seen.push(cacheSize));
    config.onChange(["maxMemory"], ({ maxMemory }) => {
      if (maxMemory === 7) throw new Error("too small");
    });
    expect(() => config.change({ cacheSize: 5, maxMemory: 7 })).toThrow("too small");
    expect(config.values).toMatchObject({ cacheSize: 10_000, maxMemory: 0 });
    expect(seen).toEqual([5, 10_000]);
  });
});
