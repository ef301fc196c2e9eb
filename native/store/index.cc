// Growth, shrinking and the bookkeeping of segments.
#include "store/index.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace distcache::store {
namespace {

// Steps of about a quarter: a segment is at least 70 % as full as it may be once it has more than four buckets.
constexpr std::array<uint8_t, 10> kBucketCounts = {1, 2, 3, 4, 6, 8, 10, 12, 14, 16};
constexpr uint32_t kMaxDepth = 32;
constexpr uint64_t kAllocatorOverheadBytes = 32;  // of an aligned piece, on average

// The bit of the hash that tells the two halves of a segment of this depth apart.
uint64_t SplitBit(uint32_t depth) { return 1ull << (63 - depth); }

}  // namespace

Index::~Index() {
  for (Segment& segment : segments_) {
    if (segment.buckets != nullptr) FreeBuckets(segment.buckets, segment.bucket_count);
  }
  budget_->Uncharge(TableBytes());
}

bool Index::TryStart(Purse* purse) {
  const uint64_t before = TableBytes();
  const bool has_tables = directory_.TryPush(0) && segments_.TryPush(Segment{});
  ChargeTables(before);
  if (!has_tables) return false;
  Bucket* buckets = TryAllocateBuckets(1, purse);
  if (buckets == nullptr) return false;
  segments_[0] = {buckets, kNoDeadline, 0, 0, 1, 0};
  return true;
}

Bucket* Index::TryAllocateBuckets(uint32_t bucket_count, Purse* purse) {
  const size_t bytes = bucket_count * sizeof(Bucket);
  if (!purse->TryTake(bytes + kAllocatorOverheadBytes)) return nullptr;
  void* memory = std::aligned_alloc(alignof(Bucket), bytes);
  if (memory == nullptr) {
    purse->Refund(bytes + kAllocatorOverheadBytes);
    return nullptr;
  }
  std::memset(memory, 0, bytes);
  buckets_ += bucket_count;
  ++pieces_;
  return static_cast<Bucket*>(memory);
}

void Index::FreeBuckets(Bucket* buckets, uint32_t bucket_count) {
  std::free(static_cast<void*>(buckets));
  budget_->Uncharge(bucket_count * sizeof(Bucket) + kAllocatorOverheadBytes);
  buckets_ -= bucket_count;
  --pieces_;
}

uint32_t Index::BucketsFor(uint32_t entries) {
  for (const uint32_t bucket_count : kBucketCounts) {
    if (entries + entries / 8 <= Limit(bucket_count)) return bucket_count;
  }
  return kMaxBuckets;
}

uint64_t Index::EndOfSegment(uint64_t hash) const {
  const uint32_t depth = segments_[SegmentOf(hash)].depth;
  if (depth == 0) return 0;
  return ((hash >> (64 - depth)) + 1) << (64 - depth);  // wraps to 0 after the last
}

uint64_t Index::memory_bytes() const {
  return TableBytes() + buckets_ * sizeof(Bucket) + pieces_ * kAllocatorOverheadBytes;
}

bool Index::HasRoom(uint64_t hash) const {
  const Segment& segment = segments_[SegmentOf(hash)];
  return segment.count < Limit(segment.bucket_count);
}

bool Index::TryMakeRoom(uint64_t hash, const EntryHasher& hasher, Purse* purse) {
  while (!HasRoom(hash)) {
    const uint32_t number = SegmentOf(hash);
    const uint32_t bucket_count = segments_[number].bucket_count;
    bool has_grown = false;
    if (bucket_count < kMaxBuckets) {
      const auto* next = std::upper_bound(kBucketCounts.begin(), kBucketCounts.end(), bucket_count);
      has_grown = TryResize(number, *next, hasher, purse);
    } else {
      has_grown = TrySplit(hash, hasher, purse);
    }
    // Without memory a segment may still be filled to the last lane.
    if (!has_grown) return segments_[number].count < bucket_count * kLanes;
  }
  return true;
}

Place Index::Insert(uint64_t hash, Ref ref, int64_t deadline_ms) {
  const uint32_t number = SegmentOf(hash);
  Segment& segment = segments_[number];
  if (deadline_ms != 0) {
    segment.earliest_deadline_ms = std::min(segment.earliest_deadline_ms, deadline_ms);
    ++with_deadline_;
  }
  ++count_;
  return InsertInto(number, hash, ref, deadline_ms != 0);
}

