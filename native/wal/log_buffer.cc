#include "wal/log_buffer.h"

#include <algorithm>
#include <cstdlib>

#include "port/clock.h"

namespace distcache::wal {
namespace {

// Half of a common second-level cache: a drainer that keeps up goes round in two or three of these. Larger chunks cost cache
// misses on every append, smaller ones more pieces in a write.
constexpr uint64_t kChunkBytes = 256 * 1024;
constexpr size_t kMostSpareChunks = 4;
// What a record needs besides keys and values: header and the fields of an effect or two. Effects beyond that are small change.
constexpr uint64_t kRecordOverheadBytes = 64;
constexpr uint64_t kTextExpansion = 4;  // a byte may become \xHH

}  // namespace

struct LogBuffer::Chunk {
  explicit Chunk(uint64_t size) : bytes(std::make_unique_for_overwrite<char[]>(size)), capacity(size) {}
  std::unique_ptr<char[]> bytes;
  uint64_t capacity;
  uint64_t used = 0;
  uint64_t taken = 0;
  uint64_t released = 0;
  uint64_t last_sequence = 0;
  uint64_t untaken_since_ms = 0;  // when its first untaken record was appended
};

LogBuffer::LogBuffer(const LogBufferOptions& options, std::function<void()> wake_drainer)
    : options_(options),
      checksum_seed_(ChecksumSeed(options.log_id)),
      chunk_bytes_(std::clamp<uint64_t>(options.capacity_bytes / 4, 4096, kChunkBytes)),
      wake_drainer_(std::move(wake_drainer)),
      last_sequence_(options.next_sequence - 1),
      released_sequence_(options.next_sequence - 1),
      first_untaken_sequence_(options.next_sequence) {}

LogBuffer::~LogBuffer() = default;

void LogBuffer::SetWaiter(std::function<void()> wake_waiters) {
  const std::lock_guard lock(waiter_mutex_);
  wake_waiters_ = std::move(wake_waiters);
}

uint64_t LogBuffer::CostOf(uint64_t payload_bytes) const {
  return (options_.format == Format::kText ? payload_bytes * kTextExpansion : payload_bytes) + kRecordOverheadBytes;
}

// A record larger than the buffer is admitted when at most half of the buffer is held: waiting until nothing is would starve it
// behind small writers. Memory stays within 1.5 times the buffer and one such record.
//
// What is refused never counts, not even for a moment: two that refuse each other by what neither gets would both wait, and nobody
// would be left to give anything back.
bool LogBuffer::TryHold(uint64_t cost_bytes, bool must_succeed) {
  const uint64_t capacity = options_.capacity_bytes;
  // seq_cst here and in GiveBack: see Reserve.
  uint64_t held_bytes = held_bytes_.load();
  do {
    const bool fits = held_bytes + cost_bytes <= capacity || (cost_bytes > capacity && held_bytes <= capacity / 2);
    if (!fits && !must_succeed) return false;
  } while (!held_bytes_.compare_exchange_weak(held_bytes, held_bytes + cost_bytes));
  return true;
}

// No wake-up is lost: the refused one (1) sets has_refused_, (2) tries again; the one who gives back (a) lowers held_bytes_,
// (b) looks at has_refused_. All four are sequentially consistent, so either (2) sees the room of (a), or (b) sees (1).
bool LogBuffer::Reserve(uint64_t payload_bytes, bool must_succeed) {
  if (!options_.keeps_records) return true;
  const uint64_t cost_bytes = CostOf(payload_bytes);
  const auto try_once = [&] {
    if (!must_succeed && tap_is_full_.load()) return false;
    return TryHold(cost_bytes, must_succeed);
  };
  if (try_once()) return true;
  has_refused_.store(true);
  return try_once();
}

void LogBuffer::Unreserve(uint64_t payload_bytes) {
  if (options_.keeps_records) GiveBack(CostOf(payload_bytes));
}

void LogBuffer::GiveBack(uint64_t bytes) {
  held_bytes_.fetch_sub(bytes);
  WakeRefused();
}

void LogBuffer::WakeRefused() {
  if (has_refused_.load() && has_refused_.exchange(false)) WakeWaiters();
}

void LogBuffer::WakeWaiters() {
  const std::lock_guard lock(waiter_mutex_);
  if (wake_waiters_) wake_waiters_();
}

uint64_t LogBuffer::Append(std::span<const store::Effect> effects, uint64_t reserved_payload_bytes) {
  const uint64_t cost_bytes = reserved_payload_bytes == kNoReservation ? 0 : CostOf(reserved_payload_bytes);
  uint64_t size_bytes = 0;
  uint64_t sequence = 0;
  bool wakes = false;
  {
    const std::lock_guard lock(append_mutex_);
    sequence = last_sequence_.load(std::memory_order_relaxed) + 1;
    for (Tap* tap : taps_) tap->OnRecord(sequence, effects);
    if (options_.keeps_records) {
      size_bytes = EncodedRecordBytes(options_.format, sequence, effects);
      EncodeRecord(options_.format, checksum_seed_, sequence, effects, PlaceLocked(size_bytes));
      chunks_.back()->last_sequence = sequence;
      const bool was_empty = untaken_bytes_ == 0;
      untaken_bytes_ += size_bytes;
      pending_bytes_.fetch_add(size_bytes, std::memory_order_relaxed);
      // Before the drainer can release these bytes, or held_bytes_ would pass below zero on the way.
      if (size_bytes > cost_bytes) held_bytes_.fetch_add(size_bytes - cost_bytes);
      const bool is_large = !woke_for_size_ && untaken_bytes_ >= options_.wake_bytes;
      woke_for_size_ |= is_large;
      wakes = was_empty || is_large;
    }
    // Release: who sees the number sees what was written before it was given.
    last_sequence_.store(sequence, std::memory_order_release);
  }
  if (!options_.keeps_records) return sequence;
  if (size_bytes < cost_bytes) GiveBack(cost_bytes - size_bytes);
  if (wakes && wake_drainer_) wake_drainer_();
  return sequence;
}

char* LogBuffer::PlaceLocked(uint64_t size_bytes) {
  if (chunks_.empty() || chunks_.back()->capacity - chunks_.back()->used < size_bytes) {
    chunks_.push_back(NewChunkLocked(size_bytes));
  }
  Chunk& chunk = *chunks_.back();
  if (chunk.taken == chunk.used) NoteWaitLocked(&chunk);
  char* place = chunk.bytes.get() + chunk.used;
  chunk.used += size_bytes;
  return place;
}

std::unique_ptr<LogBuffer::Chunk> LogBuffer::NewChunkLocked(uint64_t size_bytes) {
  if (size_bytes > chunk_bytes_) return std::make_unique<Chunk>(size_bytes);
  if (spare_.empty()) return std::make_unique<Chunk>(chunk_bytes_);
  std::unique_ptr<Chunk> chunk = std::move(spare_.back());
  spare_.pop_back();
  return chunk;
}

// The clock is read once a batch and chunk, not once a record.
void LogBuffer::NoteWaitLocked(Chunk* chunk) {
  chunk->untaken_since_ms = std::max<uint64_t>(port::MonotonicTimeMs(), 1);
  // Relaxed: whoever reads decides by an age in milliseconds, and its own writes it has seen.
  if (pending_bytes_.load(std::memory_order_relaxed) == 0) {
    oldest_pending_at_ms_.store(chunk->untaken_since_ms, std::memory_order_relaxed);
  }
}

LogBuffer::Prefix LogBuffer::Take(uint64_t max_bytes) {
  const std::lock_guard lock(append_mutex_);
  Prefix prefix;
  if (is_taken_ || untaken_bytes_ == 0) return prefix;
  prefix.first_sequence = first_untaken_sequence_;
  for (const std::unique_ptr<Chunk>& chunk : chunks_) {
    const uint64_t waiting = chunk->used - chunk->taken;
    if (waiting == 0) continue;
    if (!prefix.spans.empty() && prefix.bytes + waiting > max_bytes) break;
    prefix.spans.emplace_back(chunk->bytes.get() + chunk->taken, waiting);
    prefix.bytes += waiting;
    prefix.last_sequence = chunk->last_sequence;
    chunk->taken = chunk->used;
  }
  is_taken_ = true;
  woke_for_size_ = false;
  untaken_bytes_ -= prefix.bytes;
  first_untaken_sequence_ = prefix.last_sequence + 1;
  return prefix;
}

void LogBuffer::Release() {
  uint64_t released_bytes = 0;
  {
    const std::lock_guard lock(append_mutex_);
    if (!is_taken_) return;
    is_taken_ = false;
    for (const std::unique_ptr<Chunk>& chunk : chunks_) {
      released_bytes += chunk->taken - chunk->released;
      chunk->released = chunk->taken;
    }
    while (!chunks_.empty() && chunks_.front()->released == chunks_.front()->used) {
      RecycleLocked(std::move(chunks_.front()));
      chunks_.pop_front();
    }
    pending_bytes_.fetch_sub(released_bytes, std::memory_order_relaxed);
    released_sequence_.store(first_untaken_sequence_ - 1);
    oldest_pending_at_ms_.store(chunks_.empty() ? 0 : chunks_.front()->untaken_since_ms);
  }
  GiveBack(released_bytes);
}

void LogBuffer::RecycleLocked(std::unique_ptr<Chunk> chunk) {
  if (chunk->capacity != chunk_bytes_ || spare_.size() >= kMostSpareChunks) return;
  chunk->used = chunk->taken = chunk->released = 0;
  spare_.push_back(std::move(chunk));
}

uint64_t LogBuffer::AddTap(Tap* tap) {
  const std::lock_guard lock(append_mutex_);
  taps_.push_back(tap);
  return last_sequence_.load(std::memory_order_relaxed);
}

uint64_t LogBuffer::RemoveTap(Tap* tap) {
  uint64_t sequence = 0;
  {
    const std::lock_guard lock(append_mutex_);
    std::erase(taps_, tap);
    sequence = last_sequence_.load(std::memory_order_relaxed);
  }
  return sequence;
}

void LogBuffer::SetTapIsFull(bool is_full) {
  tap_is_full_.store(is_full);
  if (!is_full) WakeRefused();
}

uint64_t LogBuffer::OldestPendingAgeMs(uint64_t now_ms) const {
  const uint64_t oldest_at_ms = oldest_pending_at_ms_.load();
  if (oldest_at_ms == 0) return 0;
  return now_ms > oldest_at_ms ? now_ms - oldest_at_ms : 1;
}

// As in Reserve: told first, then looked at again.
bool LogBuffer::HoldsReply(uint64_t sequence, uint64_t now_ms) {
  const auto holds = [&] {
    return sequence > released_sequence_.load() && OldestPendingAgeMs(now_ms) > kHeldBackAfterMs && !is_failed_.load();
  };
  if (!options_.keeps_records || !holds()) return false;
  has_refused_.store(true);
  return holds();
}

void LogBuffer::SetFailed(bool is_failed) {
  is_failed_.store(is_failed);
  WakeWaiters();
}

}  // namespace distcache::wal
