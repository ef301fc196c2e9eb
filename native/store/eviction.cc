// Making room: which shard gives an entry up, and the record that says so.
#include <algorithm>

#include "store/store.h"
#include "store/victim.h"

namespace distcache::store {
namespace {

// Up to here the order of eviction is exact.
constexpr uint64_t kExactEntries = 1000;

}  // namespace

class OwnKeys final : public Protection {
 public:
  explicit OwnKeys(const Access& access) : access_(access) {}
  bool Covers(uint64_t hash) const override { return access_.IsOwn(hash); }

 private:
  const Access& access_;
};

bool Store::IsExact() const {
  const uint64_t bound = max_entries_.load(std::memory_order_relaxed);
  return (bound != 0 && bound <= kExactEntries) || entries_.load(std::memory_order_relaxed) <= kExactEntries;
}

void Store::RemoveVictim(Shard& shard, const Place& place) {
  const Entry entry = shard.EntryAt(place);
  // Acquire: the log was built by another thread.
  if (WriteLog* log = log_.load(std::memory_order_acquire)) {
    const Effect effect{EffectKind::kRemove, 0, databases_.LogicalOf(entry.database()), 0, 0, entry.key(), {}};
    shard.newest_sequence = log->Append({&effect, 1}, WriteLog::kNoReservation);
  }
  shard.Remove(place);
  shard.evicted.Add(1);
  UncountEntries(1);
}

// Removes what has expired in one segment, if anything has.
bool Store::SweepOne(Shard& shard, TimeMs now_ms) {
  if (shard.index().with_deadline() == 0) return false;
  uint32_t number = shard.NextExpiring(0, now_ms);
  while (number != kNoSegment) {
    const uint64_t before = shard.entries();
    shard.SweepSegment(number, now_ms);
    UncountEntries(before - shard.entries());
    if (before != shard.entries()) return true;
    number = shard.NextExpiring(0, now_ms);  // the bound was too low and has been raised
  }
  return false;
}

// With the shard's lock held. The keys of `access` stay.
bool Store::EvictIn(Shard& shard, const Access* access) {
  if (SweepOne(shard, access->now_ms_)) return true;
  if (!may_evict()) return false;
  const OwnKeys own(*access);
  Victim victim;
  if (!PickVictim(shard, {policy(), clock_.now(), IsExact()}, &own, &victim)) return false;
  RemoveVictim(shard, victim.place);
  return true;
}

// From `own` or, when the Access holds them all, from any other shard.
bool Store::EvictInHeld(Shard& own, Access* access) {
  access->memo_ = Access::Memo{};
  if (EvictIn(own, access)) return true;
  if (access->scope_ == nullptr) return false;
  for (const uint16_t number : access->scope_->shards) {
    if (EvictIn(ShardAt(number), access)) return true;
  }
  return false;
}

bool Store::TryFreeMemoryIn(Shard& shard, const Access* access) {
  if (!EvictIn(shard, access)) return false;
  shard.Compact(0, true);
  return true;
}

// Takes no lock but that of one shard at a time; the caller holds none. for_memory: from the shard with the most entries, so that
// its spans run empty soon; else from one at random, weighted by entries.
bool Store::EvictElsewhere(const Access* access, bool for_memory) {
  if (shard_count_ > 1 && IsExact() && may_evict()) return EvictOldestOfAll(access);
  uint32_t start = 0;
  if (for_memory) {
    for (uint32_t i = 1; i < shard_count_; ++i) {
      if (ShardAt(i).entries() > ShardAt(start).entries()) start = i;
    }
  } else {
    uint64_t total = 0;
    for (uint32_t i = 0; i < shard_count_; ++i) total += ShardAt(i).entries();
    const uint64_t random = Hash64(context_.secrets, evictions_elsewhere_.fetch_add(1, std::memory_order_relaxed), {});
    uint64_t left = total == 0 ? 0 : random % total;
    while (start + 1 < shard_count_ && left >= ShardAt(start).entries()) left -= ShardAt(start++).entries();
  }
  for (uint32_t i = 0; i < shard_count_; ++i) {
    Shard& shard = ShardAt((start + i) & (shard_count_ - 1));
    const std::lock_guard lock(shard.lock());
    if (for_memory ? TryFreeMemoryIn(shard, access) : EvictIn(shard, access)) return true;
  }
  return false;
}

// Few entries in many shards: every shard names its oldest, and the oldest of those goes.
bool Store::EvictOldestOfAll(const Access* access) {
  const OwnKeys own(*access);
  const VictimRule rule{policy(), clock_.now(), true};
  uint32_t chosen = shard_count_;
  uint64_t rank = 0;
  for (uint32_t i = 0; i < shard_count_; ++i) {
    Shard& shard = ShardAt(i);
    const std::lock_guard lock(shard.lock());
    if (SweepOne(shard, access->now_ms_)) return true;
    Victim victim;
    if (!PickVictim(shard, rule, &own, &victim)) continue;
    if (chosen != shard_count_ && victim.rank <= rank) continue;
    chosen = i;
    rank = victim.rank;
  }
  if (chosen == shard_count_) return false;
  Shard& shard = ShardAt(chosen);
  const std::lock_guard lock(shard.lock());
  return TryFreeMemoryIn(shard, access);
}

}  // namespace distcache::store
