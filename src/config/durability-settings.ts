// Settings of what a node keeps on disk: the data directory, the log, snapshots.
import { bytes, choice, integer, text, toggle } from "./setting.ts";

const baseName = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
  allowed: "a file name without directories: 1 to 100 letters, digits, dots, dashes and underscores; or empty for none",
};

export const durabilitySettings = {
  dataDir: text({
    name: "DATA_DIR",
    redisName: "dir",
    default: "data" as string | undefined,
    off: undefined,
    defaultText: "./data; none for a node that a program creates without it",
    maxLength: 4000,
    allowed: "a path, or empty to keep nothing on disk",
    meaning: "Directory of the nodes' data: this node's files lie in DATA_DIR/NODE_ID. Empty: a cache in memory alone.",
  }),
  walFile: text({
    ...baseName,
    name: "WAL_FILE",
    redisName: "appendfilename",
    default: "distcache" as string | undefined,
    off: undefined,
    meaning: "Base name of the segments of the write-ahead log. Empty: no log.",
  }),
  snapshotFile: text({
    ...baseName,
    name: "SNAPSHOT_FILE",
    redisName: "dbfilename",
    default: "distcache" as string | undefined,
    off: undefined,
    meaning:
      "Base name of the snapshots. Empty: none but what keeps the log short. With WAL_FILE empty too, nothing is kept.",
  }),
  walFormat: choice({
    name: "WAL_FORMAT",
    default: "binary",
    choices: ["binary", "text"],
    meaning: "Format of new segments: binary, or text for grep and tail at some cost. A start reads both.",
  }),
  walFsync: choice({
    name: "WAL_FSYNC",
    redisName: "appendfsync",
    default: "everysec",
    choices: ["always", "everysec", "no"],
    isMutable: true,
    meaning:
      "When the log is synced: before each reply, in groups (always), every second (everysec), or when the system likes (no). docs/consistency.md says what each can lose.",
  }),
  walSegmentBytes: bytes({
    name: "WAL_SEGMENT_BYTES",
    default: 64 * 1024 ** 2,
    min: 4096,
    isMutable: true,
    meaning: "Size at which a segment of the log is followed by a new one.",
  }),
  walBufferBytes: bytes({
    name: "WAL_BUFFER_BYTES",
    default: 16 * 1024 ** 2,
    min: 65_536,
    max: 2 ** 40,
    meaning: "Most memory for records on their way to the log; when it is full, clients that write wait.",
  }),
  walGrowthPercent: integer({
    name: "WAL_GROWTH_PERCENT",
    redisName: "auto-aof-rewrite-percentage",
    unit: "percent",
    default: 100,
    off: 0,
    min: 0,
    max: 1_000_000,
    isMutable: true,
    meaning:
      "A snapshot is taken when the log has grown by this part of the last one's size. 0 or empty: never for that.",
  }),
  walGrowthMinBytes: bytes({
    name: "WAL_GROWTH_MIN_BYTES",
    redisName: "auto-aof-rewrite-min-size",
    default: 64 * 1024 ** 2,
    min: 0,
    isMutable: true,
    meaning: "A log that grew by less than this is left alone by WAL_GROWTH_PERCENT.",
  }),
  snapshotIntervalS: integer({
    name: "SNAPSHOT_INTERVAL_S",
    unit: "seconds",
    default: 300,
    off: 0,
    min: 0,
    max: 31_536_000,
    isMutable: true,
    meaning:
      "A snapshot is taken this long after the last one, when anything was written since. 0 or empty: never for that.",
  }),
  snapshotAfterWrites: integer({
    name: "SNAPSHOT_AFTER_WRITES",
    unit: "writes",
    default: 1_000_000,
    off: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    isMutable: true,
    meaning:
      "A snapshot is taken after this many writes, but so that at most a fifth of the time goes into them. 0 or empty: never for that.",
  }),
  stopWritesOnSnapshotError: toggle({
    name: "STOP_WRITES_ON_SNAPSHOT_ERROR",
    redisName: "stop-writes-on-bgsave-error",
    default: true,
    isMutable: true,
    meaning:
      "Refuse writes from a snapshot that could not be written until one that could, where snapshots are scheduled.",
  }),
};
