// The store: a sharded map from (database, key) to value with TTL, recency and global bounds. One small lock a shard.
//
// It reads no clock, does no I/O and starts no thread: time, seed and capacity are arguments. Any number of threads may
// call it at once. Commands work through an Access: the locked view of the shards of one command's (or transaction's) keys.
//
// Life of a write: Locate each key -> Begin (room in the log, locks in ascending order, room in the store: all before the
// first effect) -> Access::Put and the like -> Access::Commit (one log record for all effects) -> locks released.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/block.h"
#include "core/status.h"
#include "store/database_map.h"
#include "store/effect_list.h"
#include "store/shard.h"
#include "store/victim.h"
#include "store/write_log.h"

namespace distcache::store {

using TimeMs = int64_t;  // Unix time in milliseconds; as a deadline, 0 = none

enum class ValueType : uint8_t { kString = 0 };
using HashSeed = std::array<uint8_t, 16>;

struct StoreOptions {
  uint32_t databases = 16;        // 1 to 256
  uint32_t shards = 0;            // power of two, at most 512; 0 = chosen from max_entries (1 up to 1,000 entries)
  uint64_t max_entries = 0;       // 0 = no bound
  uint64_t max_memory_bytes = 0;  // 0 = no bound; everything that is allocated for the store counts
  EvictionPolicy policy = EvictionPolicy::kAllKeysLru;
  HashSeed seed{};          // from a secure source
  WriteLog* log = nullptr;  // not owned; may be set later, before traffic
};

// A key with its place, computed without a lock. The bytes are borrowed, at least until the end of the Access.
struct Key {
  uint64_t hash;
  uint16_t shard;
  uint8_t physical;  // what `database` stood for then; an Access sees it when SWAPDB came between
  uint32_t database;
  std::string_view bytes;
};

// A value under its shard's lock. `bytes` is valid until the next mutation through the Access or its end; `block`, when
// the value lies in one, may be copied (BlockRef) and outlives both.
struct ValueView {
  std::string_view bytes;
  const BlockRef* block = nullptr;
  ValueType type = ValueType::kString;
  TimeMs expires_at_ms = 0;
  uint32_t tick = 0;  // when it was last used: Store::AccessTimeOf tells the time
};

// At most what a command may do to the store; decides what Begin must reserve.
struct Intent {
  bool writes = false;           // any effect at all
  bool adds_keys = false;        // keys of the list that are missing may be created
  bool copies_existing = false;  // a value of the list may be copied (COPY, RENAME): its size is added
  bool grows_existing =
      false;                  // a value of the list may grow (APPEND, SETRANGE): as above, but the log gets what is new
  bool all_shards = false;    // FLUSHALL, SWAPDB, or a transaction that holds one
  bool must_succeed = false;  // main thread or recovery: never kNoRoom
  uint64_t value_bytes = 0;   // bytes of new values in all
  uint64_t gap_bytes = 0;     // zeros between an old value and what is written behind it: the log does not get them
};

enum class Admission : uint8_t {
  kOk,
  kNoRoom,       // the log's buffer is full: nothing is held; retry when woken
  kOutOfMemory,  // a bound is reached and the policy evicts nothing (more); reply -OOM
};

enum class PutResult : uint8_t { kOk, kOutOfMemory };

struct StoreStats {
  uint64_t entries, entries_with_expiry, used_bytes, peak_used_bytes;
  uint64_t evicted, expired, hits, misses;
  uint64_t index_slots, index_used;  // load = used / slots
  uint64_t key_bytes, value_bytes;
};

class Store;

// Move-only. Ends (locks released) when destroyed; effects not committed by then are still logged by the destructor.
class Access {
 public:
  Access() = default;
  Access(Access&&) noexcept;
  Access& operator=(Access&&) noexcept;
  ~Access();

  TimeMs now_ms() const;

  // Reading. Get moves recency and counts a hit or miss; Peek does neither. Null when missing or expired (an expired
  // entry is removed on the way). The pointer is valid until the next call on this Access.
  const ValueView* Get(const Key& key);
  const ValueView* Peek(const Key& key);

  // Writing. Each remembers its effect for the log and bumps the key's watch version.
  PutResult Put(const Key& key, std::string_view bytes, TimeMs expires_at_ms);
  PutResult PutBlock(const Key& key, BlockRef block, TimeMs expires_at_ms);
  // Writes bytes at offset of the value, growing it (zeros in the gap); the key must exist or is created empty.
  PutResult WriteAt(const Key& key, uint64_t offset, std::string_view bytes);
  bool Remove(const Key& key);                           // false when missing
  bool SetExpiry(const Key& key, TimeMs expires_at_ms);  // false when missing; 0 persists
  // Says that a key that is there was last used so long before Store::BeginWithPast.
  void SetLastUse(const Key& key, uint64_t seconds_before);
  void Flush(uint32_t database);               // needs all_shards
  void FlushAll();                             // needs all_shards
  void SwapDatabases(uint32_t a, uint32_t b);  // needs all_shards

