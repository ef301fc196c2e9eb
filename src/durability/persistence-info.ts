// INFO persistence: Redis's field names where they mean the same, and a few of its own.
import type { InfoField } from "../commands/info.ts";
import type { Durability } from "./durability.ts";
import type { DurabilityStatus, LoadingStatus, LogStatus, SnapshotStatus } from "./durability-status.ts";

const wholeSeconds = (ms: number | undefined): number => (ms === undefined || ms < 0 ? -1 : Math.round(ms / 1000));
const status = (isFine: boolean): string => (isFine ? "ok" : "err");

/** The fields of a node; `durability` is undefined when it keeps nothing on disk. */
export function persistenceFields(durability: Durability | undefined, startedAtMs: number, nowMs: number): InfoField[] {
  const now = durability?.status();
  return [
    ["loading", Number(now?.loading !== undefined)],
    ["async_loading", 0],
    ...(now?.loading === undefined ? [] : loadingFields(now.loading, nowMs)),
    ...snapshotFields(now?.snapshot, startedAtMs),
    ["aof_enabled", Number(now?.log !== undefined)],
    ...rewriteFields(now?.log),
    ...(now?.log === undefined ? [] : logFields(now.log)),
    ...(now === undefined ? [] : ownFields(now)),
  ];
}

function loadingFields({ doneBytes, totalBytes, startedAtMs }: LoadingStatus, nowMs: number): InfoField[] {
  const part = totalBytes === 0 ? 0 : doneBytes / totalBytes;
  const leftS = part === 0 ? 1 : Math.ceil(((nowMs - startedAtMs) * (1 - part)) / part / 1000);
  return [
    ["loading_start_time", Math.floor(startedAtMs / 1000)],
    ["loading_total_bytes", totalBytes],
    ["loading_loaded_bytes", doneBytes],
    ["loading_loaded_perc", (part * 100).toFixed(2)],
    ["loading_eta_seconds", leftS],
  ];
}

function snapshotFields(snapshot: SnapshotStatus | undefined, startedAtMs: number): InfoField[] {
  const isSaving = snapshot?.isWriting === true;
  return [
    ["rdb_changes_since_last_save", snapshot?.writesSince ?? 0],
    ["rdb_bgsave_in_progress", Number(isSaving)],
    ["rdb_last_save_time", Math.floor((snapshot?.lastEndedAtMs ?? startedAtMs) / 1000)],
    ["rdb_last_bgsave_status", status(snapshot?.lastError === undefined)],
    [
      "rdb_last_bgsave_time_sec",
      snapshot === undefined || snapshot.taken === 0 ? -1 : wholeSeconds(snapshot.lastDurationMs),
    ],
    ["rdb_current_bgsave_time_sec", wholeSeconds(snapshot?.writingForMs)],
    ["rdb_saves", snapshot?.taken ?? 0],
  ];
}

function rewriteFields(log: LogStatus | undefined): InfoField[] {
  return [
    ["aof_rewrite_in_progress", Number(log?.isRewriting === true)],
    ["aof_rewrite_scheduled", Number(log?.isRewriteScheduled === true)],
    ["aof_last_rewrite_time_sec", wholeSeconds(log?.lastRewriteMs)],
    ["aof_current_rewrite_time_sec", -1],
    ["aof_last_bgrewrite_status", status(log?.lastRewriteFailed !== true)],
    ["aof_rewrites", log?.rewrites ?? 0],
    ["aof_last_write_status", status(log === undefined || log.state !== "failed")],
  ];
}

function logFields(log: LogStatus): InfoField[] {
  return [
    ["aof_current_size", log.sizeBytes],
    ["aof_buffer_length", log.pendingBytes],
    ["aof_pending_bio_fsync", Number(log.unsyncedForMs !== undefined)],
    ["aof_delayed_fsync", log.slowSyncs],
    ["wal_format", log.format],
    ["wal_fsync", log.policy],
    ["wal_last_sequence", log.lastSequence],
    ["wal_written_sequence", log.writtenSequence],
    ["wal_synced_sequence", log.syncedSequence],
    ["wal_segment_bytes", log.segmentBytes],
    ["wal_written_bytes", log.writtenBytes],
    ["wal_batches", log.batches],
    ["wal_syncs", log.syncs],
    ["wal_last_sync_ms", Math.round(log.lastSyncMs)],
    ["wal_failures", log.failures],
  ];
}

function ownFields({ isHealthy, refusesWrites, recovery, snapshot }: DurabilityStatus): InfoField[] {
  return [
    ["durability_healthy", Number(isHealthy)],
    ["durability_refuses_writes", Number(refusesWrites)],
    ["snapshot_last_size_bytes", snapshot?.lastSizeBytes ?? 0],
    ["snapshot_failures", snapshot?.failures ?? 0],
    ["snapshot_disposed_files", snapshot?.disposedFiles ?? 0],
    ["recovery_snapshot_entries", recovery?.snapshot?.entries ?? 0],
    ["recovery_records", recovery?.records ?? 0],
    ["recovery_dropped_bytes", recovery?.droppedBytes ?? 0],
    ["recovery_damaged_snapshots", recovery?.damagedSnapshots ?? 0],
  ];
}
