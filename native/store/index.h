// One shard's table from hash to reference. It grows and shrinks one segment (at most 16 buckets of one cache line) at a time, so
// no operation ever waits for a rehash of more than 192 entries. Called with the shard's lock held.
//
// A directory maps the top bits of a hash to a segment (extendible hashing); inside a segment the following bits choose the
// home bucket, so that segments and buckets lie in hash order: a position in hash order means the same before and after growth.
//
// Invariants:
// 1. The directory has 2^depth places; a segment of its own depth d stands in 2^(depth - d) neighbouring ones.
// 2. An entry lies in its home bucket or, when that was full, in the next with room (wrapping round the segment); `passed` of a
//    bucket counts the entries that were passed on over it. A lookup ends at a bucket that passed none on.
// 3. A lane is empty exactly when its tag is 0; else the tag is eight bits of the entry's hash (0 read as 1).
// 4. Bit i of `deadlines`: the entry of lane i has a deadline. `count` and `with_deadline` of a segment are sums over its buckets.
// 5. No entry of a segment has a deadline before its `earliest_deadline_ms`.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "core/bytes.h"
#include "core/status.h"
#include "port/byte_match.h"
#include "store/index_memory.h"
#include "store/memory_budget.h"
#include "store/slab.h"

namespace distcache::store {

inline constexpr uint32_t kLanes = 12;
inline constexpr uint32_t kMaxBuckets = 16;
inline constexpr int64_t kNoDeadline = std::numeric_limits<int64_t>::max();

struct alignas(64) Bucket {
  uint16_t deadlines;
  uint8_t passed;
  uint8_t always_zero;  // the slab's mark of a free chunk
  Ref refs[kLanes];
  uint8_t tags[kLanes];

  // The lanes whose tag is this one.
  uint32_t LanesOf(uint8_t tag) const {
    static_assert(sizeof(Bucket) == 64 && kLanes == 12, "the tags are the last twelve bytes");
    // From the bucket, not from `tags`: four bytes before an array are out of its bounds.
    return port::MatchSixteenBytes(reinterpret_cast<const uint8_t*>(this) + sizeof(Bucket) - 16, tag) >> 4;
  }
  uint32_t UsedLanes() const { return ~LanesOf(0) & ((1u << kLanes) - 1); }
};

inline constexpr uint32_t kNoSegment = ~0u;

struct Segment {
  Bucket* buckets;  // null: a vacant number
  union {
    int64_t earliest_deadline_ms;
    uint32_t next_vacant;
  };
  uint16_t count;
  uint16_t with_deadline;
  uint8_t bucket_count;
  uint8_t depth;
  Ref piece;  // of the index memory
};

// Where an entry stands; void after any insertion or removal in the index.
struct Place {
  uint32_t segment;
  uint8_t home;
  uint8_t bucket;
  uint8_t lane;
};

// Answers the hash of an entry: what the index asks when it moves entries.
class EntryHasher {
 public:
  virtual uint64_t HashOf(Ref ref) const = 0;
  virtual void Prefetch(Ref ref) const = 0;  // a hint before HashOf

 protected:
  ~EntryHasher() = default;
};

class Index {
 public:
  Index(IndexMemory* memory, MemoryBudget* budget) : memory_(memory), budget_(budget) {}
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  ~Index();

  // Needed once before anything else.
  [[nodiscard]] bool TryStart(Purse* purse);

  template <typename Matches>
  bool Find(uint64_t hash, const Matches& matches, Place* place) const {
    const uint32_t number = SegmentOf(hash);
    const Segment& segment = segments_[number];
    const uint8_t tag = TagOf(hash);
    const uint32_t home = HomeOf(hash, segment);
    uint32_t at = home;
    for (uint32_t visited = 0; visited < segment.bucket_count; ++visited) {
      const Bucket& bucket = segment.buckets[at];
      for (uint32_t hits = bucket.LanesOf(tag); hits != 0; hits &= hits - 1) {
        const auto lane = static_cast<uint32_t>(std::countr_zero(hits));
        if (matches(bucket.refs[lane])) {
          *place = {number, static_cast<uint8_t>(home), static_cast<uint8_t>(at), static_cast<uint8_t>(lane)};
          return true;
        }
      }
      if (bucket.passed == 0) return false;
      if (++at == segment.bucket_count) at = 0;
    }
    return false;
  }

  // Hints for many hashes in a row: first the bucket of each, then, when those have come, the entries that may be theirs.
  // Inlined by force: gcc takes a function that only prefetches for one without effect, and drops the call.
  [[gnu::always_inline]] void PrefetchBucket(uint64_t hash) const {
    const Segment& segment = segments_[SegmentOf(hash)];
    __builtin_prefetch(&segment.buckets[HomeOf(hash, segment)]);
  }
  template <typename Visit>
  [[gnu::always_inline]] void ForEachCandidate(uint64_t hash, const Visit& visit) const {
    const Segment& segment = segments_[SegmentOf(hash)];
    const Bucket& bucket = segment.buckets[HomeOf(hash, segment)];
    const uint8_t tag = TagOf(hash);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      if (bucket.tags[lane] == tag) visit(bucket.refs[lane]);
    }
  }

