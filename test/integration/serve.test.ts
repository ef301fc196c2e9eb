// `distcache serve` from outside: redis-cli, settings, refusals, signals.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { ServedNode, type ServeOptions } from "../harness/served-node.ts";

const directory = mkdtempSync(join(tmpdir(), "distcache-serve-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const running: ServedNode[] = [];
async function serve(options: ServeOptions = {}): Promise<ServedNode> {
  const node = await ServedNode.start(options);
  running.push(node);
  return node;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.kill()));
});

/** What redis-cli prints, without the last line break. */
async function cli(where: ServedNode | string[], ...words: string[]): Promise<string> {
  const place = where instanceof ServedNode ? ["-p", String(where.port)] : where;
  const { stdout } = await promisify(execFile)("redis-cli", [...place, ...words], { timeout: 60_000 });
  return stdout.trimEnd();
}

describe("a started node", () => {
  test("says where it is and how to try it, and that works", async () => {
    const node = await serve();
    const line = JSON.parse(node.log.split("\n").find((text) => text.includes("is ready on")) ?? "{}");
    expect(line.msg).toMatch(
      /^DistCache \S+ is ready on 127\.0\.0\.1:\d+\. Try it: redis-cli -p \d+ SET mykey "Hello World"$/,
    );
    expect(await cli(node, "SET", "mykey", "Hello World")).toBe("OK");
    expect(await cli(node, "GET", "mykey")).toBe("Hello World");
    expect(await cli(node, "-3", "GET", "mykey")).toBe("Hello World");
  });

  test("logs lines for people when told to", async () => {
    const node = await serve({ settings: { LOG_FORMAT: "text" } });
    expect(node.log).toMatch(/^\d\d:\d\d:\d\d DistCache \S+ is ready on /m);
  });

  test("says nothing when the log level is empty", async () => {
    const refusal = await ServedNode.refusal({ settings: { LOG_LEVEL: "", PORT: "" } });
    expect(refusal.errors).toContain("PORT and UNIX_SOCKET are both empty");
  });

  test("takes its settings from flags before the environment, and shows them in CONFIG GET", async () => {
    const args = ["--cache-size", "77", "--max-memory", "64mb", "--eviction", "volatile-ttl"];
    const node = await serve({ settings: { CACHE_SIZE: "5", DATABASES: "3", IO_THREADS: "2" }, args });
    expect(await cli(node, "CONFIG", "GET", "cache-size")).toBe("cache-size\n77");
    expect(await cli(node, "CONFIG", "GET", "maxmemory")).toBe("maxmemory\n67108864");
    expect(await cli(node, "CONFIG", "GET", "maxmemory-policy")).toBe("maxmemory-policy\nvolatile-ttl");
    expect(await cli(node, "CONFIG", "GET", "io-threads")).toBe("io-threads\n2");
    expect(await cli(node, "-n", "2", "SET", "a", "1")).toBe("OK");
    expect(await cli(node, "SELECT", "3")).toContain("ERR DB index is out of range");
  });

  test("holds CACHE_SIZE, and follows CONFIG SET", async () => {
    const node = await serve({ settings: { CACHE_SIZE: "3" } });
    for (const key of ["a", "b", "c", "d", "e"]) await cli(node, "SET", key, "x");
    expect(await cli(node, "DBSIZE")).toBe("3");
    expect(await cli(node, "CONFIG", "SET", "cache-size", "0", "maxmemory-policy", "noeviction")).toBe("OK");
    for (const key of ["f", "g"]) await cli(node, "SET", key, "x");
    expect(await cli(node, "DBSIZE")).toBe("5");
  });

  test("ends on SIGTERM, SIGINT and SIGHUP with code 0", async () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      const node = await serve();
      node.process.kill(signal);
      expect(await node.ended).toEqual({ code: 0, signal: null });
      expect(node.log).toContain(`${signal}: stopping`);
    }
  });

  test("a second signal does no harm", async () => {
    const node = await ServedNode.start({ settings: { LOG_LEVEL: "trace" } });
    node.process.kill("SIGTERM");
    node.process.kill("SIGTERM");
    const { code, signal } = await node.ended;
    // The second signal may come before the first is done with, and then ends the process at once.
    expect([0, 128 + 15]).toContain(code);
    expect(signal).toBeNull();
    expect(node.errors).toBe("");
  });

  test("ends on SHUTDOWN, whose connection closes without a reply", async () => {
    const node = await serve();
    expect(await cli(node, "SHUTDOWN", "NOSAVE")).toBe("");
    expect(await node.ended).toEqual({ code: 0, signal: null });
  });

  test("ends in order while clients keep it busy", async () => {
    const node = await serve({ settings: { CACHE_SIZE: "0" } });
    const bench = execFile("redis-benchmark", ["-p", String(node.port), "-t", "set,get", "-n", "100000000", "-q"]);
    try {
      await expect.poll(() => cli(node, "DBSIZE"), { timeout: 30_000 }).not.toBe("0");
      expect(await node.stop()).toEqual({ code: 0, signal: null });
    } finally {
      bench.kill("SIGKILL");
    }
  });
});

