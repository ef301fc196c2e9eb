// `distcache serve` as a child process, on a free port, found out from its log. Needs dist/ and the addon, which npm test
// builds first.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const startDeadlineMs = 60_000;
const host = "127.0.0.1";

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServeOptions {
  /** Settings by their names in the environment. Nothing of this process's environment reaches the node but PATH. */
  settings?: Readonly<Record<string, string>>;
  args?: readonly string[];
  cwd?: string;
}

/** In memory only and without a dashboard, so that a test asks for what it needs. */
const quietSettings = { PORT: "0", WAL_FILE: "", SNAPSHOT_FILE: "", DASHBOARD_PORT: "" };

export class ServedNode {
  readonly host = host;
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  #output = "";
  #errors = "";
  #wake: () => void = () => {};

  private constructor({ settings = {}, args = [], cwd }: ServeOptions) {
    const env = { PATH: process.env.PATH ?? "", ...quietSettings, ...settings };
    this.process = spawn(process.execPath, [program, "serve", ...args], {
      env,
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
      this.#wake();
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.ended = new Promise((resolve) => {
      this.process.once("close", (code, signal) => {
        resolve({ code, signal });
        this.#wake();
      });
    });
  }

  /** Starts a node and waits until it serves. */
  static async start(options: ServeOptions = {}): Promise<ServedNode> {
    const node = new ServedNode(options);
    await node.untilLogged(/ is ready on /);
    return node;
  }

  /** Starts a node that is expected to refuse; answers its exit code and what it said on standard error. */
  static async refusal(options: ServeOptions): Promise<Ended & { errors: string }> {
    const node = new ServedNode(options);
    const timer = setTimeout(() => node.process.kill("SIGKILL"), startDeadlineMs);
    const ended = await node.ended;
    clearTimeout(timer);
    return { ...ended, errors: node.#errors };
  }

  /** The TCP port from the line that says where the node is. */
  get port(): number {
    const found = / is ready on [^ ]*:(\d+)/.exec(this.#output);
    if (found === null) throw new Error(`no port in ${this.#output}`);
    return Number(found[1]);
  }

  get log(): string {
    return this.#output;
  }

  get errors(): string {
    return this.#errors;
  }

  /** Waits for a line of the log. */
  async untilLogged(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + startDeadlineMs;
    while (!pattern.test(this.#output)) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`the node ended before it logged ${pattern}: ${this.#output}${this.#errors}`);
      }
      if (Date.now() > deadline) throw new Error(`not logged in time: ${pattern} in ${this.#output}${this.#errors}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** SIGTERM, and SIGKILL when that does not end it in time. */
  async stop(): Promise<Ended> {
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), startDeadlineMs);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }

  /** kill -9. */
  async kill(): Promise<Ended> {
    this.process.kill("SIGKILL");
    return this.ended;
  }
}
