// The bounded buffer between the store and the log's writer: any thread appends records, encoded in place under one short
// lock; one drainer takes what is there, writes it and releases it. Implements store::WriteLog.
//
// Bytes lie in chunks. The chunk that was released last is filled next, and a chunk that was drained empty is filled again
// from its start, so that a log whose drainer keeps up goes round in memory that is still in the cache. A record larger than
// a chunk has a chunk of its own.
//
// Invariants:
// 1. chunks_ holds, oldest first, every chunk with bytes that were not released; records are appended to the last one only.
// 2. In every chunk released <= taken <= used; bytes before used never change, until a chunk is empty (released == used).
// 3. Sequence numbers are gapless in the order of the bytes: both are given under append_mutex_.
// 4. held_bytes_ = outstanding reservations at their cost + bytes appended and not released.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/write_log.h"
#include "wal/record.h"

namespace distcache::wal {

struct LogBufferOptions {
  uint64_t capacity_bytes = 16ull << 20;
  Format format = Format::kBinary;
  LogId log_id{};  // chosen once a log; every checksum covers it
  uint64_t next_sequence = 1;
  // The drainer is woken when the first record arrives, and again when this much waits.
  uint64_t wake_bytes = 256 * 1024;
  // False: no file stands behind this buffer (snapshots alone). Records get their sequence number and go to the taps only.
  bool keeps_records = true;
};

class LogBuffer final : public store::WriteLog {
 public:
  // wake_drainer is called from appending threads, under locks: it must only post.
  LogBuffer(const LogBufferOptions& options, std::function<void()> wake_drainer);
  ~LogBuffer() override;

  // Called when those who were refused room (or hold replies back) should try again; must only post. Replaces the one before;
  // when this returns, no call of that one is under way.
  void SetWaiter(std::function<void()> wake_waiters);

  bool Reserve(uint64_t payload_bytes, bool must_succeed) override;
  void Unreserve(uint64_t payload_bytes) override;
  uint64_t Append(std::span<const store::Effect> effects, uint64_t reserved_payload_bytes) override;

  // Drainer (one thread at a time). Everything appended so far, at most about max_bytes but at least one chunk's share: spans of
  // encoded bytes in order. Valid until Release, which must come before the next Take. Empty spans: nothing waits.
  struct Prefix {
    std::vector<std::string_view> spans;
    uint64_t first_sequence = 0;
    uint64_t last_sequence = 0;
    uint64_t bytes = 0;
  };
  Prefix Take(uint64_t max_bytes);
  // The taken bytes are with the kernel (or given up): their room is free again, and waiters are woken.
  void Release();

  // A reader that sees every record from now on, besides the drainer: a snapshot's tail, later a replica. Called under the
  // append lock: it copies and returns.
  class Tap {
   public:
    virtual ~Tap() = default;
    virtual void OnRecord(uint64_t sequence, std::span<const store::Effect> effects) = 0;
  };
  uint64_t AddTap(Tap* tap);     // returns the last sequence number before those it sees
  uint64_t RemoveTap(Tap* tap);  // after it returns, no call is under way; returns the last sequence number it saw
  // A tap that is full holds writers back as a full buffer does (must_succeed excepted) until it says that it is not.
  void SetTapIsFull(bool is_full);

  uint64_t last_sequence() const { return last_sequence_.load(std::memory_order_acquire); }
  uint64_t PendingBytes() const { return pending_bytes_.load(std::memory_order_relaxed); }
  // All room is taken: only those who must succeed get more.
  bool is_full() const { return held_bytes_.load(std::memory_order_relaxed) >= options_.capacity_bytes; }
  // How long the oldest record that was not released has waited; 0 when nothing waits. Monotonic time.
  uint64_t OldestPendingAgeMs(uint64_t now_ms) const;
  // True while a reply that depends on this record must be held back: it is not with the kernel, and a kill of the process would
  // take back more than the last kHeldBackAfterMs. Whoever got true is woken through the waiter.
  bool HoldsReply(uint64_t sequence, uint64_t now_ms);
  static constexpr uint64_t kHeldBackAfterMs = 10;
  // A log whose file failed holds no reply back; writes are refused elsewhere until it works again. Wakes all waiters.
  void SetFailed(bool is_failed);

  Format format() const { return options_.format; }
  const LogId& log_id() const { return options_.log_id; }
  bool keeps_records() const { return options_.keeps_records; }

 private:
  struct Chunk;
  uint64_t CostOf(uint64_t payload_bytes) const;
  bool TryHold(uint64_t cost_bytes, bool must_succeed);
  void GiveBack(uint64_t bytes);
  void WakeRefused();
  void WakeWaiters();
  char* PlaceLocked(uint64_t size_bytes);
  std::unique_ptr<Chunk> NewChunkLocked(uint64_t size_bytes);
  void NoteWaitLocked(Chunk* chunk);
  void RecycleLocked(std::unique_ptr<Chunk> chunk);

  const LogBufferOptions options_;
  const uint32_t checksum_seed_;
  const uint64_t chunk_bytes_;
  const std::function<void()> wake_drainer_;
  std::mutex waiter_mutex_;
  std::function<void()> wake_waiters_;

  std::atomic<uint64_t> held_bytes_{0};
  std::atomic<bool> has_refused_{false};
  std::atomic<bool> tap_is_full_{false};
  std::atomic<bool> is_failed_{false};
  std::atomic<uint64_t> last_sequence_;
  std::atomic<uint64_t> released_sequence_;  // of the last record that is with the kernel
  std::atomic<uint64_t> pending_bytes_{0};
  std::atomic<uint64_t> oldest_pending_at_ms_{0};  // 0 = nothing waits

  std::mutex append_mutex_;
  std::deque<std::unique_ptr<Chunk>> chunks_;
  std::vector<std::unique_ptr<Chunk>> spare_;
  std::vector<Tap*> taps_;
  uint64_t untaken_bytes_ = 0;
  uint64_t first_untaken_sequence_;
  bool is_taken_ = false;  // between Take and Release
  bool woke_for_size_ = false;
};

}  // namespace distcache::wal
