// Putting, replacing and removing entries of one shard.
#include "store/shard.h"

#include <algorithm>

namespace distcache::store {
namespace {

constexpr uint32_t kAllDatabases = ~0u;

// A chunk is kept for a smaller value as long as no more than a quarter of it is lost.
bool IsWorthKeeping(size_t needed_bytes, size_t chunk_bytes) {
  return needed_bytes <= chunk_bytes && needed_bytes * 4 >= chunk_bytes * 3;
}

}  // namespace

Shard::Shard(const ShardContext* context)
    : context_(context),
      slab_(context->pool, context->budget),
      index_(context->index_memory, context->budget),
      databases_(new DatabaseCounts[context->databases]) {}

Shard::~Shard() {
  if (blocks.get() > 0) Clear();
}

uint64_t Shard::NextRandom() {
  // xorshift64*: spreads samples, guards nothing.
  random_state_ ^= random_state_ >> 12;
  random_state_ ^= random_state_ << 25;
  random_state_ ^= random_state_ >> 27;
  return random_state_ * 0x2545F4914F6CDD1Dull;
}

void Shard::Count(const Entry& entry, const EntryShape& shape) {
  DatabaseCounts& counts = databases_[entry.database()];
  counts.entries.Add(1);
  if (shape.has_deadline) counts.with_deadline.Add(1);
  entries_.Add(1);
  key_bytes.Add(shape.key_bytes);
  value_bytes.Add(shape.value_bytes);
  blocks.Add((shape.key_in_block() ? 1 : 0) + (shape.value_in_block() ? 1 : 0));
}

void Shard::Uncount(const Entry& entry, const EntryShape& shape) {
  DatabaseCounts& counts = databases_[entry.database()];
  counts.entries.Subtract(1);
  if (shape.has_deadline) counts.with_deadline.Subtract(1);
  entries_.Subtract(1);
  key_bytes.Subtract(shape.key_bytes);
  value_bytes.Subtract(shape.value_bytes);
  blocks.Subtract((shape.key_in_block() ? 1 : 0) + (shape.value_in_block() ? 1 : 0));
}

uint64_t Shard::FootprintOf(const Place& place) const {
  const Entry entry = EntryAt(place);
  uint64_t bytes = slab_.ChunkBytes(index_.RefAt(place)) + sizeof(Bucket) / kLanes;
  if (const Block* block = entry.value_block()) bytes += block->footprint_bytes();
  if (const Block* block = entry.key_block()) bytes += block->footprint_bytes();
  return bytes;
}

void Shard::GiveUp(Block* block, bool is_charged) {
  if (block == nullptr) return;
  if (is_charged) context_->budget->Uncharge(block->footprint_bytes());
  block->Release();
}

// Makes the blocks that the shape asks for and charges them. On false everything that was made or given is released.
bool Shard::TryTakeBlocks(const EntryShape& shape, std::string_view key, NewValue* value, Block** key_block,
                          Purse* purse) {
  *key_block = nullptr;
  if (shape.value_in_block()) {
    if (value->block == nullptr) {
      value->block = Block::TryCreate(value->bytes.size());
      if (value->block == nullptr) return false;
      std::memcpy(value->block->data(), value->bytes.data(), value->bytes.size());
    }
    if (!purse->TryTake(value->block->footprint_bytes())) {
      GiveUp(value->block, false);
      return false;
    }
  }
  if (!shape.key_in_block() || key.empty()) return true;
  *key_block = purse->TryTake(Block::FootprintOf(key.size())) ? Block::TryCreate(key.size()) : nullptr;
  if (*key_block == nullptr) {
    GiveUp(value->block, shape.value_in_block());
    return false;
  }
  std::memcpy((*key_block)->data(), key.data(), key.size());
  return true;
}

bool Shard::TryInsert(uint64_t hash, uint8_t database, std::string_view key, NewValue value, int64_t deadline_ms,
                      uint32_t tick, Purse* purse, Place* place) {
  const EntryShape shape{key.size(), value.block != nullptr ? value.block->size() : value.bytes.size(),
                         deadline_ms != 0};
  Block* key_block = nullptr;
  if (!TryTakeBlocks(shape, key, &value, &key_block, purse)) return false;
  Ref ref = 0;
  if (!index_.TryMakeRoom(hash, hasher_, purse) || !slab_.TryAllocate(shape.ChunkBytes(), purse, &ref)) {
    GiveUp(value.block, shape.value_in_block());
    GiveUp(key_block, true);
    return false;
  }
  Entry entry(slab_.At(ref));
  entry.Write(0, database, shape, key, key_block, deadline_ms, tick);
  if (shape.value_in_block()) {
    entry.SetValueBlock(value.block);
  } else {
    entry.SetInlineValue(value.block != nullptr ? value.block->view() : value.bytes);
    GiveUp(value.block, false);
  }
  *place = index_.Insert(hash, ref, deadline_ms);
  Count(entry, shape);
  TouchWatched(ref);
  return true;
}

bool Shard::FitsInPlace(const Place& place, const EntryShape& shape) const {
  return IsWorthKeeping(shape.ChunkBytes(), slab_.ChunkBytes(index_.RefAt(place)));
}

void Shard::ReplaceInPlace(const Place& place, const EntryShape& shape, NewValue value, int64_t deadline_ms,
                           uint32_t tick) {
  Entry entry = EntryAt(place);
  const std::string_view key = entry.key();
  if (entry.has_deadline() == shape.has_deadline) {
    if (shape.has_deadline) entry.set_deadline_ms(deadline_ms);
    entry.set_tick(tick);
  } else {
    // The fields move: rewrite the entry from a copy of its key and of the new bytes, which may lie in it.
    char moved[kMaxInlineKeyBytes + kBlockThresholdBytes];
    const std::string_view bytes = value.block != nullptr ? std::string_view() : value.bytes;
    Block* key_block = entry.key_block();
    const size_t key_bytes = key_block != nullptr ? 0 : key.size();
    std::memcpy(moved, key.data(), key_bytes);
    if (!bytes.empty()) std::memcpy(moved + key_bytes, bytes.data(), bytes.size());
    entry.Write(entry.type(), entry.database(), shape, {moved, key_bytes}, key_block, deadline_ms, tick);
    if (value.block == nullptr) {
      entry.SetInlineValue({moved + key_bytes, bytes.size()});
      return;
    }
  }
  if (shape.value_in_block()) {
    entry.SetValueBlock(value.block);
  } else {
    entry.SetInlineValue(value.bytes);
  }
}

// The common case of TryReplace: a small value over a small one of about its size, nothing moves.
bool Shard::TryOverwrite(const Place& place, std::string_view bytes, int64_t deadline_ms, uint32_t tick) {
  Entry entry = EntryAt(place);
  if (entry.value_in_block() || bytes.size() > kBlockThresholdBytes) return false;
  if (entry.has_deadline() != (deadline_ms != 0)) return false;
  const size_t old_bytes = entry.inline_value_bytes();
  if (bytes.size() != old_bytes) {
    EntryShape shape = entry.shape();
    shape.value_bytes = bytes.size();
    if (!FitsInPlace(place, shape)) return false;
    value_bytes.Add(bytes.size() - old_bytes);
  }
  entry.SetInlineValue(bytes);
  entry.set_tick(tick);
  if (deadline_ms != 0) {
    entry.set_deadline_ms(deadline_ms);
    index_.SetDeadline(place, deadline_ms);
  }
  TouchWatched(index_.RefAt(place));
  return true;
}

bool Shard::TryReplace(const Place& place, NewValue value, int64_t deadline_ms, uint32_t tick, Purse* purse) {
  if (value.block == nullptr && TryOverwrite(place, value.bytes, deadline_ms, tick)) return true;
  Entry entry = EntryAt(place);
  const EntryShape before = entry.shape();
  const EntryShape shape{before.key_bytes, value.block != nullptr ? value.block->size() : value.bytes.size(),
                         deadline_ms != 0};
  Block* none = nullptr;
  Block* const old_block = entry.value_block();
  // The same block again (only the deadline changes) is charged already: its new reference replaces the old one.
  const bool is_same_block = old_block != nullptr && value.block == old_block;
  if (!is_same_block && !TryTakeBlocks(shape, {}, &value, &none, purse)) return false;
  BlockRef small;  // a block that is not worth being one is copied from
  if (value.block != nullptr && !shape.value_in_block()) {
    small = BlockRef(value.block);
    value = {small->view(), nullptr};
  }
  const Ref ref = index_.RefAt(place);
  Uncount(entry, before);
  if (before.value_in_block() == shape.value_in_block() && FitsInPlace(place, shape)) {
    ReplaceInPlace(place, shape, value, deadline_ms, tick);
  } else {
    Ref moved = 0;
    if (!slab_.TryAllocate(shape.ChunkBytes(), purse, &moved)) {
      Count(entry, before);
      if (shape.value_in_block()) GiveUp(value.block, !is_same_block);
      return false;
    }
    Entry target(slab_.At(moved));
    target.Write(entry.type(), entry.database(), shape, entry.key(), entry.key_block(), deadline_ms, tick);
    if (shape.value_in_block()) {
      target.SetValueBlock(value.block);
    } else {
      target.SetInlineValue(value.bytes);
    }
    index_.SetRef(place, moved);
    slab_.Free(ref);
    entry = target;
  }
  GiveUp(old_block, !is_same_block);
  index_.SetDeadline(place, deadline_ms);
  Count(entry, shape);
  TouchWatched(index_.RefAt(place));
  return true;
}

bool Shard::TryWriteAt(const Place& place, uint64_t offset, std::string_view bytes, uint32_t tick, Purse* purse) {
  Entry entry = EntryAt(place);
  const std::string_view old = entry.value();
  const size_t size = std::max<size_t>(old.size(), offset + bytes.size());
  Block* const block = entry.value_block();
  if (block != nullptr && !block->is_shared() && size <= block->capacity()) {
    if (offset > old.size()) std::memset(block->data() + old.size(), 0, offset - old.size());
    std::memcpy(block->data() + offset, bytes.data(), bytes.size());
    block->set_size(size);
    value_bytes.Add(size - old.size());
    entry.set_tick(tick);
    TouchWatched(index_.RefAt(place));
    return true;
  }
  if (size <= kBlockThresholdBytes) {
    char built[kBlockThresholdBytes];
    std::memcpy(built, old.data(), old.size());
    if (offset > old.size()) std::memset(built + old.size(), 0, offset - old.size());
    if (!bytes.empty()) std::memcpy(built + offset, bytes.data(), bytes.size());
    return TryReplace(place, {{built, size}, nullptr}, entry.deadline_ms(), tick, purse);
  }
  // A block that grows gets room for a quarter more, so that many appends do not copy it each time.
  const size_t room = size > old.size() && !old.empty() ? size + size / 4 : size;
  BlockRef built(Block::TryCreateWithRoom(size, room));
  if (!built) return false;
  char* data = built->data();
  std::memcpy(data, old.data(), old.size());
  if (offset > old.size()) std::memset(data + old.size(), 0, offset - old.size());
  std::memcpy(data + offset, bytes.data(), bytes.size());
  return TryReplace(place, {{}, built.TakeOwnership()}, entry.deadline_ms(), tick, purse);
}

bool Shard::TrySetDeadline(const Place& place, int64_t deadline_ms, Purse* purse) {
  Entry entry = EntryAt(place);
  if (entry.has_deadline() && deadline_ms != 0) {
    entry.set_deadline_ms(deadline_ms);
    index_.SetDeadline(place, deadline_ms);
    TouchWatched(index_.RefAt(place));
    return true;
  }
  if (!entry.has_deadline() && deadline_ms == 0) return true;
  if (Block* block = entry.value_block()) {
    block->AddReference();
    return TryReplace(place, {{}, block}, deadline_ms, entry.tick(), purse);
  }
  return TryReplace(place, {entry.value(), nullptr}, deadline_ms, entry.tick(), purse);
}

void Shard::Drop(const Place& place) {
  const Ref ref = index_.RefAt(place);
  const Entry entry(slab_.At(ref));
  TouchWatched(ref);
  Uncount(entry, entry.shape());
  GiveUp(entry.value_block(), true);
  GiveUp(entry.key_block(), true);
  index_.Erase(place);
  slab_.Free(ref);
}

void Shard::Remove(const Place& place) {
  if (!index_.IsSparse(place.segment)) return Drop(place);
  const uint64_t hash = HashOf(index_.RefAt(place));
  Drop(place);
  index_.ShrinkAround(hash, hasher_);
}

template <typename Predicate>
uint64_t Shard::RemoveIf(uint32_t number, const Predicate& should_go) {
  uint64_t removed = 0;
  uint64_t hash = 0;
  const Segment& segment = index_.SegmentAt(number);
  for (uint32_t b = 0; segment.buckets != nullptr && b < segment.bucket_count; ++b) {
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      if (segment.buckets[b].tags[lane] == 0) continue;
      const Ref ref = segment.buckets[b].refs[lane];
      if (!should_go(EntryOf(ref))) continue;
      hash = HashOf(ref);
      Place place{};
      if (index_.Find(
              hash, [ref](Ref other) { return other == ref; }, &place))
        Drop(place);
      ++removed;
    }
  }
  if (removed > 0) index_.ShrinkAround(hash, hasher_);
  return removed;
}