Place Index::InsertInto(uint32_t number, uint64_t hash, Ref ref, bool has_deadline) {
  Segment& segment = segments_[number];
  const uint32_t home = HomeOf(hash, segment);
  uint32_t at = home;
  while (true) {
    Bucket& bucket = segment.buckets[at];
    const uint32_t empty = port::MatchSixteenBytes(bucket.tags, 0) & kLaneMask;
    if (empty != 0) {
      const auto lane = static_cast<uint32_t>(std::countr_zero(empty));
      bucket.tags[lane] = TagOf(hash);
      bucket.refs[lane] = ref;
      bucket.deadlines = static_cast<uint16_t>(bucket.deadlines | (has_deadline ? 1u << lane : 0u));
      ++segment.count;
      segment.with_deadline = static_cast<uint16_t>(segment.with_deadline + (has_deadline ? 1 : 0));
      return {number, static_cast<uint8_t>(home), static_cast<uint8_t>(at), static_cast<uint8_t>(lane)};
    }
    ++bucket.passed;
    if (++at == segment.bucket_count) at = 0;
  }
}

void Index::Erase(const Place& place) {
  Segment& segment = segments_[place.segment];
  for (uint32_t at = place.home; at != place.bucket;) {
    --segment.buckets[at].passed;
    if (++at == segment.bucket_count) at = 0;
  }
  SetDeadline(place, 0);
  segment.buckets[place.bucket].tags[place.lane] = 0;
  --segment.count;
  --count_;
}

void Index::SetDeadline(const Place& place, int64_t deadline_ms) {
  Segment& segment = segments_[place.segment];
  Bucket& bucket = segment.buckets[place.bucket];
  const auto bit = static_cast<uint16_t>(1u << place.lane);
  const bool had_one = (bucket.deadlines & bit) != 0;
  if (deadline_ms != 0) {
    segment.earliest_deadline_ms = std::min(segment.earliest_deadline_ms, deadline_ms);
    if (had_one) return;
    bucket.deadlines = static_cast<uint16_t>(bucket.deadlines | bit);
    ++segment.with_deadline;
    ++with_deadline_;
  } else if (had_one) {
    bucket.deadlines = static_cast<uint16_t>(bucket.deadlines & ~bit);
    --with_deadline_;
    if (--segment.with_deadline == 0) segment.earliest_deadline_ms = kNoDeadline;
  }
}

uint32_t Index::TakeOut(const Segment& segment, const EntryHasher& hasher, Moved* moved) {
  uint32_t count = 0;
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    const Bucket& bucket = segment.buckets[b];
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      if (bucket.tags[lane] == 0) continue;
      const Ref ref = bucket.refs[lane];
      hasher.Prefetch(ref);  // every entry is a cache miss: they run side by side
      moved[count++] = {0, ref, (bucket.deadlines >> lane & 1) != 0};
    }
  }
  for (uint32_t i = 0; i < count; ++i) moved[i].hash = hasher.HashOf(moved[i].ref);
  return count;
}

bool Index::TryResize(uint32_t number, uint32_t bucket_count, const EntryHasher& hasher, Purse* purse) {
  Bucket* buckets = TryAllocateBuckets(bucket_count, purse);
  if (buckets == nullptr) return false;
  const Segment old = segments_[number];
  Moved moved[kMaxBuckets * kLanes];
  const uint32_t count = TakeOut(old, hasher, moved);
  segments_[number] = {buckets, old.earliest_deadline_ms, 0, 0, static_cast<uint8_t>(bucket_count), old.depth};
  for (uint32_t i = 0; i < count; ++i) InsertInto(number, moved[i].hash, moved[i].ref, moved[i].has_deadline);
  FreeBuckets(old.buckets, old.bucket_count);
  return true;
}

bool Index::TryDoubleDirectory(Purse* purse) {
  const size_t places = directory_.size();
  const uint64_t before = TableBytes();
  // The array is charged by its capacity afterwards; asking the purse first keeps the bound.
  if (places * 2 * sizeof(uint32_t) > directory_.capacity_bytes()) {
    const uint64_t more = places * 2 * sizeof(uint32_t) - directory_.capacity_bytes();
    if (!purse->TryTake(more)) return false;
    const bool has_grown = directory_.TryReserve(places * 2);
    purse->Refund(more);
    ChargeTables(before);
    if (!has_grown) return false;
  }
  for (size_t i = 0; i < places; ++i) {
    if (!directory_.TryPush(0)) return false;
  }
  for (size_t i = places; i-- > 0;) directory_[2 * i] = directory_[2 * i + 1] = directory_[i];
  ++depth_;
  return true;
}

