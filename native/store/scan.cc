// Walking the entries in hash order, and picking one at random. A position is the top 44 bits of a hash: growth and shrinking of an
// index never change it.
#include <algorithm>
#include <mutex>

#include "store/store.h"

namespace distcache::store {
namespace {

constexpr uint32_t kPositionBits = 44;
constexpr uint64_t kPositionMask = (uint64_t{1} << kPositionBits) - 1;
// How many entries of other databases a scan passes over for each that it should return.
constexpr uint64_t kPassedOverPerCounted = 16;

// The lock of a shard, unless an Access over all shards holds it; *newest_sequence rises to the shard's.
std::unique_lock<ShardLock> LockUnlessHeld(Shard& shard, const Access* all_held, uint64_t* newest_sequence) {
  std::unique_lock<ShardLock> lock(shard.lock(), std::defer_lock);
  if (all_held == nullptr) lock.lock();
  if (newest_sequence != nullptr) *newest_sequence = std::max(*newest_sequence, shard.newest_sequence);
  return lock;
}

uint64_t PositionOf(uint64_t hash) { return hash >> (64 - kPositionBits); }

}  // namespace

// Visits the entries of a shard from a position on, in order, while `visit` answers true; entries of one position are never parted.
// Returns the position to go on from, 0 at the end. The shard's lock is held.
template <typename Visit>
uint64_t Store::WalkInOrder(Shard& shard, uint64_t position, const Visit& visit) const {
  struct Item {
    uint64_t hash;
    Ref ref;
  };
  Item items[kMaxBuckets * kLanes];
  const Index& index = shard.index();
  while (true) {
    const uint64_t from = position << (64 - kPositionBits);
    const Segment& segment = index.SegmentAt(index.SegmentOf(from));
    uint32_t count = 0;
    for (uint32_t b = 0; b < segment.bucket_count; ++b) {
      for (uint32_t lane = 0; lane < kLanes; ++lane) {
        if (segment.buckets[b].tags[lane] == 0) continue;
        items[count++].ref = segment.buckets[b].refs[lane];
        shard.Prefetch(items[count - 1].ref);  // every entry is a cache miss: they run side by side
      }
    }
    for (uint32_t i = 0; i < count; ++i) items[i].hash = shard.HashOf(items[i].ref);
    count = static_cast<uint32_t>(
        std::partition(items, items + count, [&](const Item& item) { return PositionOf(item.hash) >= position; }) -
        items);
    std::sort(items, items + count, [](const Item& a, const Item& b) { return a.hash < b.hash; });
    bool goes_on = true;
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t here = PositionOf(items[i].hash);
      if (!goes_on && here != PositionOf(items[i - 1].hash)) return here;
      goes_on = visit(shard.EntryOf(items[i].ref)) && goes_on;
    }
    position = PositionOf(index.EndOfSegment(from));
    if (position == 0 || !goes_on) return position;
  }
}

namespace {

void FillView(const Entry& entry, ValueView* view, BlockRef* block) {
  view->bytes = entry.value();
  view->type = static_cast<ValueType>(entry.type());
  view->expires_at_ms = entry.deadline_ms();
  view->tick = entry.tick();
  view->block = nullptr;
  if (Block* held = entry.value_block()) {
    held->AddReference();
    *block = BlockRef(held);
    view->block = block;
  }
}

}  // namespace

uint64_t Store::Scan(uint32_t database, uint64_t cursor, uint64_t count, TimeMs now_ms, const Visitor& visit,
                     const Access* all_held, uint64_t* newest_sequence) {
  uint64_t number = cursor >> kPositionBits;
  uint64_t position = cursor & kPositionMask;
  uint64_t counted = 0;
  uint64_t passed_over = 0;
  const uint64_t most_passed_over = count > ~0ull / kPassedOverPerCounted ? ~0ull : count * kPassedOverPerCounted;
  for (; number < shard_count_; ++number, position = 0) {
    Shard& shard = ShardAt(static_cast<uint32_t>(number));
    const auto lock = LockUnlessHeld(shard, all_held, newest_sequence);
    const uint8_t physical = databases_.PhysicalOf(database);
    if (shard.database(physical).entries.get() == 0) continue;
    position = WalkInOrder(shard, position, [&](const Entry& entry) {
      if (entry.database() != physical || entry.IsExpired(now_ms)) {
        ++passed_over;
      } else {
        ValueView view;
        BlockRef block;
        FillView(entry, &view, &block);
        counted += visit(entry.key(), database, view) ? 1 : 0;
      }
      return counted < count && passed_over < most_passed_over;
    });
    if (position != 0) return number << kPositionBits | position;
    if (counted >= count || passed_over >= most_passed_over) {
      ++number;
      break;
    }
  }
  return number >= shard_count_ ? 0 : number << kPositionBits;
}

uint64_t Store::WalkShard(uint32_t number, uint64_t position, uint64_t max_entries, TimeMs now_ms,
                          const Visitor& visit) {
  Shard& shard = ShardAt(number);
  const std::lock_guard lock(shard.lock());
  uint64_t counted = 0;
  return WalkInOrder(shard, position & kPositionMask, [&](const Entry& entry) {
    if (!entry.IsExpired(now_ms)) {
      ValueView view;
      BlockRef block;
      FillView(entry, &view, &block);
      counted += visit(entry.key(), databases_.LogicalOf(entry.database()), view) ? 1 : 0;
    }
    return counted < max_entries;
  });
}

bool Store::RandomKey(uint32_t database, uint64_t random, TimeMs now_ms, std::vector<char>* key, const Access* all_held,
                      uint64_t* newest_sequence) {
  const uint8_t physical = databases_.PhysicalOf(database);
  uint64_t total = 0;
  for (uint32_t i = 0; i < shard_count_; ++i) total += ShardAt(i).database(physical).entries.get();
  if (total == 0) return false;
  uint64_t left = random % total;
  uint32_t start = 0;
  while (start + 1 < shard_count_ && left >= ShardAt(start).database(physical).entries.get()) {
    left -= ShardAt(start++).database(physical).entries.get();
  }
  // From a random place on, then from the beginning: the first live key of the database.
  uint64_t position = PositionOf(Hash64(context_.secrets, random, {}));
  for (uint32_t i = 0; i <= shard_count_; ++i, position = 0) {
    Shard& shard = ShardAt((start + i) & (shard_count_ - 1));
    const auto lock = LockUnlessHeld(shard, all_held, newest_sequence);
    bool is_found = false;
    if (shard.database(physical).entries.get() == 0) continue;
    WalkInOrder(shard, position, [&](const Entry& entry) {
      if (is_found || entry.database() != physical || entry.IsExpired(now_ms)) return !is_found;
      const std::string_view bytes = entry.key();
      key->assign(bytes.begin(), bytes.end());
      is_found = true;
      return false;
    });
    if (is_found) return true;
  }
  return false;
}

}  // namespace distcache::store