// A flush touches the watched keys that were there, and no others.
void Shard::TouchWatchedIfThere(uint32_t database) {
  if (watches_.empty()) return;
  watches_.TouchIf(
      [&](const WatchedKey& watched) {
        Place place{};
        return (database == kAllDatabases || watched.database == database) &&
               Find(watched.hash, watched.database, watched.key, &place);
      },
      context_->watch_versions);
}

void Shard::Clear() {
  TouchWatchedIfThere(kAllDatabases);
  if (blocks.get() > 0) {
    for (uint32_t number = 0; number < index_.segment_numbers(); ++number) {
      const Segment& segment = index_.SegmentAt(number);
      for (uint32_t b = 0; segment.buckets != nullptr && b < segment.bucket_count; ++b) {
        for (uint32_t lane = 0; lane < kLanes; ++lane) {
          if (segment.buckets[b].tags[lane] == 0) continue;
          const Entry entry(slab_.At(segment.buckets[b].refs[lane]));
          GiveUp(entry.value_block(), true);
          GiveUp(entry.key_block(), true);
        }
      }
    }
  }
  index_.Clear();
  slab_.Clear();
  for (uint32_t i = 0; i < context_->databases; ++i) {
    databases_[i].entries.set(0);
    databases_[i].with_deadline.set(0);
  }
  entries_.set(0);
  key_bytes.set(0);
  value_bytes.set(0);
  blocks.set(0);
}