bool Index::TryNumberSegment(uint32_t* number, Purse* purse) {
  if (vacant_ != kNoSegment) {
    *number = vacant_;
    vacant_ = segments_[*number].next_vacant;
    return true;
  }
  *number = static_cast<uint32_t>(segments_.size());
  if ((segments_.size() + 1) * sizeof(Segment) > segments_.capacity_bytes()) {
    const uint64_t before = TableBytes();
    const uint64_t more = segments_.capacity_bytes() / 2 + sizeof(Segment);
    if (!purse->TryTake(more)) return false;
    const bool has_grown = segments_.TryReserve(segments_.size() + 1);
    purse->Refund(more);
    ChargeTables(before);
    if (!has_grown) return false;
  }
  return segments_.TryPush(Segment{});
}

void Index::VacateSegment(uint32_t number) {
  segments_[number] = Segment{};
  segments_[number].next_vacant = vacant_;
  vacant_ = number;
}

bool Index::TrySplit(uint64_t hash, const EntryHasher& hasher, Purse* purse) {
  const uint32_t number = SegmentOf(hash);
  const Segment old = segments_[number];
  if (old.depth >= kMaxDepth) return false;
  if (old.depth == depth_ && !TryDoubleDirectory(purse)) return false;
  Moved moved[kMaxBuckets * kLanes];
  const uint32_t count = TakeOut(old, hasher, moved);
  const uint64_t bit = SplitBit(old.depth);
  const auto high_count =
      static_cast<uint32_t>(std::count_if(moved, moved + count, [bit](const Moved& m) { return (m.hash & bit) != 0; }));
  const uint32_t high_buckets = BucketsFor(high_count);
  const uint32_t low_buckets = BucketsFor(count - high_count);
  Bucket* low = TryAllocateBuckets(low_buckets, purse);
  Bucket* high = low == nullptr ? nullptr : TryAllocateBuckets(high_buckets, purse);
  uint32_t sibling = 0;
  if (high == nullptr || !TryNumberSegment(&sibling, purse)) {
    if (low != nullptr) FreeBuckets(low, low_buckets);
    if (high != nullptr) FreeBuckets(high, high_buckets);
    return false;
  }
  const auto depth = static_cast<uint8_t>(old.depth + 1);
  segments_[number] = {low, old.earliest_deadline_ms, 0, 0, static_cast<uint8_t>(low_buckets), depth};
  segments_[sibling] = {high, old.earliest_deadline_ms, 0, 0, static_cast<uint8_t>(high_buckets), depth};
  PointDirectoryAt(sibling, hash | bit, depth);
  for (uint32_t i = 0; i < count; ++i) {
    InsertInto((moved[i].hash & bit) != 0 ? sibling : number, moved[i].hash, moved[i].ref, moved[i].has_deadline);
  }
  for (const uint32_t half : {number, sibling}) {
    if (segments_[half].with_deadline == 0) segments_[half].earliest_deadline_ms = kNoDeadline;
  }
  FreeBuckets(old.buckets, old.bucket_count);
  return true;
}

// Every place of the segment that a hash of this depth falls into.
void Index::PointDirectoryAt(uint32_t number, uint64_t hash, uint32_t depth) {
  const size_t places = size_t{1} << (depth_ - depth);
  const size_t first = DirectoryPlace(hash) & ~(places - 1);
  for (size_t i = 0; i < places; ++i) directory_[first + i] = number;
}

void Index::ShrinkAround(uint64_t hash, const EntryHasher& hasher) {
  const uint32_t number = SegmentOf(hash);
  if (!IsSparse(number)) return;
  Purse purse(budget_);
  const uint32_t wanted = BucketsFor(segments_[number].count);
  if (wanted < segments_[number].bucket_count) (void)TryResize(number, wanted, hasher, &purse);
  if (segments_[number].depth > 0) TryMerge(hash, hasher);
}

// Joins two halves that fit into four buckets, so that a shard that ran empty is small again.
void Index::TryMerge(uint64_t hash, const EntryHasher& hasher) {
  const uint32_t number = SegmentOf(hash);
  const uint32_t depth = segments_[number].depth;
  const uint64_t bit = SplitBit(depth - 1);
  const uint32_t sibling = SegmentOf(hash ^ bit);
  if (segments_[sibling].depth != depth || segments_[number].count + segments_[sibling].count > 2 * kLanes) return;
  Purse purse(budget_);
  const uint32_t bucket_count = BucketsFor(segments_[number].count + segments_[sibling].count);
  Bucket* buckets = TryAllocateBuckets(bucket_count, &purse);
  if (buckets == nullptr) return;
  Moved moved[2 * kLanes];
  const Segment a = segments_[number];
  const Segment b = segments_[sibling];
  uint32_t count = TakeOut(a, hasher, moved);
  count += TakeOut(b, hasher, moved + count);
  VacateSegment(sibling);
  segments_[number] = {buckets,
                       std::min(a.earliest_deadline_ms, b.earliest_deadline_ms),
                       0,
                       0,
                       static_cast<uint8_t>(bucket_count),
                       static_cast<uint8_t>(depth - 1)};
  PointDirectoryAt(number, hash, depth - 1);
  for (uint32_t i = 0; i < count; ++i) InsertInto(number, moved[i].hash, moved[i].ref, moved[i].has_deadline);
  FreeBuckets(a.buckets, a.bucket_count);
  FreeBuckets(b.buckets, b.bucket_count);
}

