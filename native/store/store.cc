// Making a store, its counts, watches, and the sweep for expired entries.
#include "store/store.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <new>

namespace distcache::store {
namespace {

constexpr uint32_t kMaxShards = 512;
constexpr uint32_t kDefaultShards = 64;
constexpr uint64_t kEntriesPerShard = 1000;
constexpr uint64_t kMemoryPerShardBytes = 4 << 20;

// Enough shards that threads seldom meet; few enough that each holds entries to choose victims among and pages are well filled.
uint32_t ChooseShards(const StoreOptions& options) {
  if (options.shards != 0) return options.shards;
  uint64_t shards = kDefaultShards;
  if (options.max_entries != 0) shards = std::min(shards, options.max_entries / kEntriesPerShard);
  if (options.max_memory_bytes != 0) shards = std::min(shards, options.max_memory_bytes / kMemoryPerShardBytes);
  return shards <= 1 ? 1 : static_cast<uint32_t>(std::bit_floor(shards));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Create(const StoreOptions& options) {
  if (options.databases < 1 || options.databases > kMaxDatabases) {
    return Status(StatusCode::kInvalidArgument, "databases must be 1 to 256");
  }
  if (options.shards > kMaxShards || (options.shards != 0 && !std::has_single_bit(options.shards))) {
    return Status(StatusCode::kInvalidArgument, "shards must be a power of two, at most 512");
  }
  std::unique_ptr<Store> store(new (std::nothrow) Store(options));
  if (store == nullptr || store->shards_.empty()) return Status(StatusCode::kOutOfMemory, "no memory for a store");
  Purse purse(&store->budget_);
  for (const std::unique_ptr<Shard>& shard : store->shards_) {
    if (!shard->TryStart(&purse)) return Status(StatusCode::kOutOfMemory, "no memory for the shards of a store");
  }
  store->SetBounds(options.max_entries, options.max_memory_bytes, options.policy);
  if (store->budget_.is_over_limit()) {
    return Status(StatusCode::kInvalidArgument, "the memory bound is below what an empty store takes");
  }
  return store;
}

Store::Store(const StoreOptions& options)
    : seed_(options.seed),
      index_memory_(&pool_, &budget_),
      context_{&pool_,          &index_memory_, &budget_, HashSecrets::FromSeed(options.seed), options.databases,
               &watch_versions_},
      shard_count_(ChooseShards(options)),
      log_(options.log) {
  budget_.Charge(sizeof(Store) + shard_count_ * (sizeof(Shard) + options.databases * sizeof(DatabaseCounts)));
  for (uint32_t i = 0; i < shard_count_; ++i) shards_.push_back(std::make_unique<Shard>(&context_));
}

Store::~Store() = default;

Key Store::Locate(uint32_t database, std::string_view key) const {
  const uint8_t physical = databases_.PhysicalOf(database);
  const uint64_t hash = Hash64(context_.secrets, physical, key);
  return {hash, static_cast<uint16_t>(ShardOf(hash)), physical, database, key};
}

void Store::PrefetchAll(std::span<const Key> keys) const {
  for (const Key& key : keys) {
    const std::unique_lock lock(ShardAt(key.shard).lock(), std::try_to_lock);
    if (lock) ShardAt(key.shard).PrefetchBucket(key.hash);
  }
  for (const Key& key : keys) {
    const std::unique_lock lock(ShardAt(key.shard).lock(), std::try_to_lock);
    if (lock) ShardAt(key.shard).PrefetchEntry(key.hash);
  }
}

void Store::AdoptSeed(const HashSeed& seed) {
  seed_ = seed;
  context_.secrets = HashSecrets::FromSeed(seed);
}

void Store::ExpectEntries(uint64_t count) {
  const uint64_t bound = max_entries_.load(std::memory_order_relaxed);
  if (bound != 0) count = std::min(count, bound);
  for (const std::unique_ptr<Shard>& shard : shards_) {
    Purse purse(&budget_);
    if (!shard->TryPresize(count / shard_count_, &purse)) return;
  }
}

uint64_t Store::Watch(const Key& given, TimeMs now_ms, bool* is_missing) {
  Access access;
  const Key keys[] = {given};
  (void)Begin(&access, keys, Intent{}, now_ms, false);
  const Access::Memo& memo = access.Look(given);
  *is_missing = !memo.is_there;
  return memo.shard->watches().Watch(memo.hash, static_cast<uint8_t>(memo.database), given.bytes, &watch_versions_);
}

void Store::Unwatch(const Key& given) {
  Access access;
  const Key keys[] = {given};
  (void)Begin(&access, keys, Intent{}, access.now_ms_, false);
  const Access::Memo& memo = access.Look(given);
  memo.shard->watches().Unwatch(memo.hash, given.bytes);
}

// Under the locks of all shards: exchanges the databases and takes the watches of their keys along. Those whose key was there in
// either database change their version.
void Store::SwapAndRewatch(uint32_t a, uint32_t b, std::vector<WatchedKey> watched) {
  const uint8_t both[] = {databases_.PhysicalOf(a), databases_.PhysicalOf(b)};
  const auto is_there = [&](uint8_t physical, std::string_view key) {
    const uint64_t hash = Hash64(context_.secrets, physical, key);
    Place place{};
    return ShardAt(ShardOf(hash)).Find(hash, physical, key, &place);
  };
  for (WatchedKey& one : watched) {
    if (is_there(both[0], one.key) || is_there(both[1], one.key))
      one.version = WatchTable::NextVersion(&watch_versions_);
    one.database = one.database == both[0] ? both[1] : both[0];
    one.hash = Hash64(context_.secrets, one.database, one.key);
    ShardAt(ShardOf(one.hash)).watches().Put(std::move(one));
  }
  databases_.Swap(a, b);
}

uint64_t Store::EntryCount(uint32_t database) const {
  const uint8_t physical = databases_.PhysicalOf(database);
  uint64_t count = 0;
  for (const auto& shard : shards_) count += shard->database(physical).entries.get();
  return count;
}

uint64_t Store::EntryCountWithExpiry(uint32_t database) const {
  const uint8_t physical = databases_.PhysicalOf(database);
  uint64_t count = 0;
  for (const auto& shard : shards_) count += shard->database(physical).with_deadline.get();
  return count;
}

uint64_t Store::SweepExpired(TimeMs now_ms, uint64_t max_entries) {
  uint64_t examined = 0;
  for (uint32_t i = 0; i < shard_count_ && examined < max_entries; ++i) {
    Shard& shard = ShardAt(sweep_shard_.load(std::memory_order_relaxed) & (shard_count_ - 1));
    const std::lock_guard lock(shard.lock());
    while (examined < max_entries && shard.index().with_deadline() > 0) {
      const uint32_t number = shard.NextExpiring(shard.sweep_from, now_ms);
      if (number == kNoSegment) break;
      shard.sweep_from = number;
      const uint64_t before = shard.entries();
      examined += shard.SweepSegment(number, now_ms);
      UncountEntries(before - shard.entries());
    }
    if (shard.wants_compaction()) shard.Compact(64, false);
    if (examined < max_entries) sweep_shard_.fetch_add(1, std::memory_order_relaxed);
  }
  return examined;
}

void Store::SetBounds(uint64_t max_entries, uint64_t max_memory_bytes, EvictionPolicy policy) {
  max_entries_.store(max_entries, std::memory_order_relaxed);
  budget_.set_limit(max_memory_bytes);
  policy_.store(policy, std::memory_order_relaxed);
  // What is there beyond the new bounds goes at once, one entry and one lock at a time.
  Access nobody;
  const auto is_over = [&] { return max_entries != 0 && entries_.load(std::memory_order_relaxed) > max_entries; };
  while (is_over() && EvictElsewhere(&nobody, false)) {
  }
  while (budget_.is_over_limit() && EvictElsewhere(&nobody, true)) {
  }
}

void Store::SetLog(WriteLog* log) {
  // Release: whoever sees the log sees it built.
  log_.store(log, std::memory_order_release);
}

StoreStats Store::Stats() const {
  StoreStats stats{};
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->lock());
    stats.entries += shard->entries();
    stats.entries_with_expiry += shard->index().with_deadline();
    stats.evicted += shard->evicted.get();
    stats.expired += shard->expired.get();
    stats.hits += shard->hits.get();
    stats.misses += shard->misses.get();
    stats.index_slots += shard->index().lanes();
    stats.index_used += shard->index().count();
    stats.key_bytes += shard->key_bytes.get();
    stats.value_bytes += shard->value_bytes.get();
  }
  stats.used_bytes = budget_.used_bytes();
  stats.peak_used_bytes = budget_.peak_bytes();
  return stats;
}

uint64_t Store::UsedBytes() const { return budget_.used_bytes(); }
uint32_t Store::shard_count() const { return shard_count_; }
uint32_t Store::database_count() const { return context_.databases; }

Status Store::CheckInvariants() const {
  uint64_t entries = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->lock());
    if (Status status = shard->CheckInvariants(); !status.ok()) return status;
    entries += shard->entries();
  }
  // Holds only while nobody writes.
  if (entries != entries_.load(std::memory_order_relaxed)) {
    return {StatusCode::kCorrupt, "store: the number of entries is not the sum over the shards"};
  }
  return Status::Ok();
}

}  // namespace distcache::store
