// Writes a snapshot of a store that goes on serving: no fork, no second copy. Walks all shards in short locked steps and
// appends every record that was logged meanwhile (snapshot/format.h says why that is exact).
//
// Runs on the caller's thread, which must not be one that serves: it waits for the disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/status.h"
#include "snapshot/format.h"
#include "store/store.h"
#include "wal/log_buffer.h"

namespace distcache::snapshot {

struct SnapshotInfo {
  uint16_t version = kFormatVersion;
  wal::LogId log_id{};
  SnapshotId snapshot_id{};
  uint64_t first_sequence = 0;  // S0
  uint64_t last_sequence = 0;   // S1
  int64_t started_at_ms = 0;
  int64_t finished_at_ms = 0;
  uint32_t databases = 0;
  uint64_t blocks = 0;
  uint64_t entries = 0;
  uint64_t records = 0;
  uint64_t file_bytes = 0;
  store::HashSeed hash_seed{};
};

// Read by others while the work goes on.
struct Progress {
  std::atomic<uint64_t> entries{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<bool> is_cancelled{false};  // set by others; the work ends with kClosed
};

struct WriteOptions {
  std::string path;              // made or emptied; removed again when writing fails
  Progress* progress = nullptr;  // may be null
  bool is_background = false;    // nobody waits for it: it leaves most of its processor to those who serve
};

// The file is whole and synced when this returns an info; giving it its final name is the caller's.
Result<SnapshotInfo> WriteSnapshot(store::Store* store, wal::LogBuffer* log, const WriteOptions& options);

}  // namespace distcache::snapshot
