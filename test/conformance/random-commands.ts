// Random command sequences for the differential test, from a seed. Few keys, so that commands meet; values and numbers from
// a list of those that have tripped servers up. Deadlines lie far ahead or in the past, so that no reply but a TTL or
// a count depends on when the command runs, and those are compared by kind.
import type { Comparison, StepObject } from "./conformance-case.ts";
import type { Word } from "./raw-connection.ts";

export type Random = () => number; // in [0, 1)

/** Mulberry32: 32 bits of state are enough to name a sequence. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const integers = ["0", "1", "-1", "7", "100", "-100", "9223372036854775807", "-9223372036854775808"];
const noIntegers = ["", "x", "1.5", "+1", "01", " 1", "9223372036854775808"];
const decimals = ["0.1", "-0.5", "3.0e3", "1e-10", "inf", "nan", "1e400"];
const texts = ["", "a", "hello", "\r\n", "\0", "x".repeat(45), "y".repeat(3000), "z".repeat(20_000)];
const databases = ["0", "1", "2", "16", "-1", "x"];
const relativeTimes = ["-1", "0", "9000000", "9000000000", "9223372036854775807", "x"];
const absoluteTimes = ["-1", "0", "1", "9000000000000", "9000000000001", "9223372036854775000", "x"];
const conditions = ["NX", "XX", "GT", "LT", "nope"];
const patterns = ["*", "k*", "?[12]", "k[^0]", "[", "\\k1", "*1*", ""];

export class RandomCommands {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  next(): StepObject {
    const client = this.below(4) === 0 ? 1 : 0;
    const [words, compare = "bytes"] = this.#pick(this.#makers)();
    const noisy = this.below(40) === 0 ? this.#disturb(words) : words;
    return { words: noisy, compare, client };
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  #key = (): string => `k${this.below(6)}`;
  #integer = (): string => this.#pick(this.below(5) === 0 ? noIntegers : integers);
  #decimal = (): string => this.#pick([...decimals, this.#integer()]);
  #value = (): string => this.#pick([texts, integers, decimals, noIntegers][this.below(4)] ?? texts);
  #relative = (): string => this.#pick(relativeTimes);
  #absolute = (): string => this.#pick(absoluteTimes);
  #some = <T>(make: () => T, most: number): T[] => Array.from({ length: 1 + this.below(most) }, make);
  #pairs = (): string[] => this.#some(() => [this.#key(), this.#value()], 4).flat();

  /** Leaves a word out, doubles one, or changes the command's case. */
  #disturb(words: readonly Word[]): Word[] {
    const place = this.below(words.length);
    const changed = [...words];
    const kind = this.below(3);
    if (kind === 0 && words.length > 1) changed.splice(Math.max(1, place), 1);
    else if (kind === 1) changed.splice(place, 0, words[place] as Word);
    else changed[0] = String(words[0]).toLowerCase();
    return changed;
  }

  #setOptions(): string[] {
    const options = [["NX"], ["XX"], ["GET"], ["KEEPTTL"], ["EX", this.#relative()], ["PX", this.#relative()]];
    options.push(["PXAT", this.#absolute()], ["EXAT", this.#absolute()]);
    return Array.from({ length: this.below(4) }, () => this.#pick(options)).flat();
  }

  #getExOptions(): string[] {
    const options = [[], ["PERSIST"], ["PXAT", this.#absolute()], ["EXAT", this.#absolute()], ["EX", this.#relative()]];
    return Array.from({ length: this.below(3) }, () => this.#pick(options)).flat();
  }

  readonly #strings: readonly (() => [Word[], Comparison?])[] = [
    () => [["GET", this.#key()]],
    () => [["SET", this.#key(), this.#value()]],
    () => [["SET", this.#key(), this.#value(), ...this.#setOptions()]],
    () => [["SETNX", this.#key(), this.#value()]],
    () => [[this.#pick(["SETEX", "PSETEX"]), this.#key(), this.#relative(), this.#value()]],
    () => [["GETSET", this.#key(), this.#value()]],
    () => [["GETDEL", this.#key()]],
    () => [["GETEX", this.#key(), ...this.#getExOptions()]],
    () => [["MGET", ...this.#some(this.#key, 5)]],
    () => [["MSET", ...this.#pairs()]],
    () => [["MSETNX", ...this.#pairs()]],
    () => [["APPEND", this.#key(), this.#value()]],
    () => [["STRLEN", this.#key()]],
    () => [[this.#pick(["GETRANGE", "SUBSTR"]), this.#key(), this.#integer(), this.#integer()]],
    () => [["SETRANGE", this.#key(), this.#pick(["0", "1", "10", "50000", "-1", "x", "536870912"]), this.#value()]],
    () => [[this.#pick(["INCR", "DECR"]), this.#key()]],
    () => [[this.#pick(["INCRBY", "DECRBY"]), this.#key(), this.#integer()]],
    () => [["INCRBYFLOAT", this.#key(), this.#decimal()]],
  ];

  readonly #keys: readonly (() => [Word[], Comparison?])[] = [
    () => [[this.#pick(["DEL", "UNLINK", "EXISTS", "TOUCH"]), ...this.#some(this.#key, 3)]],
    () => [[this.#pick(["RENAME", "RENAMENX"]), this.#key(), this.#key()]],
    () => [["COPY", this.#key(), this.#key(), ...this.#pick([[], ["REPLACE"], ["DB", this.#pick(databases)]])]],
    () => [["COPY", this.#key(), this.#key(), "DB", this.#pick(databases), "REPLACE"]],
    () => [["MOVE", this.#key(), this.#pick(databases)]],
    () => [["TYPE", this.#key()]],
    () => [["KEYS", this.#pick(patterns)], "set"],
    () => [["SCAN", "0", "COUNT", "100000", "MATCH", this.#pick(patterns)], "cursor"],
    () => [["DBSIZE"], "kind"], // an entry that SET stored with a past deadline counts until the server comes by
    () => [["SELECT", this.#pick(databases)]],
    () => [["SWAPDB", this.#pick(databases), this.#pick(databases)]],
    () => [this.below(10) === 0 ? [this.#pick(["FLUSHDB", "FLUSHALL"])] : ["PING"]],
  ];

  readonly #deadlines: readonly (() => [Word[], Comparison?])[] = [
    () => [[this.#pick(["EXPIRE", "PEXPIRE"]), this.#key(), this.#relative()]],
    () => [[this.#pick(["EXPIREAT", "PEXPIREAT"]), this.#key(), this.#absolute()]],
    () => [["PEXPIREAT", this.#key(), this.#absolute(), ...this.#some(() => this.#pick(conditions), 2)]],
    () => [[this.#pick(["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]), this.#key()], "kind"],
    () => [["PERSIST", this.#key()]],
  ];

  readonly #transactions: readonly (() => [Word[], Comparison?])[] = [
    () => [["MULTI"]],
    () => [["EXEC"]],
    () => [["EXEC"]],
    () => [["DISCARD"]],
    () => [["WATCH", ...this.#some(this.#key, 2)]],
    () => [["UNWATCH"]],
    () => [[this.#pick(["NOPE", "GET", "OBJECT"]), ...this.#pick([[], ["a"], ["a", "b"]])]],
  ];

  readonly #makers = [
    ...this.#strings,
    ...this.#strings,
    ...this.#keys,
    ...this.#deadlines,
    ...this.#deadlines,
    ...this.#transactions,
  ];
}
