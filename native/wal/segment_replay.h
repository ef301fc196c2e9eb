// A segment read from its first record to its end, into a store or only to be checked.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/status.h"
#include "store/store.h"
#include "wal/record_reader.h"

namespace distcache::wal {

struct SegmentOutcome {
  ReadResult end = ReadResult::kEnd;  // kEnd, kTorn or kDamaged
  std::string reason;                 // of the last two
  bool has_header = false;            // false: the header itself is torn
  SegmentHeader header;
  uint64_t records = 0;        // good ones
  uint64_t applied = 0;        // of these, how many went into the store
  uint64_t last_sequence = 0;  // of the last good record, or the one before the first
  uint64_t valid_bytes = 0;
  uint64_t size_bytes = 0;
};

struct SegmentReplayOptions {
  store::Store* store = nullptr;                    // null: only check
  uint64_t after_sequence = 0;                      // records up to this one are already in the store
  std::atomic<uint64_t>* done_bytes = nullptr;      // may be null
  const std::atomic<bool>* is_cancelled = nullptr;  // may be null
};

// Applies records until the segment ends. A torn or damaged end is an outcome; what was before it has been applied. Errors: the
// file cannot be read (kIo, kNotFound), its header is not that of a segment this program knows (kCorrupt), memory.
Result<SegmentOutcome> ReplaySegment(std::unique_ptr<ByteSource> source, const SegmentReplayOptions& options);

}  // namespace distcache::wal
