// A store as TypeScript sees it: native/addon/store_object.cc. Calls cost a few dozen nanoseconds, so nothing is checked
// twice: Cache fills the defaults, the addon checks the types.
import { type Bytes, loadAddon } from "./addon.ts";

export const evictionPolicies = [
  "allkeys-lru",
  "volatile-lru",
  "volatile-ttl",
  "allkeys-random",
  "noeviction",
] as const;
export type EvictionPolicy = (typeof evictionPolicies)[number];

export interface StoreOptions {
  databases: number;
  /** A power of two up to 512, or 0: the store chooses. */
  shards: number;
  /** 0 = no bound. */
  maxEntries: number;
  /** 0 = no bound. */
  maxMemoryBytes: number;
  eviction: EvictionPolicy;
}

export interface StoreStats {
  entries: number;
  entriesWithExpiry: number;
  usedBytes: number;
  peakUsedBytes: number;
  evicted: number;
  expired: number;
  hits: number;
  misses: number;
  indexSlots: number;
  indexUsed: number;
  keyBytes: number;
  valueBytes: number;
}

/** What `set` may do besides storing; added together. */
export const SetFlag = { IF_ABSENT: 1, IF_PRESENT: 2, KEEP_TTL: 4 } as const;

/** The addon's own reference to a store; keeps it alive. */
export type StoreReference = object & { readonly __brand: "store" };

/** One step of a walk over keys: where to go on (0 = done), and what was found. */
export interface ScanPage {
  cursor: number;
  keys: string[];
}

/** Exports of the addon that take a store. Deadlines are Unix milliseconds, 0 = none. */
interface StoreExports {
  /** Where small values are written that are wanted as bytes: see native/addon/environment.h. */
  scratch: Uint8Array;
  storeCreate(
    databases: number,
    shards: number,
    maxEntries: number,
    maxMemoryBytes: number,
    policy: number,
  ): StoreReference;
  storeAttach(handle: number): StoreReference;
  storeHandle(store: StoreReference): number;
  storeGet(store: StoreReference, key: Bytes, database: number): string | undefined;
  storeGetBuffer(store: StoreReference, key: Bytes, database: number): Buffer | number | undefined;
  storePeek(store: StoreReference, key: Bytes, database: number): string | undefined;
  storePeekBuffer(store: StoreReference, key: Bytes, database: number): Buffer | number | undefined;
  storeSet(
    store: StoreReference,
    key: Bytes,
    value: Bytes,
    expiresAtMs: number,
    database: number,
    flags: number,
  ): boolean;
  storeGetMany(store: StoreReference, keys: readonly Bytes[], database: number): (string | undefined)[];
  storeSetMany(store: StoreReference, keysAndValues: readonly Bytes[], expiresAtMs: number, database: number): void;
  storeHas(store: StoreReference, key: Bytes, database: number): boolean;
  storeRemove(store: StoreReference, key: Bytes, database: number): boolean;
  storeExpiresAt(store: StoreReference, key: Bytes, database: number): number | undefined;
  storeExpire(store: StoreReference, key: Bytes, expiresAtMs: number, database: number): boolean;
  storeIncrement(store: StoreReference, key: Bytes, by: number, database: number): number;
  storeScan(store: StoreReference, cursor: number, count: number, database: number, pattern: string): ScanPage;
  storeEntryCount(store: StoreReference, database: number): number;
  storeEntryCountWithExpiry(store: StoreReference, database: number): number;
  storeFlush(store: StoreReference, database: number): void;
  storeFlushAll(store: StoreReference): void;
  storeSweep(store: StoreReference, maxEntries: number): number;
  storeSetBounds(store: StoreReference, maxEntries: number, maxMemoryBytes: number, policy: number): void;
  storeRefuseWrites(store: StoreReference, refuses: boolean): void;
  storeStats(store: StoreReference): StoreStats;
}

/** A store. Reads answer undefined for a key that is missing or expired. Several of these may stand for one store. */
export class NativeStore {
  readonly reference: StoreReference;
  readonly #addon: StoreExports;
  readonly #scratch: Buffer;

  private constructor(addon: StoreExports, reference: StoreReference) {
    this.#addon = addon;
    this.reference = reference;
    this.#scratch = Buffer.from(addon.scratch.buffer);
  }

  static create(options: StoreOptions): NativeStore {
    const addon = loadAddon<StoreExports>();
    const { databases, shards, maxEntries, maxMemoryBytes, eviction } = options;
    const policy = evictionPolicies.indexOf(eviction);
    return new NativeStore(addon, addon.storeCreate(databases, shards, maxEntries, maxMemoryBytes, policy));
  }

