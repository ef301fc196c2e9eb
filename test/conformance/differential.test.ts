// Random command sequences by two clients to both servers: the replies must be the same. One seed by default, so that a failure
// comes from a change; DISTCACHE_SEED=<number> takes another, DISTCACHE_SEED=random any, and the seed is printed.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Comparison, comparable, optionsOf, printable, type StepObject } from "./conformance-case.ts";
import { RandomCommands, seededRandom } from "./random-commands.ts";
import { encodeCommand, RawConnection } from "./raw-connection.ts";
import { partsOfReply } from "./reply-reader.ts";
import { type RunningServer, startNode, startRedis } from "./servers.ts";

const sequences = 40;
const commandsInEach = 400;
const shownBefore = 25;

const chosen = process.env.DISTCACHE_SEED ?? "2450331715";
const seed = chosen === "random" ? Math.floor(Math.random() * 2 ** 32) : Number(chosen);
console.log(`differential test: seed ${seed}`);

let ours: RunningServer;
let redis: RunningServer;

beforeAll(async () => {
  [ours, redis] = await Promise.all([startNode(), startRedis()]);
});

afterAll(async () => {
  await Promise.all([ours?.stop(), redis?.stop()]);
});

/** The replies of one server, each compared as its command asks; parts of an EXEC as their queued commands ask. */
class Observer {
  readonly #clients: RawConnection[];
  readonly #queued: Comparison[][] = [[], []];

  private constructor(clients: RawConnection[]) {
    this.#clients = clients;
  }

  static async open(server: RunningServer, protocol: number): Promise<Observer> {
    const clients = [await RawConnection.open(server), await RawConnection.open(server)];
    if (protocol === 3) for (const client of clients) await client.command("HELLO", "3");
    await clients[0]!.command("FLUSHALL");
    return new Observer(clients);
  }

  async observe(step: StepObject): Promise<unknown> {
    const { client } = optionsOf(step);
    return this.#interpret(step, await this.#clients[client]!.command(...step.words));
  }

  /** The same for many steps of the first client, sent at once in pieces that `cut` bytes long make of them. */
  async observeAll(steps: readonly StepObject[], cut: () => number): Promise<unknown[]> {
    const bytes = Buffer.concat(steps.map(({ words }) => encodeCommand(words)));
    const [connection] = this.#clients as [RawConnection];
    for (let at = 0; at < bytes.length; ) {
      const end = at + cut();
      connection.write(bytes.subarray(at, end));
      at = end;
      await new Promise((resolve) => setImmediate(resolve)); // so that it may arrive alone
    }
    const observed: unknown[] = [];
    for (const step of steps) observed.push(this.#interpret(step, await connection.nextReply()));
    return observed;
  }

  #interpret(step: StepObject, reply: Buffer): unknown {
    const { client, compare } = optionsOf(step);
    const queued = this.#queued[client]!;
    const name = String(step.words[0]).toUpperCase();
    if (reply.toString() === "+QUEUED\r\n") {
      queued.push(compare);
      return "queued";
    }
    if (name === "EXEC" || name === "DISCARD") {
      const comparisons = queued.splice(0);
      const parts = partsOfReply(reply);
      if (reply[0] === 0x2a && parts.length === comparisons.length)
        return parts.map((part, i) => comparable(part, comparisons[i]!));
    }
    return comparable(reply, compare);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

async function runSequence(sequenceSeed: number, protocol: number): Promise<void> {
  const commands = new RandomCommands(seededRandom(sequenceSeed));
  const [our, their] = await Promise.all([Observer.open(ours, protocol), Observer.open(redis, protocol)]);
  const history: string[] = [];
  for (let i = 0; i < commandsInEach; i++) {
    const step = commands.next();
    history.push(
      `${step.client}: ${step.words.map((word) => printable(Buffer.from(word as string)).slice(0, 80)).join(" ")}`,
    );
    const [got, expected] = await Promise.all([our.observe(step), their.observe(step)]);
    expect(got, `seed ${seed}, after\n${history.slice(-shownBefore).join("\n")}`).toEqual(expected);
  }
  our.close();
  their.close();
}

test(`${sequences} random sequences get the replies of redis-server (seed ${seed})`, { timeout: 300_000 }, async () => {
  for (let i = 0; i < sequences; i++) await runSequence(seed + i, i % 2 === 0 ? 2 : 3);
});

test(`pipelines cut anywhere get the replies of redis-server (seed ${seed})`, { timeout: 300_000 }, async () => {
  for (let i = 0; i < sequences; i++) {
    const random = seededRandom(seed + i);
    const commands = new RandomCommands(random);
    const steps = Array.from({ length: commandsInEach }, () => ({ ...commands.next(), client: 0 as const }));
    const pieces = [64, 2000, 40_000][i % 3] as number;
    const [our, their] = await Promise.all([Observer.open(ours, 2), Observer.open(redis, 2)]);
    const got = await our.observeAll(steps, () => 1 + commands.below(pieces));
    const expected = await their.observeAll(steps, () => 1 + commands.below(pieces));
    for (const [at, step] of steps.entries()) {
      expect(got[at], `seed ${seed}, sequence ${i}, command ${at}: ${step.words.join(" ").slice(0, 200)}`).toEqual(
        expected[at],
      );
    }
    our.close();
    their.close();
  }
});
