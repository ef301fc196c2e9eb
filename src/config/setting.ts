// What a setting is, and the kinds there are. A kind knows how to read text (environment, flag, CONFIG SET), how to check
// a value given by a program, how to print a value, and how to say in words what is allowed.

/** How a row of the table describes itself; the kind adds the rest. */
export interface SettingFacts {
  /** Name in the environment: CACHE_SIZE. */
  name: string;
  /** Flag of `distcache serve` without the dashes; derived from the name when absent: cache-size. */
  flag?: string;
  /** Name in CONFIG GET and SET where Redis has the same setting; otherwise the flag's name is used there. */
  redisName?: string;
  /** Unit in words for documentation: "entries", "bytes". */
  unit?: string;
  /** One or two sentences for --help and docs/configuration.md. */
  meaning: string;
  /** May be changed by CONFIG SET while the node runs. */
  isMutable?: boolean;
  /** Its value never appears in messages, in the log or over HTTP; CONFIG GET shows it, as Redis does. */
  isSecret?: boolean;
  /** How the default reads in documentation when it is computed. */
  defaultText?: string;
}

export interface Setting<T> extends SettingFacts {
  readonly flag: string;
  readonly default: T;
  /** What an empty value means; absent: an empty value is refused. */
  readonly off?: { readonly value: T };
  /** What is allowed, in words that fit behind "allowed: ". */
  readonly allowed: string;
  /** What CONFIG SET answers for a text that is not allowed: Redis's words where it has the same kind of setting. */
  readonly complaint: string;
  /** The value a text stands for; undefined when it is none. */
  parse(text: string): T | undefined;
  /** Whether a value given by a program is allowed. */
  isValid(value: unknown): value is T;
  /** As CONFIG GET shows it. */
  print(value: T): string;
}

type Row<T> = SettingFacts & { default: T; off?: T };

interface Kind<T> {
  allowed: string;
  complaint?: string;
  parse(text: string): T | undefined;
  isValid(value: unknown): value is T;
  print?(value: T): string;
}

function setting<T>(row: Row<T>, kind: Kind<T>): Setting<T> {
  const { off, ...facts } = row;
  return {
    print: String,
    complaint: `argument must be ${kind.allowed}`,
    ...facts,
    flag: row.flag ?? row.name.toLowerCase().replaceAll("_", "-"),
    ...("off" in row ? { off: { value: off as T } } : {}),
    ...kind,
  };
}

/** A whole number from min to max. */
export function integer(row: Row<number> & { min: number; max: number }): Setting<number> {
  const { min, max, ...facts } = row;
  const isValid = (value: unknown): value is number =>
    Number.isSafeInteger(value) && isWithin(value as number, min, max);
  return setting(facts, {
    allowed: max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`,
    complaint: `argument must be between ${min} and ${max} inclusive`,
    parse: (text) => checked(/^-?\d+$/.test(text) ? Number(text) : undefined, isValid),
    isValid,
  });
}

/** A whole number from min to max, or none: undefined, which is what an empty text stands for. */
export function optionalInteger(
  row: Row<number | undefined> & { min: number; max: number; allowed?: string },
): Setting<number | undefined> {
  const { min, max, allowed = `a whole number from ${min} to ${max}, or empty for none`, ...facts } = row;
  const number = integer({ ...facts, default: row.default ?? min, off: min, min, max });
  const isValid = (value: unknown): value is number | undefined => value === undefined || number.isValid(value);
  const print = (value: number | undefined) => (value === undefined ? "" : String(value));
  return setting<number | undefined>({ ...facts, off: undefined }, { allowed, parse: number.parse, isValid, print });
}

/** Bytes: a number, alone or with a unit as Redis writes it (k, kb, m, mb, g, gb: kb is 1024, k is 1000). */
export function bytes(row: Row<number> & { min: number; max?: number }): Setting<number> {
  const { min, max = Number.MAX_SAFE_INTEGER, ...facts } = row;
  const isValid = (value: unknown): value is number =>
    Number.isSafeInteger(value) && isWithin(value as number, min, max);
  const upTo = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`;
  return setting(
    { unit: "bytes", ...facts },
    {
      allowed: `bytes from ${min}${upTo}, such as 1048576, 64mb or 2gb`,
      complaint: "argument must be a memory value",
      parse: (text) => checked(parseBytes(text), isValid),
      isValid,
    },
  );
}

/** One of a few words. */
export function choice<const T extends string>(row: Row<T> & { choices: readonly T[] }): Setting<T> {
  const { choices, ...facts } = row;
  const isValid = (value: unknown): value is T => choices.includes(value as T);
  return setting<T>(facts, {
    allowed: choices.join(", "),
    complaint: `argument(s) must be one of the following: ${choices.join(", ")}`,
    parse: (text) => checked(text.toLowerCase(), isValid),
    isValid,
  });
}

/** yes or no. */
export function toggle(row: Row<boolean>): Setting<boolean> {
  return setting(
    { off: false, ...row },
    {
      allowed: "yes or no",
      complaint: "argument must be 'yes' or 'no'",
      parse: (text) => truths[text.toLowerCase()],
      isValid: (value): value is boolean => typeof value === "boolean",
      print: (value) => (value ? "yes" : "no"),
    },
  );
}

/** Text, optionally of a form. Undefined stands for none. */
export function text<D extends string | undefined>(
  row: Row<D> & { pattern?: RegExp; allowed?: string; maxLength?: number },
): Setting<string | Extract<D, undefined>> {
  type T = string | Extract<D, undefined>;
  const { pattern = /^[^\0]*$/s, allowed = "any text", maxLength = 4096, ...facts } = row;
  const isValid = (value: unknown): value is T =>
    (value === undefined && ("off" in row || row.default === undefined)) ||
    (typeof value === "string" && value.length <= maxLength && pattern.test(value));
  return setting<T>(facts as Row<T>, {
    allowed,
    parse: (value) => checked(value, isValid),
    isValid,
    print: (value) => value ?? "",
  });
}

const truths: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  on: true,
  1: true,
  no: false,
  false: false,
  off: false,
  0: false,
};

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
};

/** The number of bytes a text such as 64mb stands for. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+)([a-z]*)$/i.exec(text);
  const unit = unitBytes[match?.[2]?.toLowerCase() ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

function checked<T>(value: unknown, isValid: (value: unknown) => value is T): T | undefined {
  return isValid(value) ? value : undefined;
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
