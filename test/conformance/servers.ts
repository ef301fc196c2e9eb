// The two servers whose replies are compared, each on a free port of its own: a node of ours and redis-server.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServedNode } from "../harness/served-node.ts";
import { type Address, RawConnection } from "./raw-connection.ts";

const host = "127.0.0.1";
const startDeadlineMs = 30_000;

export interface RunningServer extends Address {
  stop(): Promise<void>;
}

/** A node in a process of its own, without persistence and without bounds. */
export async function startNode(): Promise<RunningServer> {
  const node = await ServedNode.start({ settings: { CACHE_SIZE: "0" } });
  const stop = async () => {
    await node.stop();
  };
  return { host, port: node.port, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Until the server answers PING, the process is gone, or the deadline has passed. */
async function untilItAnswers(address: Address, process: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + startDeadlineMs;
  while (Date.now() < deadline && process.exitCode === null) {
    try {
      const connection = await RawConnection.open(address);
      const reply = await connection.command("PING");
      connection.close();
      if (reply.toString() === "+PONG\r\n") return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return false;
}

/** redis-server, in memory only. Another process may take the free port first: then the next one is tried. */
export async function startRedis(): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), "distcache-redis-"));
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await freePort();
    const args = ["--bind", host, "--port", String(port), "--save", "", "--dir", directory, "--loglevel", "warning"];
    const child = spawn("redis-server", args, { stdio: "ignore" });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    if (await untilItAnswers({ host, port }, child)) {
      const stop = async () => {
        child.kill("SIGKILL");
        await exited;
        rmSync(directory, { recursive: true, force: true });
      };
      return { host, port, stop };
    }
    child.kill("SIGKILL");
    await exited;
  }
  throw new Error("redis-server did not start");
}
