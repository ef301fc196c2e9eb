// The records that are appended to the log while a snapshot walks the store, kept until the writer puts them into the file.
//
// Bounded: above kFullBytes writers are held back as by a full log, if a log's file stands behind the buffer; above
// kMostBytes (writes that may not wait, or no log file) the tail gives up and the snapshot fails. It never makes anybody wait
// on a disk for longer than the log itself would.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "wal/log_buffer.h"

namespace distcache::snapshot {

class Tail final : public wal::LogBuffer::Tap {
 public:
  static constexpr uint64_t kFullBytes = 4ull << 20;
  static constexpr uint64_t kMostBytes = 64ull << 20;

  // Sees every record from now on.
  Tail(wal::LogBuffer* log, uint32_t databases);
  ~Tail() override;
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;

  void OnRecord(uint64_t sequence, std::span<const store::Effect> effects) override;

  // Ends it: no more records are seen. Again is allowed.
  void Stop();

  uint64_t first_sequence() const { return first_sequence_; }  // S0
  uint64_t last_sequence() const { return last_sequence_; }    // S1; after Stop
  bool gave_up() const { return gave_up_.load(std::memory_order_relaxed); }
  uint64_t WaitingBytes();
  // Exchanges *bytes (emptied) for what waits; returns the number of records in it.
  uint64_t Swap(std::string* bytes);

  // What number at S0 has the database that is now called so. SWAPDB moves whole databases under the locks of all shards, so
  // a walker that holds a shard's lock reads a number that belongs to what it sees.
  uint32_t DatabaseAtStart(uint32_t database) const { return database < origin_.size() ? origin_[database] : database; }

 private:
  wal::LogBuffer* const log_;
  const uint32_t checksum_seed_;
  std::vector<uint32_t> origin_;
  uint64_t first_sequence_ = 0;
  uint64_t last_sequence_ = 0;
  bool is_tapping_ = true;
  std::atomic<bool> gave_up_{false};

  std::mutex mutex_;  // taken inside the log's append lock
  std::string waiting_;
  uint64_t waiting_records_ = 0;
};

}  // namespace distcache::snapshot
