// What keeps a shard tidy: compaction of its slab, ages that would wrap round, and the check of its invariants.
#include <algorithm>
#include <vector>

#include "store/shard.h"

namespace distcache::store {

void Shard::MoveChunk(Ref from) {
  Place place{};
  if (!index_.Find(
          HashOf(from), [from](Ref ref) { return ref == from; }, &place))
    return;
  Purse purse(context_->budget);
  Ref to = 0;
  const uint32_t bytes = slab_.ChunkBytes(from);
  if (!slab_.TryAllocate(bytes, &purse, &to)) return;
  std::memcpy(slab_.At(to), slab_.At(from), bytes);
  index_.SetRef(place, to);
  slab_.Free(from);
}

void Shard::Compact(uint32_t entries, bool hard) {
  if (!slab_.StartEmptying(hard ? 1 : 2, hard)) return;
  Ref ref = 0;
  for (uint32_t moved = 0; (hard || moved < entries) && slab_.NextToMove(&ref); ++moved) MoveChunk(ref);
}

void Shard::ClampAges(uint32_t now) {
  struct Old {
    uint32_t age;
    Ref ref;
  };
  constexpr uint32_t kRanks = 1024;
  FallibleArray<Old> old;  // without memory for it the order of the oldest is lost, nothing else
  for (uint32_t number = 0; number < index_.segment_numbers(); ++number) {
    const Segment& segment = index_.SegmentAt(number);
    for (uint32_t b = 0; segment.buckets != nullptr && b < segment.bucket_count; ++b) {
      for (uint32_t lane = 0; lane < kLanes; ++lane) {
        if (segment.buckets[b].tags[lane] == 0) continue;
        const Ref ref = segment.buckets[b].refs[lane];
        const uint32_t age = RecencyClock::AgeOf(EntryOf(ref).tick(), now);
        if (age < RecencyClock::kMaxAge - kRanks) continue;
        EntryOf(ref).set_tick((now - RecencyClock::kMaxAge) & kTickMask);
        (void)old.TryPush({age, ref});
      }
    }
  }
  if (old.size() > kRanks) return;
  std::sort(old.begin(), old.end(), [](const Old& a, const Old& b) { return a.age > b.age; });
  for (uint32_t rank = 0; rank < old.size(); ++rank) {
    EntryOf(old[rank].ref).set_tick((now - RecencyClock::kMaxAge + rank) & kTickMask);
  }
}

Status Shard::CheckInvariants() const {
  if (Status status = slab_.CheckInvariants(); !status.ok()) return status;
  if (Status status = index_.CheckInvariants(hasher_); !status.ok()) return status;
  std::vector<Ref> refs;
  std::vector<uint64_t> entries(context_->databases);
  std::vector<uint64_t> with_deadline(context_->databases);
  uint64_t keys = 0, values = 0, block_count = 0;
  for (uint32_t number = 0; number < index_.segment_numbers(); ++number) {
    const Segment& segment = index_.SegmentAt(number);
    for (uint32_t b = 0; segment.buckets != nullptr && b < segment.bucket_count; ++b) {
      for (uint32_t lane = 0; lane < kLanes; ++lane) {
        if (segment.buckets[b].tags[lane] == 0) continue;
        const Entry entry = EntryOf(segment.buckets[b].refs[lane]);
        const bool has_deadline = (segment.buckets[b].deadlines >> lane & 1) != 0;
        if (entry.database() >= context_->databases) return {StatusCode::kCorrupt, "shard 1: no such database"};
        if (entry.has_deadline() != has_deadline) return {StatusCode::kCorrupt, "index 4: deadline of an entry"};
        if (has_deadline && entry.deadline_ms() < segment.earliest_deadline_ms) {
          return {StatusCode::kCorrupt, "index 5: a deadline before the earliest"};
        }
        refs.push_back(segment.buckets[b].refs[lane]);
        ++entries[entry.database()];
        with_deadline[entry.database()] += has_deadline ? 1 : 0;
        keys += entry.key().size();
        values += entry.value().size();
        block_count += (entry.key_block() != nullptr ? 1 : 0) + (entry.value_block() != nullptr ? 1 : 0);
      }
    }
  }
  std::sort(refs.begin(), refs.end());
  if (std::adjacent_find(refs.begin(), refs.end()) != refs.end() || refs.size() != slab_.live_chunks() ||
      refs.size() != entries_.get()) {
    return {StatusCode::kCorrupt, "shard 1: index and slab do not agree"};
  }
  for (uint32_t i = 0; i < context_->databases; ++i) {
    if (entries[i] != databases_[i].entries.get() || with_deadline[i] != databases_[i].with_deadline.get()) {
      return {StatusCode::kCorrupt, "shard 2: counts of a database"};
    }
  }
  if (keys != key_bytes.get() || values != value_bytes.get() || block_count != blocks.get()) {
    return {StatusCode::kCorrupt, "shard 3: sums over the entries"};
  }
  return Status::Ok();
}

}  // namespace distcache::store
