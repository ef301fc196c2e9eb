// One shard: index, slab and counts of the keys that hash to it. Knows neither logs nor policies nor bounds on entries; what is
// done to it is done with its lock held. Databases here are physical numbers (see database_map.h).
//
// Invariants (beside those of index.h and slab.h):
// 1. Each index entry refers to a live chunk and each live chunk to one index entry.
// 2. The counts by database are those of the entries, in all and with a deadline.
// 3. key_bytes, value_bytes and blocks are sums over the entries.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/block.h"
#include "core/hash.h"
#include "store/entry.h"
#include "store/index.h"
#include "store/recency_clock.h"
#include "store/shard_lock.h"
#include "store/slab.h"
#include "store/watch_table.h"

namespace distcache::store {

// A count that is changed under a lock and may be read without.
class LockedCount {
 public:
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  void Add(uint64_t more) { value_.store(get() + more, std::memory_order_relaxed); }
  void Subtract(uint64_t less) { value_.store(get() - less, std::memory_order_relaxed); }
  void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct DatabaseCounts {
  LockedCount entries;
  LockedCount with_deadline;
};

// What a shard needs of its store.
struct ShardContext {
  PagePool* pool;
  IndexMemory* index_memory;
  MemoryBudget* budget;
  HashSecrets secrets;
  uint32_t databases;
  std::atomic<uint64_t>* watch_versions;
};

// A new value: bytes to copy, or a block whose reference is given away.
struct NewValue {
  std::string_view bytes;
  Block* block = nullptr;
};

class alignas(64) Shard {
 public:
  explicit Shard(const ShardContext* context);
  ~Shard();

  [[nodiscard]] bool TryStart(Purse* purse) { return index_.TryStart(purse); }
  // While the shard is empty: room in the index for so many entries.
  [[nodiscard]] bool TryPresize(uint64_t entries, Purse* purse) { return index_.TryPresize(entries, purse); }

  ShardLock& lock() { return lock_; }
  [[gnu::always_inline]] void PrefetchBucket(uint64_t hash) const { index_.PrefetchBucket(hash); }
  [[gnu::always_inline]] void PrefetchEntry(uint64_t hash) const {
    index_.ForEachCandidate(
        hash, [this](Ref ref) __attribute__((always_inline)) { __builtin_prefetch(slab_.At(ref)); });
  }

  bool Find(uint64_t hash, uint8_t database, std::string_view key, Place* place) const {
    return index_.Find(
        hash, [&](Ref ref) { return Entry(slab_.At(ref)).Holds(database, key); }, place);
  }
  Entry EntryAt(const Place& place) const { return Entry(slab_.At(index_.RefAt(place))); }
  Entry EntryOf(Ref ref) const { return Entry(slab_.At(ref)); }
  uint64_t HashOf(Ref ref) const {
    const Entry entry(slab_.At(ref));
    return Hash64(context_->secrets, entry.database(), entry.key());
  }
  void Prefetch(Ref ref) const { __builtin_prefetch(slab_.At(ref)); }
  // What the entry costs: its chunk, its blocks and its place in the index.
  uint64_t FootprintOf(const Place& place) const;

  // Each of these answers false, and changes nothing, when the memory is not to be had. A block given is released then.
  // `bytes` may lie in this shard. deadline 0: none.
  [[nodiscard]] bool TryInsert(uint64_t hash, uint8_t database, std::string_view key, NewValue value,
                               int64_t deadline_ms, uint32_t tick, Purse* purse, Place* place);
  [[nodiscard]] bool TryReplace(const Place& place, NewValue value, int64_t deadline_ms, uint32_t tick, Purse* purse);
  [[nodiscard]] bool TryWriteAt(const Place& place, uint64_t offset, std::string_view bytes, uint32_t tick,
                                Purse* purse);
  [[nodiscard]] bool TrySetDeadline(const Place& place, int64_t deadline_ms, Purse* purse);
  void Remove(const Place& place);

  // Removes every entry of a database, or of all.
  void Flush(uint8_t database);
  void Clear();

  // Whether a value of this size can be put without new memory.
  bool HasRoomFor(uint64_t hash, const EntryShape& shape) const {
    return index_.HasRoom(hash) && (shape.ChunkBytes() > kMaxChunkBytes || slab_.HasFreeChunk(shape.ChunkBytes()));
  }
  bool FitsInPlace(const Place& place, const EntryShape& shape) const;

  // Removes the expired entries of one segment; returns how many entries with a deadline were examined.
  uint64_t SweepSegment(uint32_t number, int64_t now_ms);
  // The number of a segment that may hold an expired entry, from `from` on round; kNoSegment when none does.
  uint32_t NextExpiring(uint32_t from, int64_t now_ms) const;

  // Moves at most `entries` out of sparse spans. `hard`: as far as it takes to give one span back, if there are any.
  void Compact(uint32_t entries, bool hard);
  bool wants_compaction() const { return slab_.is_emptying() || slab_.wants_emptying(); }

  // Brings entries that were last used very long ago up to RecencyClock::kMaxAge, before their ticks wrap round.
  void ClampAges(uint32_t now);

  const Index& index() const { return index_; }
  const Slab& slab() const { return slab_; }
  WatchTable& watches() { return watches_; }
  uint64_t entries() const { return entries_.get(); }
  const DatabaseCounts& database(uint8_t number) const { return databases_[number]; }
  uint64_t NextRandom();
  Status CheckInvariants() const;

  // Under the lock, kept for the store.
  uint64_t newest_sequence = 0;
  uint64_t clock_part = 0;
  uint32_t accesses_until_tick = 0;
  uint32_t sweep_from = 0;
  LockedCount evicted, expired, hits, misses, key_bytes, value_bytes, blocks;

 private:
  // What the index asks the shard.
  class Hasher final : public EntryHasher {
   public:
    explicit Hasher(const Shard* shard) : shard_(shard) {}
    uint64_t HashOf(Ref ref) const override { return shard_->HashOf(ref); }
    void Prefetch(Ref ref) const override { shard_->Prefetch(ref); }

   private:
    const Shard* shard_;
  };

  [[nodiscard]] bool TryTakeBlocks(const EntryShape& shape, std::string_view key, NewValue* value, Block** key_block,
                                   Purse* purse);
  void ReplaceInPlace(const Place& place, const EntryShape& shape, NewValue value, int64_t deadline_ms, uint32_t tick);
  bool TryOverwrite(const Place& place, std::string_view bytes, int64_t deadline_ms, uint32_t tick);
  void GiveUp(Block* block, bool is_charged);
  void Count(const Entry& entry, const EntryShape& shape);
  void Uncount(const Entry& entry, const EntryShape& shape);
  void MoveChunk(Ref from);
  void Drop(const Place& place);
  void TouchWatched(Ref ref) {
    if (!watches_.empty()) watches_.Touch(HashOf(ref), context_->watch_versions);
  }
  void TouchWatchedIfThere(uint32_t database);
  // Removes the entries of a segment for which `should_go`, then shrinks the index once; returns how many went.
  template <typename Predicate>
  uint64_t RemoveIf(uint32_t number, const Predicate& should_go);

  ShardLock lock_;
  const ShardContext* context_;
  Hasher hasher_{this};
  Slab slab_;
  Index index_;
  WatchTable watches_;
  LockedCount entries_;
  std::unique_ptr<DatabaseCounts[]> databases_;
  uint64_t random_state_ = 0x9E3779B97F4A7C15ull;
};

}  // namespace distcache::store
