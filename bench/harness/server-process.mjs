// A server under measurement: this project's node, its data plane without Node, or redis-server, each in memory only, each a
// fresh child process on a free port, on the cores it is given. What it cost is read from the operating system.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/project.mjs";
import { RespConnection } from "./resp-connection.mjs";

const startDeadlineMs = 60_000;

/** Answers a port that was free a moment ago; the server says so if another took it meanwhile. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Command lines and environments by kind of server. */
const kinds = {
  redis: (port, { args = [] }) => ({
    program: "redis-server",
    args: ["--port", port, "--save", "", "--appendonly", "no", "--dir", tmpdir(), ...args],
    env: {},
  }),
  distcache: (port, { ioThreads = 1, settings = {} }) => ({
    program: process.execPath,
    args: [join(root, "dist/cli/main.js"), "serve"],
    env: {
      PORT: port,
      IO_THREADS: String(ioThreads),
      CACHE_SIZE: "0",
      WAL_FILE: "",
      SNAPSHOT_FILE: "",
      DASHBOARD_PORT: "",
      LOG_LEVEL: "warn",
      ...settings,
    },
  }),
  standalone: (port, { ioThreads = 1, variant = "release" }) => ({
    program: join(root, `build-${variant}/standalone/distcache_standalone`),
    args: ["--port", port, "--threads", String(ioThreads), "--max-entries", "0"],
    env: {},
  }),
};

export class ServerProcess {
  constructor(child, port) {
    this.child = child;
    this.port = port;
    this.ended = new Promise((resolve) => child.once("close", resolve));
  }

  /** Starts a server of a kind and waits until it answers PING. `cores` is a list as taskset takes it. */
  static async start(kind, { cores, ...options } = {}) {
    const port = await freePort();
    const { program, args, env } = kinds[kind](String(port), options);
    const [launcher, prefix] = cores === undefined ? [program, []] : ["taskset", ["-c", cores, program]];
    const child = spawn(launcher, [...prefix, ...args], {
      cwd: tmpdir(),
      env: { PATH: process.env.PATH, ...env },
      stdio: ["pipe", "ignore", "inherit"],
    });
    const server = new ServerProcess(child, port);
    await server.untilItAnswers();
    return server;
  }

  async untilItAnswers() {
    const deadline = Date.now() + startDeadlineMs;
    while (Date.now() < deadline) {
      if (this.child.exitCode !== null) throw new Error(`the server ended with code ${this.child.exitCode}`);
      try {
        const connection = await RespConnection.open(this.port);
        await connection.pipeline([["PING"]]);
        connection.close();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    this.child.kill("SIGKILL");
    throw new Error("the server did not answer in time");
  }

  /** CPU time of all threads that live, in nanoseconds. */
  cpuNs() {
    const tasks = `/proc/${this.child.pid}/task`;
    return readdirSync(tasks)
      .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]))
      .reduce((sum, one) => sum + one, 0);
  }

  /** Resident memory now. */
  rssBytes() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]) * 1024;
  }

  async stop() {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    await this.ended;
    clearTimeout(timer);
  }
}