void Shard::Flush(uint8_t database) {
  if (databases_[database].entries.get() == entries()) return Clear();
  TouchWatchedIfThere(database);
  while (databases_[database].entries.get() > 0) {  // again: merging moves entries into segments that were done
    for (uint32_t number = 0; number < index_.segment_numbers(); ++number) {
      RemoveIf(number, [database](const Entry& entry) { return entry.database() == database; });
    }
  }
}

uint64_t Shard::SweepSegment(uint32_t number, int64_t now_ms) {
  if (index_.SegmentAt(number).buckets == nullptr) return 0;
  uint64_t examined = 0;
  int64_t earliest_ms = kNoDeadline;
  const uint64_t removed = RemoveIf(number, [&](const Entry& entry) {
    if (!entry.has_deadline()) return false;
    ++examined;
    if (entry.deadline_ms() <= now_ms) return true;
    earliest_ms = std::min(earliest_ms, entry.deadline_ms());
    return false;
  });
  expired.Add(removed);
  // Shrinking may have merged the segment with another or left its number vacant; then the lower bound stays.
  if (removed == 0) index_.SetEarliestDeadline(number, earliest_ms);
  return examined;
}

uint32_t Shard::NextExpiring(uint32_t from, int64_t now_ms) const {
  const uint32_t count = index_.segment_numbers();
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t number = from + i < count ? from + i : (from + i) % count;
    const Segment& segment = index_.SegmentAt(number);
    if (segment.buckets != nullptr && segment.with_deadline > 0 && segment.earliest_deadline_ms <= now_ms)
      return number;
  }
  return kNoSegment;
}

}  // namespace distcache::store