  // What the entry costs in memory, its share of the index included; 0 when it is not there.
  uint64_t FootprintOf(const Key& key);

  // The key's watch version: changes whenever anything writes, removes, expires or flushes it. Needs Watch before.
  uint64_t WatchVersion(const Key& key) const;

  // Logs the effects since Begin (or the last Commit) as one record; the sequence number, 0 when there was none or no log.
  uint64_t Commit();
  // The newest sequence number of any write of the locked shards: a reply to a read waits for it under `always`.
  uint64_t NewestSequence() const;

 private:
  friend class Store;
  friend class OwnKeys;
  // The last key that was looked up: commands look, decide and write.
  struct Memo {
    const char* key = nullptr;
    uint64_t hash = 0;
    Shard* shard = nullptr;
    uint32_t database = 0;
    bool is_there = false;
    Place place{};
  };
  // What only an Access over several keys has.
  struct Scope {
    std::vector<uint16_t> shards;  // locked, ascending
    std::vector<uint64_t> own_hashes;
    bool relocates = false;  // databases changed places since the keys were located
  };

  void End() {
    if (store_ != nullptr) EndOpen();
  }
  void EndOpen();
  Key Relocated(const Key& key) const;
  Memo& Look(const Key& key);
  void Fill(const Memo& memo);
  bool TakeEntry();
  template <typename Attempt>
  bool TryWithEviction(const Key& key, const Attempt& attempt);
  PutResult PutValue(const Key& key, NewValue value, TimeMs expires_at_ms);
  void NotePut(const Key& key, const Memo& memo);
  void Note(const Effect& effect) {
    if (log_ != nullptr) effects_.Add(effect, nullptr);
  }
  bool IsOwn(uint64_t hash) const;
  uint32_t Tick(Shard& shard);
  uint32_t HeldShards() const;
  void Unlock();
  template <typename Visit>
  void ForEachShard(const Visit& visit) const;

  Store* store_ = nullptr;
  WriteLog* log_ = nullptr;
  Shard* shard_ = nullptr;  // the locked one, when it is only one
  TimeMs now_ms_ = 0;
  uint64_t own_hash_ = 0;
  uint64_t reserved_payload_ = WriteLog::kNoReservation;
  uint32_t reserved_entries_ = 0;
  bool touches_ = true;
  Memo memo_;
  ValueView view_;
  BlockRef view_block_;
  Purse purse_;
  EffectList effects_;
  std::unique_ptr<Scope> scope_;
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> Create(const StoreOptions& options);
  ~Store();

  Key Locate(uint32_t database, std::string_view key) const;
  // A hint before Begin, for many keys in a row (pipelines, recovery): what their commands will look at is fetched, all misses side by
  // side. Takes each key's lock for a moment, twice; leaves out a shard whose lock is taken.
  void PrefetchAll(std::span<const Key> keys) const;

  // Takes what the intent needs, in this order: room in the log, the locks of the keys' shards in ascending order, room in
  // the store (evicting if the policy says so; never with this command's own keys). On kOk *access is open.
  Admission Begin(Access* access, std::span<const Key> keys, const Intent& intent, TimeMs now_ms, bool touches = true);

  // WATCH: registers interest and returns the current version; Unwatch drops it.
  uint64_t Watch(const Key& key, TimeMs now_ms, bool* is_missing);
  void Unwatch(const Key& key);

  uint64_t EntryCount(uint32_t database) const;
  uint64_t EntryCountWithExpiry(uint32_t database) const;
  // A place in hash order: (shard, hash prefix), below 2^53; 0 begins and ends. A key that is there throughout is visited.
  // visit gets key and value under the shard's lock and returns false to skip counting it.
  using Visitor = std::function<bool(std::string_view key, uint32_t database, const ValueView& value)>;
  // all_held: an Access over all shards, which then locks in place of the scan. *newest_sequence, where given, rises to that of
  // any write of the shards that were looked at.
  uint64_t Scan(uint32_t database, uint64_t cursor, uint64_t count, TimeMs now_ms, const Visitor& visit,
                const Access* all_held = nullptr, uint64_t* newest_sequence = nullptr);
  // As Scan over one shard and all databases, for snapshots: positions are of the shard alone; 0 begins and ends.
  uint64_t WalkShard(uint32_t shard, uint64_t position, uint64_t max_entries, TimeMs now_ms, const Visitor& visit);
  // A live key at random, weighted well enough; false when the database is empty. `random` is 64 random bits.
  bool RandomKey(uint32_t database, uint64_t random, TimeMs now_ms, std::vector<char>* key,
                 const Access* all_held = nullptr, uint64_t* newest_sequence = nullptr);