describe("a Unix socket", () => {
  test("is listened on beside TCP or alone, is shown in CLIENT LIST, and is gone afterwards", async () => {
    const path = join(directory, "alone.sock");
    const node = await serve({ settings: { PORT: "", UNIX_SOCKET: path } });
    expect(node.log).toContain(`is ready on ${path}. Try it: redis-cli -s ${path} SET`);
    expect(await cli(["-s", path], "PING")).toBe("PONG");
    expect(await cli(["-s", path], "CLIENT", "LIST")).toMatch(/ addr=\S+:0 laddr=\S+:0 .* flags=U /);
    await node.stop();
    expect(existsSync(path)).toBe(false);
  });

  test("a path that somebody listens on is refused, one that was left behind is taken over", async () => {
    const path = join(directory, "twice.sock");
    const settings = { UNIX_SOCKET: path };
    const first = await serve({ settings });
    const refusal = await ServedNode.refusal({ settings });
    expect(refusal.code).toBe(1);
    expect(refusal.errors).toContain(`UNIX_SOCKET: ${path}`);
    await first.kill();
    await serve({ settings });
    expect(await cli(["-s", path], "PING")).toBe("PONG");
  });
});

describe("a start that is refused says why in one line", () => {
  const refusals: [string, ServeOptions, number, RegExp][] = [
    [
      "a bad value",
      { settings: { CACHE_SIZE: "many" } },
      2,
      /^distcache: CACHE_SIZE: "many" is not allowed; allowed: .+\n$/,
    ],
    [
      "a memory bound that an empty store exceeds",
      { settings: { MAX_MEMORY: "1000" } },
      2,
      /^distcache: MAX_MEMORY: 1000 is not allowed: .+\n$/,
    ],
    ["a bad flag value", { args: ["--port", "x"] }, 2, /^distcache: --port: "x" is not allowed; allowed: .+\n$/],
    ["an unknown flag", { args: ["--prot", "1"] }, 1, /^error: unknown option '--prot'/],
    ["no listener at all", { settings: { PORT: "" } }, 2, /^distcache: PORT and UNIX_SOCKET are both empty; .+\n$/],
    ["a host that is no address", { settings: { HOST: "256.1.1.1" } }, 1, /^distcache: PORT: 0 on 256\.1\.1\.1 .+\n$/],
    [
      "a password file that is missing",
      { settings: { REQUIREPASS_FILE: join(directory, "nosuch") } },
      2,
      /^distcache: REQUIREPASS_FILE: ENOENT.+\n$/,
    ],
  ];
  test.each(refusals)("%s", async (_name, options, code, message) => {
    const refusal = await ServedNode.refusal(options);
    expect(refusal.errors).toMatch(message);
    expect(refusal.code).toBe(code);
  });

  test("a port in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const refusal = await ServedNode.refusal({ settings: { PORT: String(port) } });
    server.close();
    expect(refusal.errors).toBe(
      `distcache: PORT: ${port} on 127.0.0.1 is in use by another program; choose another with PORT or --port\n`,
    );
    expect(refusal.code).toBe(1);
  });
});

test("--help names every setting with its meaning", () => {
  const program = join(import.meta.dirname, "../../dist/cli/main.js");
  const help = execFileSync(process.execPath, [program, "serve", "--help"], { encoding: "utf8" });
  expect(help).toContain("--cache-size <value>");
  expect(help.replace(/\s+/g, " ")).toContain(
    "(PORT; allowed: a whole number from 0 to 65535, or empty for no TCP port; default: 6379)",
  );
});

describe("access", () => {
  test("a password from the environment is asked for, and compared with the user", async () => {
    const node = await serve({ settings: { REQUIREPASS: "secret" } });
    expect(await cli(node, "PING")).toContain("NOAUTH Authentication required.");
    expect(await cli(node, "--no-auth-warning", "-a", "wrong", "PING")).toContain("NOAUTH");
    expect(await cli(node, "--no-auth-warning", "-a", "secret", "PING")).toBe("PONG");
    expect(await cli(node, "--no-auth-warning", "--user", "default", "-a", "secret", "-3", "PING")).toBe("PONG");
    expect(await cli(node, "--no-auth-warning", "--user", "other", "-a", "secret", "PING")).toContain("NOAUTH");
    expect(node.log).not.toContain("secret");
  });

  test("a password from a file", async () => {
    const path = join(directory, "password");
    writeFileSync(path, "from file\n");
    const node = await serve({ settings: { REQUIREPASS_FILE: path } });
    expect(await cli(node, "--no-auth-warning", "-a", "from file", "PING")).toBe("PONG");
    expect(await cli(node, "PING")).toContain("NOAUTH");
  });

  test("a password set while it runs is asked of new connections", async () => {
    const node = await serve();
    expect(await cli(node, "CONFIG", "SET", "requirepass", "late")).toBe("OK");
    expect(await cli(node, "PING")).toContain("NOAUTH");
    expect(await cli(node, "--no-auth-warning", "-a", "late", "CONFIG", "SET", "requirepass", "")).toBe("OK");
    expect(await cli(node, "PING")).toBe("PONG");
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === "IPv4" && !address.internal)?.address;

  test("protected mode refuses a peer that is not on loopback, unless there is a password or it is off", async () => {
    // On a machine without another address there is no such peer; 127.0.0.1 must work all the same.
    const settings = { HOST: "0.0.0.0" };
    const node = await serve({ settings });
    expect(await cli(node, "PING")).toBe("PONG");
    if (outside === undefined) return;
    const there = (target: ServedNode, ...words: string[]) =>
      cli(["-h", outside, "-p", String(target.port)], "--no-auth-warning", ...words);
    expect(await there(node, "PING")).toContain("DENIED Redis is running in protected mode");
    await cli(node, "CONFIG", "SET", "protected-mode", "no");
    expect(await there(node, "PING")).toBe("PONG");
    await cli(node, "CONFIG", "SET", "protected-mode", "yes");
    expect(await there(node, "PING")).toContain("DENIED");
    await cli(node, "CONFIG", "SET", "requirepass", "p");
    expect(await there(node, "-a", "p", "PING")).toBe("PONG");
  });
});
