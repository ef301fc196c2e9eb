// What a program that uses DistCache sees.
export { DistCacheError, type ErrorCode } from "./base/errors.ts";
export type { EvictionPolicy, StoreStats } from "./native.ts";