  // Of an index that was just started: room for so many entries at once, which then need no growth to speak of. False: there is no
  // memory for it, and the index is as it was.
  [[nodiscard]] bool TryPresize(uint64_t entries, Purse* purse);

  // Makes sure that one Insert of this hash succeeds. False: there is no memory, or no room by any split.
  [[nodiscard]] bool TryMakeRoom(uint64_t hash, const EntryHasher& hasher, Purse* purse);
  // True when TryMakeRoom would take no memory.
  bool HasRoom(uint64_t hash) const;
  Place Insert(uint64_t hash, Ref ref, int64_t deadline_ms);  // deadline 0: none
  void Erase(const Place& place);
  // Less than a quarter full: worth a call of ShrinkAround after a removal.
  bool IsSparse(uint32_t number) const {
    return segments_[number].count * 4u < segments_[number].bucket_count * kLanes;
  }
  // Gives memory back when the segment of this hash is sparse.
  void ShrinkAround(uint64_t hash, const EntryHasher& hasher);
  void Clear();

  Ref RefAt(const Place& place) const { return segments_[place.segment].buckets[place.bucket].refs[place.lane]; }
  void SetRef(const Place& place, Ref ref) { segments_[place.segment].buckets[place.bucket].refs[place.lane] = ref; }
  void SetDeadline(const Place& place, int64_t deadline_ms);  // 0: none

  // Segments by number, some vacant (buckets null): for sampling.
  uint32_t segment_numbers() const { return static_cast<uint32_t>(segments_.size()); }
  const Segment& SegmentAt(uint32_t number) const { return segments_[number]; }
  void SetEarliestDeadline(uint32_t number, int64_t at_ms) { segments_[number].earliest_deadline_ms = at_ms; }
  // Segments in hash order: the one a hash falls into, and the first hash after it (0 after the last).
  uint32_t SegmentOf(uint64_t hash) const { return directory_[DirectoryPlace(hash)]; }
  uint64_t EndOfSegment(uint64_t hash) const;

  uint64_t count() const { return count_; }
  uint64_t with_deadline() const { return with_deadline_; }
  uint64_t lanes() const { return buckets_ * kLanes; }
  Status CheckInvariants(const EntryHasher& hasher) const;

  static uint8_t TagOf(uint64_t hash) {
    const auto tag = static_cast<uint8_t>(hash >> 9);  // below: bits that may have chosen the shard
    return tag == 0 ? 1 : tag;
  }

 private:
  struct Moved {
    uint64_t hash;
    Ref ref;
    bool has_deadline;
  };

  size_t DirectoryPlace(uint64_t hash) const { return (hash >> 1) >> (63 - depth_); }
  static uint32_t HomeOf(uint64_t hash, const Segment& segment) {
    return static_cast<uint32_t>(((hash << segment.depth) >> 32) * segment.bucket_count >> 32);
  }
  static uint32_t Limit(uint32_t bucket_count) { return bucket_count == 1 ? kLanes : bucket_count * kLanes * 7 / 8; }
  static uint32_t BucketsFor(uint32_t entries);
  // An empty segment with buckets of its own; those are null when there is no memory.
  Segment TryMakeSegment(uint32_t bucket_count, uint32_t depth, Purse* purse);
  void FreeSegment(const Segment& segment);
  Place InsertInto(uint32_t number, uint64_t hash, Ref ref, bool has_deadline);
  static uint32_t TakeOut(const Segment& segment, const EntryHasher& hasher, Moved* moved);
  void PointDirectoryAt(uint32_t number, uint64_t hash, uint32_t depth);
  void VacateSegment(uint32_t number);
  bool TryResize(uint32_t number, uint32_t bucket_count, const EntryHasher& hasher, Purse* purse);
  bool TrySplit(uint64_t hash, const EntryHasher& hasher, Purse* purse);
  void TryMerge(uint64_t hash, const EntryHasher& hasher);
  bool TryDoubleDirectory(Purse* purse);
  bool TryNumberSegment(uint32_t* number, Purse* purse);
  uint64_t TableBytes() const { return directory_.capacity_bytes() + segments_.capacity_bytes(); }
  Status CheckSegment(uint32_t number, const EntryHasher& hasher) const;

  IndexMemory* memory_;
  MemoryBudget* budget_;
  FallibleArray<uint32_t> directory_;
  FallibleArray<Segment> segments_;
  uint32_t depth_ = 0;
  uint32_t vacant_ = kNoSegment;  // first of the vacant numbers
  uint64_t count_ = 0;
  uint64_t with_deadline_ = 0;
  uint64_t buckets_ = 0;
};

}  // namespace distcache::store
