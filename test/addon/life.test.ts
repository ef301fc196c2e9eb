// The life of a process with the addon: however it ends, it ends cleanly, and nothing is left behind. Each case is a child
// process that runs a program of programs/ against dist/ and the addon.
import { spawn } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  errors: string;
}

const deadlineMs = 100_000;

/** Runs a program to its end. One that hangs is killed, which shows as a signal. */
function run(program: string, args: string[] = [], nodeArgs: string[] = []): Promise<Ended> {
  const path = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [...nodeArgs, path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output, errors });
    });
  });
}

const longest = { timeout: 120_000 };

describe("a process with a busy node ends cleanly", longest, () => {
  test("by process.exit", async () => {
    expect(await run("exit-under-load", ["exit"])).toMatchObject({ code: 7, signal: null, errors: "" });
  });

  test("by an uncaught exception", async () => {
    const ended = await run("exit-under-load", ["throw"]);
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(ended.errors).toContain("nobody catches this");
  });

  test("by a signal that nobody handles", async () => {
    expect(await run("exit-under-load", ["signal"])).toMatchObject({ signal: "SIGTERM" });
  });

  test("by itself, when the node was stopped", async () => {
    expect(await run("exit-under-load", ["stop"])).toMatchObject({ code: 9, signal: null, errors: "" });
  });
});

describe("workers with busy nodes of their own", longest, () => {
  test("may be terminated", async () => {
    expect(await run("workers", ["terminate"])).toMatchObject({ code: 0, output: "done\n", errors: "" });
  });

  test("may exit", async () => {
    expect(await run("workers", ["exit"])).toMatchObject({ code: 0, output: "done\n", errors: "" });
  });

  test("may end with the process", async () => {
    expect(await run("workers", ["process"])).toMatchObject({ code: 5, errors: "" });
  });
});

test("the addon may be loaded again", longest, async () => {
  expect(await run("second-load")).toMatchObject({ code: 0, output: "1\n", errors: "" });
});

test("stopped nodes and collected caches leave no thread, descriptor or store", longest, async () => {
  const ended = await run("leaks", [], ["--expose-gc"]);
  expect(ended).toMatchObject({ code: 0, errors: "" });
  const { before, after, cachesLeft } = JSON.parse(ended.output);
  expect(after.threads).toBeLessThanOrEqual(before.threads);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  expect(cachesLeft).toBe(0);
});

test("a child that outlives the process holds none of its sockets", longest, async () => {
  const ended = await run("outliving-child");
  expect(ended).toMatchObject({ code: 0, errors: "" });
  const { port, child } = JSON.parse(ended.output);
  try {
    const links = readdirSync(`/proc/${child}/fd`).map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`));
    expect(links.filter((link) => link.startsWith("socket:") || link.includes("eventpoll"))).toEqual([]);
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    await new Promise((resolve) => server.close(resolve));
  } finally {
    process.kill(child, "SIGKILL");
  }
});