  // About when a value with this tick was last used (Unix time): for idle times.
  TimeMs AccessTimeOf(uint32_t tick) const { return clock_.TimeOf(tick); }

  // Removes up to max_entries expired entries, going on where the last call stopped; returns how many were examined.
  // Zero: nothing has expired.
  uint64_t SweepExpired(TimeMs now_ms, uint64_t max_entries);

  void SetBounds(uint64_t max_entries, uint64_t max_memory_bytes, EvictionPolicy policy);
  void SetLog(WriteLog* log);
  // The seed of the hash. Taking another one over, from a snapshot whose entries stand in its order, makes loading those
  // several times faster; allowed while the store is empty and nobody uses it.
  const HashSeed& seed() const { return seed_; }
  void AdoptSeed(const HashSeed& seed);
  // Entries with a last use before now_ms are about to come (SetLastUse); allowed as AdoptSeed is.
  void BeginWithPast(TimeMs now_ms) { clock_.BeginWithPast(now_ms); }
  // A hint that so many entries are about to come, allowed as AdoptSeed is: the indexes get their room at once, as far as there is
  // memory, instead of growing to it.
  void ExpectEntries(uint64_t count);
  StoreStats Stats() const;
  uint64_t UsedBytes() const;
  uint32_t shard_count() const;
  uint32_t database_count() const;
  Status CheckInvariants()
      const;  // for tests; the numbers are those of the lists at the top of shard.h, index.h, slab.h

 private:
  friend class Access;

  explicit Store(const StoreOptions& options);
  uint32_t ShardOf(uint64_t hash) const { return static_cast<uint32_t>(hash) & (shard_count_ - 1); }
  Shard& ShardAt(uint32_t number) const { return *shards_[number]; }

  // Admission (admission.cc)
  bool TryReserveLog(Access* access, std::span<const Key> keys, const Intent& intent);
  uint64_t ExistingBytes(std::span<const Key> keys) const;
  void LockAll(Access* access, std::span<const Key> keys, const Intent& intent);
  Admission MakeRoom(Access* access, std::span<const Key> keys, const Intent& intent);
  bool TryReserveEntries(uint64_t count);
  bool MakeEntryRoom(Access* access, std::span<const Key> keys, const Intent& intent, bool* is_unlocked);
  bool MakeMemoryRoom(Access* access, std::span<const Key> keys, const Intent& intent, bool* is_unlocked);
  uint64_t CountMissing(Access* access, std::span<const Key> keys) const;
  uint64_t MemoryNeededFor(Access* access, std::span<const Key> keys, const Intent& intent) const;

  // Eviction (eviction.cc)
  bool may_evict() const { return policy() != EvictionPolicy::kNoEviction; }
  EvictionPolicy policy() const { return policy_.load(std::memory_order_relaxed); }
  bool IsExact() const;
  bool EvictIn(Shard& shard, const Access* access);
  bool EvictInHeld(Shard& own, Access* access);
  bool EvictElsewhere(const Access* access, bool for_memory);
  bool EvictOldestOfAll(const Access* access);
  bool SweepOne(Shard& shard, TimeMs now_ms);
  void RemoveVictim(Shard& shard, const Place& place);
  bool TryFreeMemoryIn(Shard& shard, const Access* access);
  void SettleClock(Shard& shard);
  void SwapAndRewatch(uint32_t a, uint32_t b, std::vector<WatchedKey> watched);

  void UncountEntries(uint64_t count) { entries_.fetch_sub(count, std::memory_order_relaxed); }
  template <typename Visit>
  uint64_t WalkInOrder(Shard& shard, uint64_t position, const Visit& visit) const;

  HashSeed seed_;
  MemoryBudget budget_;
  PagePool pool_;
  IndexMemory index_memory_;
  ShardContext context_;
  RecencyClock clock_;
  DatabaseMap databases_;
  uint32_t shard_count_ = 1;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<uint64_t> entries_{0};  // in all shards, with those that are reserved for
  std::atomic<uint64_t> max_entries_{0};
  std::atomic<EvictionPolicy> policy_{EvictionPolicy::kAllKeysLru};
  std::atomic<WriteLog*> log_{nullptr};
  std::atomic<uint32_t> sweep_shard_{0};
  std::atomic<uint64_t> watch_versions_{0};
  std::atomic<uint64_t> evictions_elsewhere_{0};
};

}  // namespace distcache::store
