// What a program that uses DistCache sees.
export type { Clock } from "./base/clock.ts";
export { DistCacheError, type ErrorCode } from "./base/errors.ts";
export type { Logger, LogLevel } from "./base/logger.ts";
export type { KeepingOptions } from "./cache/kept-store.ts";
export { Cache, type CacheOptions, type Entries, type ExpiryOptions, type SetOptions } from "./cache.ts";
export type { Config, ConfigOptions } from "./config/schema.ts";
export type * from "./dashboard/api-types.ts";
export type { Bytes, EvictionPolicy, StoreStats } from "./native.ts";
export { createNode, type Node, type NodeOptions } from "./node.ts";
export type { Addresses } from "./server/node-server.ts";
