// The library's cache: a store inside this process, or the store of a node, with plain strings and Buffers. Arguments are
// checked here and in the addon; every call is synchronous and safe from any thread that attached.
import { DistCacheError } from "./base/errors.ts";
import { type KeepingOptions, type KeptStore, keepStore } from "./cache/kept-store.ts";
import { sweepWhileNeeded } from "./cache/sweeping.ts";
import type { StoreBounds } from "./durability/native-engine.ts";
import { type Bytes, type EvictionPolicy, evictionPolicies, NativeStore, SetFlag, type StoreStats } from "./native.ts";

export interface CacheOptions {
  /** Most entries held; beyond it `eviction` decides. 0: no bound. Default: 10000. */
  maxEntries?: number;
  /** Most memory allocated, all of it counted. 0: no bound, the default. */
  maxMemoryBytes?: number;
  /** What makes room when a bound is reached. Default: allkeys-lru. */
  eviction?: EvictionPolicy;
  /** Databases 0 to databases - 1, for `attach`. Default: 1. */
  databases?: number;
}

/** When an entry goes by itself: after a time, or at one (Unix milliseconds). */
export interface ExpiryOptions {
  ttlMs?: number;
  expiresAtMs?: number;
}

export interface SetOptions extends ExpiryOptions {
  /** Only when the key is missing. */
  ifAbsent?: boolean;
  /** Only when the key is there. */
  ifPresent?: boolean;
  /** The deadline of the old value stays. */
  keepTtl?: boolean;
}

/** Entries for `mset`: pairs, a Map, or an object. */
export type Entries = Iterable<readonly [Bytes, Bytes]> | Readonly<Record<string, Bytes>>;

const keysPerPage = 512;

export class Cache {
  readonly #store: NativeStore;
  readonly #database: number;
  readonly #isSwept: boolean;
  readonly #kept: Keeping;

  /** Makes a private store with these bounds. */
  constructor(options: CacheOptions = {}) {
    const opened = options instanceof Opened ? options : new Opened(createStore(options), 0, false, {});
    this.#store = opened.store;
    this.#database = opened.database;
    this.#isSwept = opened.isSwept;
    this.#kept = opened.kept;
  }

  /** A private store whose data is kept in a directory: what that holds is there when this resolves. */
  static async open(options: CacheOptions & KeepingOptions): Promise<Cache> {
    const store = createStore(options);
    return new Cache(new Opened(store, 0, false, await keepStore(store, boundsOf(options), options)) as CacheOptions);
  }

  /** The cache over a store that a part of this project owns. `isSwept`: its owner removes expired entries. */
  static over(store: NativeStore, database: number, isSwept: boolean, kept: Keeping = {}): Cache {
    return new Cache(new Opened(store, database, isSwept, kept) as CacheOptions);
  }

  /** The same store from another thread of this process, by what `handle()` gave there. */
  static attach(handle: number, options: { database?: number } = {}): Cache {
    const { database = 0 } = options;
    requireWhole("database", database, 0);
    return Cache.over(NativeStore.attach(handle), database, false);
  }

  /** A number that names this cache's store in this process. It keeps the store alive no longer than the caches do. */
  handle(): number {
    return this.#store.handle();
  }

  /** The value as a string (UTF-8), undefined when the key is missing or expired. */
  get(key: Bytes): string | undefined {
    return this.#store.get(key, this.#database);
  }

  getBuffer(key: Bytes): Buffer | undefined {
    return this.#store.getBuffer(key, this.#database);
  }

  /** As get, but recency and the hit counters stay as they are. */
  peek(key: Bytes): string | undefined {
    return this.#store.peek(key, this.#database);
  }

  peekBuffer(key: Bytes): Buffer | undefined {
    return this.#store.peekBuffer(key, this.#database);
  }

  /** False when `ifAbsent` or `ifPresent` did not hold. Without options an old value's deadline goes. */
  set(key: Bytes, value: Bytes, options?: SetOptions): boolean {
    if (options === undefined) return this.#store.set(key, value, 0, this.#database, 0);
    const flags =
      (options.ifAbsent === true ? SetFlag.IF_ABSENT : 0) |
      (options.ifPresent === true ? SetFlag.IF_PRESENT : 0) |
      (options.keepTtl === true ? SetFlag.KEEP_TTL : 0);
    return this.#store.set(key, value, this.#deadline(options), this.#database, flags);
  }

  /** The values of several keys at one moment, in the order of the keys. */
  mget(keys: readonly Bytes[]): (string | undefined)[] {
    return this.#store.getMany(keys, this.#database);
  }

  /** Stores all entries as one write: no reader sees a part of them. */
  mset(entries: Entries, options: ExpiryOptions = {}): void {
    const pairs = isIterable(entries) ? entries : Object.entries(entries);
    const keysAndValues: Bytes[] = [];
    for (const [key, value] of pairs) keysAndValues.push(key, value);
    this.#store.setMany(keysAndValues, this.#deadline(options), this.#database);
  }

  has(key: Bytes): boolean {
    return this.#store.has(key, this.#database);
  }

  /** Whether the key was there. */
  delete(key: Bytes): boolean {
    return this.#store.remove(key, this.#database);
  }

  /** Milliseconds left; Infinity without a deadline, undefined when the key is missing. */
  ttl(key: Bytes): number | undefined {
    const expiresAtMs = this.#store.expiresAt(key, this.#database);
    if (expiresAtMs === undefined) return undefined;
    return expiresAtMs === 0 ? Number.POSITIVE_INFINITY : Math.max(0, expiresAtMs - Date.now());
  }

