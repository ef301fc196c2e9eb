// Loads a mapped snapshot into a store on several threads, or only checks it.
#pragma once

#include <cstdint>
#include <string>

#include "core/status.h"
#include "snapshot/reader.h"
#include "snapshot/writer.h"
#include "store/store.h"

namespace distcache::snapshot {

struct LoadOptions {
  std::string path;
  uint32_t threads = 1;
  Progress* progress = nullptr;  // may be null
};

// The store must be empty, without a log, and serve nobody; its bounds are in force. It holds the whole snapshot, or nothing when an
// error is returned.
Result<SnapshotInfo> LoadSnapshot(store::Store* store, const LoadOptions& options);

// Verifies every checksum and reads every entry and record without keeping them.
Result<SnapshotInfo> CheckSnapshot(const LoadOptions& options);

}  // namespace distcache::snapshot
