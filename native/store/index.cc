// Growth, shrinking and the bookkeeping of segments.
#include "store/index.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace distcache::store {
namespace {

// Steps of about a third: a segment of more than four buckets is at least two thirds as full as it may be, and an entry is moved
// three or four times while the number of entries doubles. Finer steps save under a byte an entry and move it twice as often.
constexpr std::array<uint8_t, 8> kBucketCounts = {1, 2, 3, 4, 6, 8, 12, 16};
constexpr uint32_t kMaxDepth = 32;
// Of a segment that is made for entries to come: most of those that chance fills above the average need not grow.
constexpr uint64_t kPresizedEntries = 130;

// The bit of the hash that tells the two halves of a segment of this depth apart.
uint64_t SplitBit(uint32_t depth) { return 1ull << (63 - depth); }

}  // namespace

Index::~Index() {
  for (Segment& segment : segments_) {
    if (segment.buckets != nullptr) FreeSegment(segment);
  }
  budget_->Uncharge(TableBytes());
}

bool Index::TryStart(Purse* purse) {
  if (!purse->TryReserve(&directory_, 1) || !purse->TryReserve(&segments_, 1)) return false;
  if (!directory_.TryPush(0) || !segments_.TryPush(Segment{})) return false;
  segments_[0] = TryMakeSegment(1, 0, purse);
  return segments_[0].buckets != nullptr;
}

Segment Index::TryMakeSegment(uint32_t bucket_count, uint32_t depth, Purse* purse) {
  const IndexMemory::Piece piece = memory_->TryTake(bucket_count * sizeof(Bucket), purse);
  Segment segment{};
  segment.buckets = reinterpret_cast<Bucket*>(piece.memory);
  if (piece.memory == nullptr) return segment;
  segment.earliest_deadline_ms = kNoDeadline;
  segment.bucket_count = static_cast<uint8_t>(bucket_count);
  segment.depth = static_cast<uint8_t>(depth);
  segment.piece = piece.ref;
  buckets_ += bucket_count;
  return segment;
}

bool Index::TryPresize(uint64_t entries, Purse* purse) {
  uint32_t depth = 0;
  while (entries >> depth > kPresizedEntries && depth < kMaxDepth) ++depth;
  if (depth == 0) return true;
  const size_t places = size_t{1} << depth;
  if (!purse->TryReserve(&directory_, places) || !purse->TryReserve(&segments_, places + 1)) return false;
  const uint32_t bucket_count = BucketsFor(static_cast<uint32_t>(entries >> depth));
  for (size_t i = 0; i < places; ++i) {
    const Segment made = TryMakeSegment(bucket_count, depth, purse);
    if (made.buckets == nullptr || !segments_.TryPush(made)) {
      Clear();
      return false;
    }
  }
  FreeSegment(segments_[0]);
  VacateSegment(0);
  directory_[0] = 1;
  for (uint32_t number = 2; number <= places; ++number) {
    if (!directory_.TryPush(number)) return false;  // never: it was reserved
  }
  depth_ = depth;
  return true;
}

void Index::FreeSegment(const Segment& segment) {
  buckets_ -= segment.bucket_count;
  memory_->GiveBack(segment.piece);
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
    const uint32_t empty = bucket.LanesOf(0);
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
  const Segment old = segments_[number];
  Segment made = TryMakeSegment(bucket_count, old.depth, purse);
  if (made.buckets == nullptr) return false;
  made.earliest_deadline_ms = old.earliest_deadline_ms;
  Moved moved[kMaxBuckets * kLanes];
  const uint32_t count = TakeOut(old, hasher, moved);
  segments_[number] = made;
  for (uint32_t i = 0; i < count; ++i) InsertInto(number, moved[i].hash, moved[i].ref, moved[i].has_deadline);
  FreeSegment(old);
  return true;
}

bool Index::TryDoubleDirectory(Purse* purse) {
  const size_t places = directory_.size();
  if (!purse->TryReserve(&directory_, places * 2)) return false;
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
  if (!purse->TryReserve(&segments_, segments_.size() + 1)) return false;
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
  Segment low = TryMakeSegment(BucketsFor(count - high_count), old.depth + 1u, purse);
  Segment high{};
  if (low.buckets != nullptr) high = TryMakeSegment(BucketsFor(high_count), old.depth + 1u, purse);
  uint32_t sibling = 0;
  if (high.buckets == nullptr || !TryNumberSegment(&sibling, purse)) {
    if (low.buckets != nullptr) FreeSegment(low);
    if (high.buckets != nullptr) FreeSegment(high);
    return false;
  }
  low.earliest_deadline_ms = high.earliest_deadline_ms = old.earliest_deadline_ms;
  segments_[number] = low;
  segments_[sibling] = high;
  PointDirectoryAt(sibling, hash | bit, old.depth + 1u);
  for (uint32_t i = 0; i < count; ++i) {
    InsertInto((moved[i].hash & bit) != 0 ? sibling : number, moved[i].hash, moved[i].ref, moved[i].has_deadline);
  }
  for (const uint32_t half : {number, sibling}) {
    if (segments_[half].with_deadline == 0) segments_[half].earliest_deadline_ms = kNoDeadline;
  }
  FreeSegment(old);
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
  const uint32_t total = segments_[number].count + segments_[sibling].count;
  Segment joined = TryMakeSegment(BucketsFor(total), depth - 1, &purse);
  if (joined.buckets == nullptr) return;
  Moved moved[2 * kLanes];
  const Segment a = segments_[number];
  const Segment b = segments_[sibling];
  uint32_t count = TakeOut(a, hasher, moved);
  count += TakeOut(b, hasher, moved + count);
  VacateSegment(sibling);
  joined.earliest_deadline_ms = std::min(a.earliest_deadline_ms, b.earliest_deadline_ms);
  segments_[number] = joined;
  PointDirectoryAt(number, hash, depth - 1);
  for (uint32_t i = 0; i < count; ++i) InsertInto(number, moved[i].hash, moved[i].ref, moved[i].has_deadline);
  FreeSegment(a);
  FreeSegment(b);
}

void Index::Clear() {
  // One segment is kept: being empty needs no memory that might not be had.
  Segment kept = segments_[directory_[0]];
  for (const Segment& segment : segments_) {
    if (segment.buckets != nullptr && segment.buckets != kept.buckets) FreeSegment(segment);
  }
  std::memset(static_cast<void*>(kept.buckets), 0, kept.bucket_count * sizeof(Bucket));
  kept.earliest_deadline_ms = kNoDeadline;
  kept.count = kept.with_deadline = 0;
  kept.depth = 0;
  const uint64_t before = TableBytes();
  directory_.TruncateTo(1);
  segments_.TruncateTo(1);
  budget_->Uncharge(before - TableBytes());
  directory_[0] = 0;
  segments_[0] = kept;
  depth_ = 0;
  vacant_ = kNoSegment;
  count_ = with_deadline_ = 0;
  Purse purse(budget_);
  const Segment small = TryMakeSegment(1, 0, &purse);
  if (small.buckets == nullptr) return;
  FreeSegment(kept);
  segments_[0] = small;
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
