// The only way to the addon: what C++ offers, as TypeScript sees it. One file of src/native/ for each class of the addon;
// native/addon/<name>_object.cc is its other side. Everything here is thin: arguments arrive checked, a call goes to C++, an
// error comes back as DistCacheError.
export type { Bytes } from "./native/addon.ts";
export { lockFile } from "./native/file-lock.ts";
export type { OnProgress } from "./native/job.ts";
export { type LogFormat, logFormats, type NativeBatch, NativeLog, type NativeLogOptions } from "./native/log.ts";
export {
  type CommandCounters,
  type LatencyEvent,
  type NativeBigCall,
  type NativeHotKey,
  NativeMetrics,
  type NativeSlowCall,
  type TrafficCounters,
} from "./native/metrics.ts";
export {
  checkSegment,
  encodeSegmentHeader,
  replaySegment,
  type SegmentEffect,
  type SegmentHeader,
  type SegmentOutcome,
  SegmentReader,
  type SegmentRecord,
} from "./native/segment.ts";
export {
  type Changes,
  EventKind,
  type ListenerInfo,
  NativeServer,
  type ServerEvent,
  type ServerOptions,
  type ServerState,
} from "./native/server.ts";
export {
  checkSnapshot,
  inspectSnapshot,
  loadSnapshot,
  type SnapshotBlock,
  type SnapshotEntry,
  type SnapshotInfo,
  SnapshotReader,
  writeSnapshot,
} from "./native/snapshot.ts";
export {
  type EvictionPolicy,
  evictionPolicies,
  NativeStore,
  type ScanPage,
  SetFlag,
  type StoreOptions,
  type StoreReference,
  type StoreStats,
} from "./native/store.ts";
