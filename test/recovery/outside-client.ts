// A client outside the node that remembers what it asked for, what was acknowledged, and what it read: the oracle of the kill loop.
//
// Each key has one writer, which sends its commands in order without waiting. So a key's value after a crash must be one of the
// states its writer went through, none older than what was promised, and none that was never asked for.
import { Redis } from "ioredis";

/** A deterministic source of numbers in [0, 1): the same seed gives the same run. */
export type Random = () => number;

/** xorshift32, by George Marsaglia ("Xorshift RNGs", 2003). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

type Value = string | null;

interface KeyHistory {
  /** states[0] is what the last start found. */
  states: Value[];
  /** Places in `states`: the newest acknowledged, read by somebody, and covered by a WAITAOF that answered. */
  acknowledged: number;
  read: number;
  synced: number;
  acknowledgedAtMs: number;
}

/** What a crash took back of what was acknowledged. */
export interface Loss {
  writes: number;
  /** From the oldest acknowledgement that was taken back to the newest, as the client saw them. */
  spanMs: number;
}

const keyCount = 12;
const plainKeys = Array.from({ length: keyCount }, (_, index) => `plain:${index}`);
const counterKeys = Array.from({ length: 4 }, (_, index) => `counter:${index}`);
const textKeys = Array.from({ length: 4 }, (_, index) => `text:${index}`);
const watchedKeys = [...plainKeys, ...counterKeys, ...textKeys];
/** Written together, always with the same value. */
const groups = [
  ["group:m:a", "group:m:b", "group:m:c"],
  ["group:t:a", "group:t:b"],
];
const timedKey = "timed";

/** Long enough that none of them passes while the test runs. */
const ttlSeconds = 100_000;

export class OutsideClient {
  readonly #histories = new Map<string, KeyHistory>();
  readonly #deadlines: number[] = [];
  #serial = 0;
  #lost: { atMs: number }[] = [];

  constructor() {
    for (const key of watchedKeys) this.#histories.set(key, freshHistory(null));
  }

  /** Compares what a start found with what was promised, and goes on from there. */
  async verify(port: number, promise: "acknowledged" | "synced"): Promise<Loss> {
    const connection = connect(port);
    this.#lost = [];
    try {
      const values = await connection.mget(watchedKeys);
      for (const [index, key] of watchedKeys.entries()) this.#verifyKey(key, values[index] ?? null, promise);
      for (const group of groups) {
        const members = new Set(await connection.mget(group));
        if (members.size !== 1) throw new Error(`${group.join(", ")} came back in part: ${[...members].join(", ")}`);
      }
      await this.#verifyDeadline(connection);
    } finally {
      connection.disconnect();
    }
    const moments = this.#lost.map(({ atMs }) => atMs);
    const spanMs = moments.length === 0 ? 0 : Math.max(...moments) - Math.min(...moments);
    return { writes: moments.length, spanMs };
  }

