// Every operation in every state of a cache: the outcome is known in advance, and the store stays usable.
import { describe, expect, test } from "vitest";
import { NativeStore } from "../../src/native.ts";

const present = "present";
const other = "other";

function newStore(maxEntries = 0, eviction: "noeviction" | "allkeys-lru" = "noeviction"): NativeStore {
  return NativeStore.create({ databases: 2, shards: 0, maxEntries, maxMemoryBytes: 0, eviction });
}

function filled(store: NativeStore): NativeStore {
  store.set(present, "5", 0, 0, 0);
  return store;
}

/** What became of an operation: a value, or the code of its error. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const states: Record<string, () => NativeStore> = {
  empty: () => newStore(),
  filled: () => filled(newStore()),
  expired: () => {
    const store = newStore();
    store.set(present, "5", 1, 0, 0);
    return store;
  },
  "full without eviction": () => filled(newStore(1)),
  "full with eviction": () => filled(newStore(1, "allkeys-lru")),
  "refusing writes": () => {
    const store = filled(newStore());
    store.refuseWrites(true);
    return store;
  },
  "attached, its maker gone": () => NativeStore.attach(filled(newStore()).handle()),
};

type Operation = (store: NativeStore) => unknown;
const operations: Record<string, Operation> = {
  get: (store) => store.get(present, 0),
  peek: (store) => store.peek(present, 0),
  getMany: (store) => store.getMany([present, other], 0).join(),
  has: (store) => store.has(present, 0),
  expiresAt: (store) => store.expiresAt(present, 0),
  "set an old key": (store) => store.set(present, "6", 0, 0, 0),
  "set a new key": (store) => store.set(other, "6", 0, 0, 0),
  setMany: (store) => store.setMany([present, "1", other, "2"], 0, 0),
  increment: (store) => store.increment(present, 1, 0),
  remove: (store) => store.remove(present, 0),
  expire: (store) => store.expire(present, Date.now() + 60_000, 0),
  flush: (store) => store.flush(0),
  flushAll: (store) => store.flushAll(),
  sweep: (store) => typeof store.sweep(10),
  scan: (store) => store.scan(0, 10, 0, "*").keys.length,
};

const whenPresent = {
  get: "5",
  peek: "5",
  getMany: "5,",
  has: true,
  expiresAt: 0,
  "set an old key": true,
  "set a new key": true,
  setMany: undefined,
  increment: 6,
  remove: true,
  expire: true,
  flush: undefined,
  flushAll: undefined,
  sweep: "number",
  scan: 1,
};

const whenMissing = {
  ...whenPresent,
  get: undefined,
  peek: undefined,
  getMany: ",",
  has: false,
  expiresAt: undefined,
  increment: 1,
  remove: false,
  expire: false,
  scan: 0,
};

const refused = "WRITES_REFUSED";
const expected: Record<string, Record<string, unknown>> = {
  empty: whenMissing,
  filled: whenPresent,
  expired: whenMissing,
  "full without eviction": { ...whenPresent, "set a new key": "OUT_OF_MEMORY", setMany: "OUT_OF_MEMORY" },
  "full with eviction": { ...whenPresent, setMany: "OUT_OF_MEMORY" },
  "refusing writes": {
    ...whenPresent,
    "set an old key": refused,
    "set a new key": refused,
    setMany: refused,
    increment: refused,
    remove: refused,
    expire: refused,
    flush: refused,
    flushAll: refused,
  },
  "attached, its maker gone": whenPresent,
};

describe.each(Object.keys(states))("%s", (state) => {
  test.each(Object.keys(operations))("%s", (operation) => {
    const store = (states[state] as () => NativeStore)();
    expect(outcome(() => (operations[operation] as Operation)(store))).toEqual(expected[state]?.[operation]);
    store.refuseWrites(false);
    store.flushAll();
    expect(store.set("after", "x", 0, 0, 0)).toBe(true);
    expect(store.get("after", 0)).toBe("x");
  });
});
