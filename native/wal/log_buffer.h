// The bounded buffer between the store and the log's writer: I/O threads append encoded records, one drainer takes the
// finished, gapless prefix. Implements store::WriteLog.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "store/write_log.h"
#include "wal/record.h"

namespace distcache::wal {

struct LogBufferOptions {
  uint64_t capacity_bytes = 16ull << 20;
  Format format = Format::kBinary;
  LogId log_id{};  // chosen once a log; every checksum covers it
  uint64_t next_sequence = 1;
  uint64_t wake_bytes = 256 * 1024;  // wake the drainer at once beyond this, else it comes by its own timer
};

class LogBuffer final : public store::WriteLog {
 public:
  LogBuffer(const LogBufferOptions& options, std::function<void()> wake_drainer);

  bool Reserve(uint64_t payload_bytes, bool must_succeed) override;
  void Unreserve(uint64_t payload_bytes) override;
  uint64_t Append(std::span<const store::Effect> effects, uint64_t reserved_payload_bytes) override;

  // Drainer (one thread at a time). The prefix that is finished: spans of encoded bytes and the last sequence in them. Valid until
  // Release, which frees the room and calls the room waiters (the server's WakeAll) when somebody was refused.
  struct Prefix {
    std::vector<std::string_view> spans;
    uint64_t first_sequence = 0, last_sequence = 0;
    uint64_t bytes = 0;
  };
  Prefix Take(uint64_t max_bytes);
  void Release();

  // A reader that sees every record from now on, besides the drainer (a snapshot's tail, later a replica): called under the
  // append lock with the encoded bytes.
  class Tap {
   public:
    virtual ~Tap() = default;
    virtual void OnRecord(uint64_t sequence, std::string_view encoded) = 0;
  };
  uint64_t AddTap(Tap* tap);  // returns the last sequence before it sees any
  void RemoveTap(Tap* tap);   // after it returns, no call is under way

  uint64_t last_sequence() const;
  // Age input for the 10 ms rule: monotonic milliseconds are given by the caller; 0 = nothing is waiting.
  uint64_t PendingBytes() const;
};

}  // namespace distcache::wal
