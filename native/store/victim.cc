// Looks at whole buckets, one after the other from a random one on: their entries are one cache line of references apart, and
// which entries share a bucket is random.
#include "store/victim.h"

#include <bit>

namespace distcache::store {
namespace {

// How many candidates a sample holds. More come closer to exact LRU and cost more: bench/hit-ratio shows the first,
// bench/native/store_bench.cc the second.
constexpr uint32_t kSampleSize = 20;

class Choice {
 public:
  Choice(const Shard& shard, const VictimRule& rule, const Protection* protection)
      : shard_(shard), rule_(rule), protection_(protection) {}

  // Looks at one bucket; returns the number of candidates in it.
  uint32_t Consider(uint32_t number, uint32_t at) {
    const Bucket& bucket = shard_.index().SegmentAt(number).buckets[at];
    uint32_t lanes = bucket.UsedLanes();
    if (IsVolatile(rule_.policy)) lanes &= bucket.deadlines;
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
      __builtin_prefetch(shard_.slab().At(bucket.refs[std::countr_zero(rest)]));
    }
    uint32_t candidates = 0;
    for (; lanes != 0; lanes &= lanes - 1) {
      const auto lane = static_cast<uint32_t>(std::countr_zero(lanes));
      const Entry entry = shard_.EntryOf(bucket.refs[lane]);
      const uint64_t rank = RankOf(entry);
      ++candidates;
      if (has_best_ && rank <= best_rank_) continue;
      if (protection_ != nullptr && protection_->Covers(shard_.HashOf(bucket.refs[lane]))) {
        --candidates;
        continue;
      }
      has_best_ = true;
      best_rank_ = rank;
      best_ref_ = bucket.refs[lane];
    }
    return candidates;
  }

  bool has_best() const { return has_best_; }
  bool Tell(Victim* victim) const {
    if (!has_best_) return false;
    victim->rank = best_rank_;
    const Ref wanted = best_ref_;
    return shard_.index().Find(
        shard_.HashOf(wanted), [wanted](Ref ref) { return ref == wanted; }, &victim->place);
  }

 private:
  uint64_t RankOf(const Entry& entry) const {
    if (rule_.policy == EvictionPolicy::kVolatileTtl) return ~static_cast<uint64_t>(entry.deadline_ms());
    if (rule_.policy == EvictionPolicy::kAllKeysRandom) return 0;
    return RecencyClock::AgeOf(entry.tick(), rule_.clock_now);
  }

  const Shard& shard_;
  const VictimRule& rule_;
  const Protection* protection_;
  bool has_best_ = false;
  uint64_t best_rank_ = 0;
  Ref best_ref_ = 0;
};

}  // namespace

bool PickVictim(Shard& shard, const VictimRule& rule, const Protection* protection, Victim* victim) {
  const Index& index = shard.index();
  const bool is_volatile = IsVolatile(rule.policy);
  if ((is_volatile ? index.with_deadline() : index.count()) == 0) return false;
  const uint32_t wanted = rule.looks_at_all ? ~0u : rule.policy == EvictionPolicy::kAllKeysRandom ? 1 : kSampleSize;
  const uint32_t numbers = index.segment_numbers();
  const uint64_t random = shard.NextRandom();
  uint32_t number = static_cast<uint32_t>((random >> 32) * numbers >> 32);
  uint32_t candidates = 0;
  Choice choice(shard, rule, protection);
  // Once round at most, and the first segment again from its beginning.
  for (uint32_t visited = 0; visited <= numbers && candidates < wanted; ++visited) {
    const Segment& segment = index.SegmentAt(number);
    const bool is_candidate = segment.buckets != nullptr && (!is_volatile || segment.with_deadline > 0);
    if (is_candidate) {
      const auto first = static_cast<uint32_t>((random & 0xFFFFFFFF) * segment.bucket_count >> 32);
      for (uint32_t i = 0; i < segment.bucket_count && candidates < wanted; ++i) {
        candidates += choice.Consider(number, (first + i) % segment.bucket_count);
      }
    }
    if (++number == numbers) number = 0;
  }
  return choice.Tell(victim);
}

}  // namespace distcache::store