  /** Writes and reads until the connection breaks. */
  async run(port: number, random: Random): Promise<void> {
    const writer = connect(port);
    const reader = connect(port);
    let isOver = false;
    writer.once("close", () => {
      isOver = true;
    });
    const answers: Promise<unknown>[] = [];
    while (!isOver) {
      const batch = Array.from({ length: 1 + Math.floor(random() * 20) }, () => this.#write(writer, random));
      batch.push(this.#read(reader, random));
      const settled = Promise.allSettled(batch);
      answers.push(settled);
      if (random() < 0.7) await settled;
      if (random() < 0.05) answers.push(this.#barrier(writer));
      if (random() < 0.02) answers.push(writer.bgsave().catch(() => {}));
      if (random() < 0.02) answers.push(writer.bgrewriteaof().catch(() => {}));
    }
    writer.disconnect();
    reader.disconnect();
    await Promise.allSettled(answers);
  }

  #verifyKey(key: string, found: Value, promise: "acknowledged" | "synced"): void {
    const history = this.#history(key);
    const { states, acknowledged, read, synced } = history;
    const least = promise === "acknowledged" ? Math.max(acknowledged, read) : synced;
    const place = states.lastIndexOf(found);
    if (place < least) {
      const wanted = states.slice(least).map((value) => JSON.stringify(value));
      throw new Error(
        `${key} came back as ${JSON.stringify(found)}; promised was one of ${wanted.join(", ")} (acknowledged ${acknowledged}, read ${read}, synced ${synced}, found ${place})`,
      );
    }
    for (let lost = place + 1; lost <= acknowledged; lost += 1) this.#lost.push({ atMs: history.acknowledgedAtMs });
    this.#histories.set(key, freshHistory(found));
  }

  async #verifyDeadline(connection: Redis): Promise<void> {
    const deadline = await connection.call("PEXPIRETIME", timedKey);
    if (deadline === -2 && this.#deadlines.length === 0) return;
    if (deadline === -2) return; // its first write may be what was lost
    if (!this.#deadlines.includes(Number(deadline)))
      throw new Error(`${timedKey} has a deadline nobody gave: ${deadline}`);
  }

  #history(key: string): KeyHistory {
    const history = this.#histories.get(key);
    if (history === undefined) throw new Error(`no history of ${key}`);
    return history;
  }

  /** Notes the state that a command leads to, and its acknowledgement when that comes. */
  async #note(key: string, state: Value, answer: Promise<unknown>): Promise<void> {
    const history = this.#history(key);
    const place = history.states.push(state) - 1;
    await answer;
    if (this.#histories.get(key) !== history) return;
    history.acknowledged = Math.max(history.acknowledged, place);
    history.acknowledgedAtMs = performance.now();
  }

  #write(connection: Redis, random: Random): Promise<unknown> {
    this.#serial += 1;
    const value = `v${this.#serial}`;
    const pick = (keys: readonly string[]): string => keys[Math.floor(random() * keys.length)] ?? "";
    const kind = Math.floor(random() * 10);
    if (kind < 3) return this.#set(connection, pick(plainKeys), value);
    if (kind === 3) {
      const key = pick(plainKeys);
      return this.#note(key, null, connection.del(key));
    }
    if (kind === 4) return this.#increment(connection, pick(counterKeys));
    if (kind === 5) return this.#append(connection, pick(textKeys), value);
    if (kind === 6) return connection.mset((groups[0] ?? []).flatMap((key) => [key, value]));
    if (kind === 7) return this.#transaction(connection, value);
    if (kind === 8) return this.#expire(connection);
    return connection.set(`filler:${Math.floor(random() * 5000)}`, "x".repeat(100), "EX", ttlSeconds);
  }

  #set(connection: Redis, key: string, value: string): Promise<void> {
    return this.#note(key, value, connection.set(key, value));
  }

  #increment(connection: Redis, key: string): Promise<void> {
    const before = this.#history(key).states.at(-1);
    return this.#note(key, String(Number(before ?? 0) + 1), connection.incr(key));
  }

  /** Texts that have grown long begin anew. */
  #append(connection: Redis, key: string, value: string): Promise<void> {
    const before = this.#history(key).states.at(-1) ?? "";
    if (before.length > 2000) return this.#set(connection, key, value);
    return this.#note(key, before + value, connection.append(key, value));
  }

  #transaction(connection: Redis, value: string): Promise<unknown> {
    const transaction = connection.multi();
    for (const key of groups[1] ?? []) transaction.set(key, value);
    return transaction.exec();
  }

  #expire(connection: Redis): Promise<unknown> {
    const deadline = Date.now() + ttlSeconds * 1000 + this.#serial;
    this.#deadlines.push(deadline);
    return connection.set(timedKey, "x", "PXAT", deadline);
  }

  /** Another connection reads a key that is only ever set: what it saw must not be taken back under `always`. */
  async #read(connection: Redis, random: Random): Promise<void> {
    const key = plainKeys[Math.floor(random() * plainKeys.length)] ?? "";
    const history = this.#history(key);
    const value = await connection.get(key);
    const place = value === null ? -1 : history.states.lastIndexOf(value);
    if (this.#histories.get(key) === history) history.read = Math.max(history.read, place);
  }

  /** What was acknowledged before WAITAOF was sent is on the disk when it answers 1. */
  async #barrier(connection: Redis): Promise<void> {
    const covered = watchedKeys.map((key) => ({ history: this.#history(key), place: this.#history(key).acknowledged }));
    const answer = (await connection.call("WAITAOF", 1, 0, 0).catch(() => [0])) as number[];
    if (answer[0] !== 1) return;
    for (const { history, place } of covered) history.synced = Math.max(history.synced, place);
  }
}

function freshHistory(value: Value): KeyHistory {
  return { states: [value], acknowledged: 0, read: 0, synced: 0, acknowledgedAtMs: 0 };
}

function connect(port: number): Redis {
  const connection = new Redis({ host: "127.0.0.1", port, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  connection.on("error", () => {}); // the node is killed: commands in flight reject, which is all that matters
  return connection;
}