  /** Sets when the key goes; false when it is missing. */
  expire(key: Bytes, ttlMs: number): boolean {
    return this.#store.expire(key, this.#deadline({ ttlMs }), this.#database);
  }

  /** Takes the deadline away; false when the key is missing. */
  persist(key: Bytes): boolean {
    return this.#store.expire(key, 0, this.#database);
  }

  /** Adds to a whole number, 0 when the key is missing; the deadline stays. NOT_AN_INTEGER for any other value. */
  incr(key: Bytes, by = 1): number {
    return this.#store.increment(key, by, this.#database);
  }

  decr(key: Bytes, by = 1): number {
    return this.incr(key, -by);
  }

  /**
   * Keys that match a glob pattern, page by page, so that a walk over millions holds nothing up. A key that is there
   * throughout comes at least once; one that comes or goes meanwhile may or may not.
   */
  *keys(pattern = "*"): Generator<string, void, undefined> {
    let cursor = 0;
    do {
      const page = this.#store.scan(cursor, keysPerPage, this.#database, pattern);
      yield* page.keys;
      cursor = page.cursor;
    } while (cursor !== 0);
  }

  /** Number of entries, those that expired but were not touched since counted in. */
  get size(): number {
    return this.#store.entryCount(this.#database);
  }

  clear(): void {
    this.#store.flush(this.#database);
  }

  stats(): StoreStats {
    return this.#store.stats();
  }

  /**
   * Resolves when everything written before the call is on stable storage, whatever the sync policy. Rejects with WRITES_REFUSED
   * when the disk fails, and with INVALID_ARGUMENT for a cache without a log.
   */
  async durable(): Promise<void> {
    if (this.#kept.durable !== undefined) return this.#kept.durable();
    throw new DistCacheError(
      "INVALID_ARGUMENT",
      "this cache is in memory alone: Cache.open makes one that keeps its data",
    );
  }

  /** Takes a snapshot of a cache that was opened; resolves when it is on stable storage. */
  async save(): Promise<void> {
    if (this.#kept.save !== undefined) return this.#kept.save();
    throw new DistCacheError("INVALID_ARGUMENT", "only a cache that Cache.open made takes snapshots");
  }

  /** Ends the keeping of a cache that was opened: all is written out, and the directory is free. Later writes are not kept. */
  async close(): Promise<void> {
    await this.#kept.close?.();
  }

  #deadline({ ttlMs, expiresAtMs }: ExpiryOptions): number {
    if (ttlMs === undefined && expiresAtMs === undefined) return 0;
    if (ttlMs !== undefined && expiresAtMs !== undefined) {
      throw new DistCacheError("INVALID_ARGUMENT", "ttlMs and expiresAtMs are both given; allowed: one of them");
    }
    if (!this.#isSwept) sweepWhileNeeded(this.#store);
    return ttlMs === undefined ? requireDeadline(expiresAtMs) : deadlineAfter(ttlMs);
  }
}

/** What stands behind durable, save and close; nothing for a cache in memory alone. */
type Keeping = Partial<KeptStore>;

/** What `Cache.over` passes through the constructor. */
class Opened {
  readonly store: NativeStore;
  readonly database: number;
  readonly isSwept: boolean;
  readonly kept: Keeping;

  constructor(store: NativeStore, database: number, isSwept: boolean, kept: Keeping) {
    this.store = store;
    this.database = database;
    this.isSwept = isSwept;
    this.kept = kept;
  }
}

function boundsOf({ maxEntries = 10_000, maxMemoryBytes = 0, eviction = "allkeys-lru" }: CacheOptions): StoreBounds {
  return { maxEntries, maxMemoryBytes, eviction };
}

function createStore(options: CacheOptions): NativeStore {
  const { maxEntries, maxMemoryBytes, eviction } = boundsOf(options);
  const { databases = 1 } = options;
  requireWhole("maxEntries", maxEntries, 0);
  requireWhole("maxMemoryBytes", maxMemoryBytes, 0);
  requireWhole("databases", databases, 1);
  if (!evictionPolicies.includes(eviction)) {
    const allowed = evictionPolicies.join(", ");
    throw new DistCacheError(
      "INVALID_ARGUMENT",
      `eviction: ${JSON.stringify(eviction)} is not allowed; allowed: ${allowed}`,
    );
  }
  return NativeStore.create({ databases, shards: 0, maxEntries, maxMemoryBytes, eviction });
}

function requireWhole(name: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new DistCacheError(
    "INVALID_ARGUMENT",
    `${name}: ${String(value)} is not allowed; allowed: a whole number from ${min}`,
  );
}

/** A fraction of a millisecond counts as a whole one, so that no entry goes early. */
function deadlineAfter(ttlMs: number): number {
  if (ttlMs === Number.POSITIVE_INFINITY) return 0;
  if (typeof ttlMs !== "number" || !(ttlMs > 0) || ttlMs > Number.MAX_SAFE_INTEGER / 2) {
    throw new DistCacheError("INVALID_ARGUMENT", `ttlMs: ${String(ttlMs)} is not allowed; allowed: a number above 0`);
  }
  return Date.now() + Math.ceil(ttlMs);
}

function requireDeadline(expiresAtMs: number | undefined): number {
  if (Number.isSafeInteger(expiresAtMs) && Number(expiresAtMs) > 0) return Number(expiresAtMs);
  throw new DistCacheError(
    "INVALID_ARGUMENT",
    `expiresAtMs: ${String(expiresAtMs)} is not allowed; allowed: Unix time in whole milliseconds`,
  );
}

function isIterable(entries: Entries): entries is Iterable<readonly [Bytes, Bytes]> {
  return Symbol.iterator in entries;
}