  /** The store behind a handle, from any thread of the process. NOT_FOUND when it is gone. */
  static attach(handle: number): NativeStore {
    const addon = loadAddon<StoreExports>();
    return new NativeStore(addon, addon.storeAttach(handle));
  }

  /** A number that names this store in the process, for `attach`; it keeps nothing alive. */
  handle(): number {
    return this.#addon.storeHandle(this.reference);
  }

  get(key: Bytes, database: number): string | undefined {
    return this.#addon.storeGet(this.reference, key, database);
  }

  getBuffer(key: Bytes, database: number): Buffer | undefined {
    const found = this.#addon.storeGetBuffer(this.reference, key, database);
    return typeof found === "number" ? this.#copyFromScratch(found) : found;
  }

  /** As get, but recency and the hit counters stay as they are. */
  peek(key: Bytes, database: number): string | undefined {
    return this.#addon.storePeek(this.reference, key, database);
  }

  peekBuffer(key: Bytes, database: number): Buffer | undefined {
    const found = this.#addon.storePeekBuffer(this.reference, key, database);
    return typeof found === "number" ? this.#copyFromScratch(found) : found;
  }

  /** False when a flag's condition did not hold. OUT_OF_MEMORY when a bound is reached and nothing may be evicted. */
  set(key: Bytes, value: Bytes, expiresAtMs: number, database: number, flags: number): boolean {
    return this.#addon.storeSet(this.reference, key, value, expiresAtMs, database, flags);
  }

  getMany(keys: readonly Bytes[], database: number): (string | undefined)[] {
    return this.#addon.storeGetMany(this.reference, keys, database);
  }

  /** Stores key, value, key, value ... as one write. */
  setMany(keysAndValues: readonly Bytes[], expiresAtMs: number, database: number): void {
    this.#addon.storeSetMany(this.reference, keysAndValues, expiresAtMs, database);
  }

  has(key: Bytes, database: number): boolean {
    return this.#addon.storeHas(this.reference, key, database);
  }

  remove(key: Bytes, database: number): boolean {
    return this.#addon.storeRemove(this.reference, key, database);
  }

  /** The key's deadline, 0 without one. */
  expiresAt(key: Bytes, database: number): number | undefined {
    return this.#addon.storeExpiresAt(this.reference, key, database);
  }

  /** Sets the deadline; 0 takes it away. False when the key is missing. */
  expire(key: Bytes, expiresAtMs: number, database: number): boolean {
    return this.#addon.storeExpire(this.reference, key, expiresAtMs, database);
  }

  /** NOT_AN_INTEGER when the value is none, or the sum is beyond what a number holds exactly. */
  increment(key: Bytes, by: number, database: number): number {
    return this.#addon.storeIncrement(this.reference, key, by, database);
  }

  scan(cursor: number, count: number, database: number, pattern: string): ScanPage {
    return this.#addon.storeScan(this.reference, cursor, count, database, pattern);
  }

  entryCount(database: number): number {
    return this.#addon.storeEntryCount(this.reference, database);
  }

  entryCountWithExpiry(database: number): number {
    return this.#addon.storeEntryCountWithExpiry(this.reference, database);
  }

  flush(database: number): void {
    this.#addon.storeFlush(this.reference, database);
  }

  flushAll(): void {
    this.#addon.storeFlushAll(this.reference);
  }

  /** Removes up to so many expired entries; answers how many were looked at. */
  sweep(maxEntries: number): number {
    return this.#addon.storeSweep(this.reference, maxEntries);
  }

  setBounds(maxEntries: number, maxMemoryBytes: number, eviction: EvictionPolicy): void {
    this.#addon.storeSetBounds(this.reference, maxEntries, maxMemoryBytes, evictionPolicies.indexOf(eviction));
  }

  /** From now on writes of this process's programs throw WRITES_REFUSED, as clients get -MISCONF. */
  refuseWrites(refuses: boolean): void {
    this.#addon.storeRefuseWrites(this.reference, refuses);
  }

  stats(): StoreStats {
    return this.#addon.storeStats(this.reference);
  }

  #copyFromScratch(sizeBytes: number): Buffer {
    const copy = Buffer.allocUnsafe(sizeBytes);
    this.#scratch.copy(copy, 0, 0, sizeBytes);
    return copy;
  }
}
