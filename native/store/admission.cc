// Begin: room in the log, then the locks, then room in the store; all before a command's first effect.
#include <algorithm>

#include "store/store.h"

namespace distcache::store {
namespace {

// An index grows by at most one split for each key: two halves, each perhaps in a new span, and their tables.
constexpr uint64_t kIndexGrowthBytes = 2 * kUnitBytes + 512;

}  // namespace

Admission Store::Begin(Access* access, std::span<const Key> keys, const Intent& intent, TimeMs now_ms, bool touches) {
  access->End();
  clock_.NoteTime(now_ms);
  access->now_ms_ = now_ms;
  access->touches_ = touches;
  // Acquire: the log was built by another thread.
  access->log_ = intent.writes ? log_.load(std::memory_order_acquire) : nullptr;
  access->purse_ = Purse(&budget_);
  if (access->log_ != nullptr && !TryReserveLog(access, keys, intent)) return Admission::kNoRoom;
  access->store_ = this;
  LockAll(access, keys, intent);
  if (!intent.writes) return Admission::kOk;
  const bool has_bounds = max_entries_.load(std::memory_order_relaxed) != 0 || budget_.limit_bytes() != 0;
  if (!has_bounds) return Admission::kOk;
  const Admission admission = MakeRoom(access, keys, intent);
  if (admission != Admission::kOk) access->End();
  return admission;
}

bool Store::TryReserveLog(Access* access, std::span<const Key> keys, const Intent& intent) {
  uint64_t payload = intent.value_bytes;
  for (const Key& key : keys) payload += key.bytes.size();
  if (intent.copies_existing) payload += ExistingBytes(keys);
  if (!access->log_->Reserve(payload, intent.must_succeed)) return false;
  access->reserved_payload_ = payload;
  return true;
}

// The sizes of the values as they are now; they may change until the locks are held, and the log bears that.
uint64_t Store::ExistingBytes(std::span<const Key> keys) const {
  uint64_t bytes = 0;
  for (const Key& key : keys) {
    Shard& shard = ShardAt(key.shard);
    const std::lock_guard lock(shard.lock());
    Place place{};
    if (shard.Find(key.hash, key.physical, key.bytes, &place)) bytes += shard.EntryAt(place).value().size();
  }
  return bytes;
}

void Store::LockAll(Access* access, std::span<const Key> keys, const Intent& intent) {
  if (keys.size() == 1 && !intent.all_shards) {
    const Key& key = keys.front();
    Shard& shard = ShardAt(key.shard);
    shard.lock().lock();
    if (databases_.PhysicalOf(key.database) == key.physical) {
      access->shard_ = &shard;
      access->own_hash_ = key.hash;
      SettleClock(shard);
      return;
    }
    shard.lock().unlock();
  }
  access->shard_ = nullptr;
  if (access->scope_ == nullptr) access->scope_ = std::make_unique<Access::Scope>();
  Access::Scope& scope = *access->scope_;
  while (true) {
    scope.shards.clear();
    scope.own_hashes.clear();
    std::vector<uint8_t> physical;
    for (const Key& given : keys) {
      const Key key = Locate(given.database, given.bytes);
      scope.relocates = scope.relocates || key.physical != given.physical;
      scope.own_hashes.push_back(key.hash);
      scope.shards.push_back(key.shard);
      physical.push_back(key.physical);
    }
    if (intent.all_shards) {
      scope.shards.resize(shard_count_);
      for (uint32_t i = 0; i < shard_count_; ++i) scope.shards[i] = static_cast<uint16_t>(i);
    }
    std::sort(scope.shards.begin(), scope.shards.end());
    scope.shards.erase(std::unique(scope.shards.begin(), scope.shards.end()), scope.shards.end());
    std::sort(scope.own_hashes.begin(), scope.own_hashes.end());
    for (const uint16_t number : scope.shards) {
      ShardAt(number).lock().lock();
      SettleClock(ShardAt(number));
    }
    bool is_current = true;
    for (size_t i = 0; i < keys.size(); ++i) {
      is_current = is_current && databases_.PhysicalOf(keys[i].database) == physical[i];
    }
    if (is_current) return;
    access->Unlock();  // SWAPDB came between: locate the keys again
  }
}

void Store::SettleClock(Shard& shard) {
  const uint64_t part = clock_.part();
  if (shard.clock_part == part) return;
  shard.clock_part = part;
  shard.ClampAges(clock_.now());
}

bool Store::TryReserveEntries(uint64_t count) {
  uint64_t entries = entries_.load(std::memory_order_relaxed);
  do {
    const uint64_t bound = max_entries_.load(std::memory_order_relaxed);
    if (bound != 0 && entries + count > bound) return false;
  } while (!entries_.compare_exchange_weak(entries, entries + count, std::memory_order_relaxed));
  return true;
}

uint64_t Store::CountMissing(Access* access, std::span<const Key> keys) const {
  uint64_t missing = 0;
  for (const Key& key : keys) missing += access->Look(key).is_there ? 0 : 1;
  return missing;
}

// An upper bound of the memory that may be charged for what the intent says; 0 when what is there is enough for sure.
uint64_t Store::MemoryNeededFor(Access* access, std::span<const Key> keys, const Intent& intent) const {
  uint64_t value_bytes = intent.value_bytes + intent.gap_bytes;
  if (intent.copies_existing || intent.grows_existing) {
    for (const Key& key : keys) {
      const Access::Memo& memo = access->Look(key);
      if (memo.is_there) value_bytes += memo.shard->EntryAt(memo.place).value().size();
    }
  }
  if (keys.size() == 1) {
    const Key& key = keys.front();
    const Access::Memo& memo = access->Look(key);
    const bool has_deadline = memo.is_there && memo.shard->EntryAt(memo.place).has_deadline();
    const EntryShape shape{key.bytes.size(), value_bytes, has_deadline};
    if (!shape.value_in_block() && !shape.key_in_block()) {
      const EntryShape with_deadline{key.bytes.size(), value_bytes, true};
      if (memo.is_there && memo.shard->FitsInPlace(memo.place, shape)) return 0;
      if (memo.shard->HasRoomFor(memo.hash, shape) && memo.shard->HasRoomFor(memo.hash, with_deadline)) return 0;
    }
  }
  uint64_t bytes = value_bytes + value_bytes / 4;
  uint64_t largest_bytes = kUnitBytes;
  for (const Key& key : keys) {
    bytes += key.bytes.size() + kEntryHeaderBytes + 64;
    if (access->Look(key).is_there) continue;
    bytes += kIndexGrowthBytes;
    if (!access->memo_.shard->HasRoomFor(access->memo_.hash, {key.bytes.size(), value_bytes, true})) {
      bytes += largest_bytes;
    }
  }
  if (value_bytes > kBlockThresholdBytes / keys.size()) bytes += Block::FootprintOf(0) * keys.size();
  return bytes + (value_bytes > 1024 ? kLargestSpanBytes : kUnitBytes);
}

// Both: true when the room is there. *is_unlocked says that the locks were given up on the way and everything must be looked at
// again. False: the bound is reached and nothing (more) may be evicted.
bool Store::MakeEntryRoom(Access* access, std::span<const Key> keys, const Intent& intent, bool* is_unlocked) {
  if (!intent.adds_keys) return true;
  const uint64_t missing = CountMissing(access, keys);
  if (missing <= access->reserved_entries_) return true;
  const uint64_t wanted = missing - access->reserved_entries_;
  const uint64_t bound = max_entries_.load(std::memory_order_relaxed);
  if (bound != 0 && missing > bound) return false;
  while (!TryReserveEntries(wanted)) {
    Shard& own = *access->Look(keys.front()).shard;
    // A shard with few entries must not pay for all: then another gives one up.
    const bool is_own_fair = own.entries() * shard_count_ * 2 >= bound && (shard_count_ == 1 || !IsExact());
    const bool holds_all = access->HeldShards() == shard_count_;
    if ((is_own_fair || holds_all) && EvictInHeld(own, access)) continue;
    if (holds_all) return false;
    access->Unlock();
    *is_unlocked = true;
    return EvictElsewhere(access, false);
  }
  access->reserved_entries_ += static_cast<uint32_t>(wanted);
  return true;
}

bool Store::MakeMemoryRoom(Access* access, std::span<const Key> keys, const Intent& intent, bool* is_unlocked) {
  if (budget_.limit_bytes() == 0 || keys.empty() || (!intent.adds_keys && intent.value_bytes == 0)) return true;
  while (true) {
    const uint64_t needed = MemoryNeededFor(access, keys, intent);
    if (needed <= access->purse_.credit_bytes()) return true;
    if (needed > budget_.limit_bytes()) return false;
    if (access->purse_.TryFill(needed - access->purse_.credit_bytes())) return true;
    if (!may_evict()) return false;
    Shard& own = *access->Look(keys.front()).shard;
    const bool holds_all = access->HeldShards() == shard_count_;
    const bool is_own_fair = own.entries() * shard_count_ * 2 >= entries_.load(std::memory_order_relaxed);
    if ((is_own_fair || holds_all) && EvictInHeld(own, access)) {
      own.Compact(0, true);
      continue;
    }
    if (holds_all) return false;
    access->Unlock();
    *is_unlocked = true;
    return EvictElsewhere(access, true);
  }
}

Admission Store::MakeRoom(Access* access, std::span<const Key> keys, const Intent& intent) {
  while (true) {
    bool is_unlocked = false;
    bool has_room = MakeEntryRoom(access, keys, intent, &is_unlocked);
    if (has_room && !is_unlocked) has_room = MakeMemoryRoom(access, keys, intent, &is_unlocked);
    if (!is_unlocked) return has_room ? Admission::kOk : Admission::kOutOfMemory;
    LockAll(access, keys, intent);
    if (!has_room) return Admission::kOutOfMemory;
  }
}

}  // namespace distcache::store