void Index::Clear() {
  // One segment's buckets are kept: being empty needs no memory that might not be had.
  const Segment kept = segments_[directory_[0]];
  for (Segment& segment : segments_) {
    if (segment.buckets != nullptr && segment.buckets != kept.buckets) {
      FreeBuckets(segment.buckets, segment.bucket_count);
    }
  }
  std::memset(static_cast<void*>(kept.buckets), 0, kept.bucket_count * sizeof(Bucket));
  const uint64_t before = TableBytes();
  directory_.TruncateTo(1);
  segments_.TruncateTo(1);
  budget_->Uncharge(before - TableBytes());
  directory_[0] = 0;
  segments_[0] = {kept.buckets, kNoDeadline, 0, 0, kept.bucket_count, 0};
  depth_ = 0;
  vacant_ = kNoSegment;
  count_ = with_deadline_ = 0;
  Purse purse(budget_);
  Bucket* small = kept.bucket_count == 1 ? nullptr : TryAllocateBuckets(1, &purse);
  if (small == nullptr) return;
  FreeBuckets(kept.buckets, kept.bucket_count);
  segments_[0] = {small, kNoDeadline, 0, 0, 1, 0};
}

Status Index::CheckSegment(uint32_t number, const EntryHasher& hasher) const {
  const Segment& segment = segments_[number];
  uint32_t count = 0;
  uint32_t with_deadline = 0;
  std::array<uint32_t, kMaxBuckets> passed{};
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    const Bucket& bucket = segment.buckets[b];
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const bool has_deadline = (bucket.deadlines >> lane & 1) != 0;
      if (bucket.tags[lane] == 0) {
        if (has_deadline) return {StatusCode::kCorrupt, "index 4: an empty lane has a deadline"};
        continue;
      }
      const uint64_t hash = hasher.HashOf(bucket.refs[lane]);
      if (SegmentOf(hash) != number) return {StatusCode::kCorrupt, "index 1: an entry is in another's segment"};
      if (TagOf(hash) != bucket.tags[lane]) return {StatusCode::kCorrupt, "index 3: a tag is not its entry's"};
      for (uint32_t at = HomeOf(hash, segment); at != b; at = (at + 1) % segment.bucket_count) ++passed[at];
      ++count;
      with_deadline += has_deadline ? 1 : 0;
    }
  }
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    if (passed[b] != segment.buckets[b].passed) return {StatusCode::kCorrupt, "index 2: entries passed on"};
  }
  if (count != segment.count || with_deadline != segment.with_deadline) {
    return {StatusCode::kCorrupt, "index 4: sums of a segment"};
  }
  return Status::Ok();
}

Status Index::CheckInvariants(const EntryHasher& hasher) const {
  if (directory_.size() != size_t{1} << depth_) return {StatusCode::kCorrupt, "index 1: size of the directory"};
  uint64_t count = 0;
  uint64_t with_deadline = 0;
  uint64_t buckets = 0;
  for (size_t at = 0; at < directory_.size();) {
    const uint32_t number = directory_[at];
    const Segment& segment = segments_[number];
    if (segment.buckets == nullptr || segment.depth > depth_) return {StatusCode::kCorrupt, "index 1: depth"};
    const size_t places = size_t{1} << (depth_ - segment.depth);
    if (at % places != 0) return {StatusCode::kCorrupt, "index 1: a segment's places are not aligned"};
    for (size_t i = 0; i < places; ++i) {
      if (directory_[at + i] != number) return {StatusCode::kCorrupt, "index 1: a segment's places are not together"};
    }
    if (Status status = CheckSegment(number, hasher); !status.ok()) return status;
    count += segment.count;
    with_deadline += segment.with_deadline;
    buckets += segment.bucket_count;
    at += places;
  }
  if (count != count_ || with_deadline != with_deadline_ || buckets != buckets_) {
    return {StatusCode::kCorrupt, "index 4: sums over all segments"};
  }
  return Status::Ok();
}

}  // namespace distcache::store
