// What a command does between Begin and the end of its Access: under the locks of its keys' shards.
#include <algorithm>
#include <utility>

#include "store/store.h"

namespace distcache::store {
namespace {

// Entries that one command moves at most for the sake of sparse spans: keeps up with any rate of removals.
constexpr uint32_t kCompactionStep = 4;

}  // namespace

Access::Access(Access&& other) noexcept { *this = std::move(other); }

Access& Access::operator=(Access&& other) noexcept {
  if (this == &other) return *this;
  End();
  if (other.store_ == nullptr) return *this;
  store_ = std::exchange(other.store_, nullptr);
  log_ = other.log_;
  shard_ = other.shard_;
  now_ms_ = other.now_ms_;
  own_hash_ = other.own_hash_;
  reserved_payload_ = other.reserved_payload_;
  reserved_entries_ = std::exchange(other.reserved_entries_, 0);
  touches_ = other.touches_;
  memo_ = other.memo_;
  view_ = other.view_;
  view_block_ = std::move(other.view_block_);
  purse_ = std::exchange(other.purse_, Purse());
  effects_ = std::move(other.effects_);
  scope_ = std::move(other.scope_);
  if (view_.block != nullptr) view_.block = &view_block_;
  return *this;
}

Access::~Access() { End(); }

TimeMs Access::now_ms() const { return now_ms_; }

template <typename Visit>
void Access::ForEachShard(const Visit& visit) const {
  if (shard_ != nullptr) return visit(*shard_);
  for (const uint16_t number : scope_->shards) visit(store_->ShardAt(number));
}

void Access::EndOpen() {
  if (!effects_.empty()) Commit();
  if (reserved_payload_ != WriteLog::kNoReservation) log_->Unreserve(reserved_payload_);
  if (reserved_entries_ > 0) store_->UncountEntries(reserved_entries_);
  purse_.Empty();
  ForEachShard([](Shard& shard) {
    if (shard.wants_compaction()) shard.Compact(kCompactionStep, false);
    shard.lock().unlock();
  });
  store_ = nullptr;
  reserved_entries_ = 0;
  memo_.shard = nullptr;
  view_block_ = BlockRef();
  if (scope_ != nullptr) scope_.reset();
}

Key Access::Relocated(const Key& key) const { return store_->Locate(key.database, key.bytes); }

bool Access::IsOwn(uint64_t hash) const {
  if (scope_ == nullptr) return hash == own_hash_;
  if (scope_->own_hashes.empty()) return false;
  return std::binary_search(scope_->own_hashes.begin(), scope_->own_hashes.end(), hash);
}

void Access::Unlock() {
  memo_ = Memo{};
  ForEachShard([](Shard& shard) { shard.lock().unlock(); });
}

uint32_t Access::HeldShards() const { return shard_ != nullptr ? 1 : static_cast<uint32_t>(scope_->shards.size()); }

uint32_t Access::Tick(Shard& shard) {
  if (shard.accesses_until_tick > 1) {
    --shard.accesses_until_tick;
    return store_->clock_.now();
  }
  // One tick for about a thousandth of the entries' number of accesses: see recency_clock.h.
  shard.accesses_until_tick = static_cast<uint32_t>(store_->entries_.load(std::memory_order_relaxed) >> 10);
  return store_->clock_.Pass();
}

Access::Memo& Access::Look(const Key& given) {
  const bool relocates = scope_ != nullptr && scope_->relocates;
  const Key key = relocates ? Relocated(given) : given;
  Shard& shard = shard_ != nullptr ? *shard_ : store_->ShardAt(key.shard);
  if (memo_.shard == &shard && memo_.hash == key.hash && memo_.key == key.bytes.data()) return memo_;
  memo_.shard = &shard;
  memo_.hash = key.hash;
  memo_.key = key.bytes.data();
  memo_.database = key.physical;
  memo_.is_there = shard.Find(key.hash, key.physical, key.bytes, &memo_.place);
  if (memo_.is_there && shard.EntryAt(memo_.place).IsExpired(now_ms_)) {
    shard.Remove(memo_.place);
    shard.expired.Add(1);
    store_->UncountEntries(1);
    memo_.is_there = false;
  }
  return memo_;
}

void Access::Fill(const Memo& memo) {
  const Entry entry = memo.shard->EntryAt(memo.place);
  view_.bytes = entry.value();
  view_.type = static_cast<ValueType>(entry.type());
  view_.expires_at_ms = entry.deadline_ms();
  view_.tick = entry.tick();
  view_.block = nullptr;
  if (Block* block = entry.value_block()) {
    block->AddReference();
    view_block_ = BlockRef(block);
    view_.block = &view_block_;
  }
}

void Access::SetLastUse(const Key& key, uint64_t seconds_before) {
  const Memo& memo = Look(key);
  if (memo.is_there) memo.shard->EntryAt(memo.place).set_tick(RecencyClock::TickOfPast(seconds_before));
}

const ValueView* Access::Get(const Key& key) {
  const Memo& memo = Look(key);
  if (!memo.is_there) {
    memo.shard->misses.Add(1);
    return nullptr;
  }
  memo.shard->hits.Add(1);
  Fill(memo);
  if (touches_) memo.shard->EntryAt(memo.place).set_tick(Tick(*memo.shard));
  return &view_;
}

const ValueView* Access::Peek(const Key& key) {
  const Memo& memo = Look(key);
  if (!memo.is_there) return nullptr;
  Fill(memo);
  return &view_;
}

bool Access::TakeEntry() {
  if (reserved_entries_ > 0) {
    --reserved_entries_;
    return true;
  }
  if (store_->TryReserveEntries(1)) return true;
  if (!store_->may_evict() || !store_->EvictIn(*memo_.shard, this)) return false;
  return store_->TryReserveEntries(1);
}

// Tries, with the key just looked up; while the memory bound is what refuses, evicts others of the same shard and tries again.
template <typename Attempt>
bool Access::TryWithEviction(const Key& key, const Attempt& attempt) {
  if (attempt(memo_)) [[likely]]
    return true;
  while (true) {
    if (!store_->may_evict() || store_->budget_.limit_bytes() == 0) return false;
    Shard& shard = *memo_.shard;
    memo_ = Memo{};
    if (!store_->TryFreeMemoryIn(shard, this)) return false;
    if (attempt(Look(key))) return true;
  }
}

PutResult Access::PutValue(const Key& key, NewValue value, TimeMs expires_at_ms) {
  effects_.Settle();
  Shard& shard = *Look(key).shard;
  const uint32_t tick = Tick(shard);
  const bool has_put = TryWithEviction(key, [&](Memo& memo) {
    if (value.block != nullptr) value.block->AddReference();  // each attempt consumes one
    if (memo.is_there) return shard.TryReplace(memo.place, value, expires_at_ms, tick, &purse_);
    if (!TakeEntry()) {
      if (value.block != nullptr) value.block->Release();
      return false;
    }
    memo.is_there = shard.TryInsert(memo.hash, static_cast<uint8_t>(memo.database), key.bytes, value, expires_at_ms,
                                    tick, &purse_, &memo.place);
    if (!memo.is_there) store_->UncountEntries(1);
    return memo.is_there;
  });
  if (!has_put) return PutResult::kOutOfMemory;
  NotePut(key, memo_);
  return PutResult::kOk;
}

void Access::NotePut(const Key& key, const Memo& memo) {
  if (log_ == nullptr) return;
  const Entry entry = memo.shard->EntryAt(memo.place);
  effects_.Add({EffectKind::kPut, entry.type(), key.database, entry.deadline_ms(), 0, key.bytes, entry.value()},
               entry.value_block());
}

PutResult Access::Put(const Key& key, std::string_view bytes, TimeMs expires_at_ms) {
  return PutValue(key, {bytes, nullptr}, expires_at_ms);
}

PutResult Access::PutBlock(const Key& key, BlockRef block, TimeMs expires_at_ms) {
  return PutValue(key, {{}, block.get()}, expires_at_ms);
}

PutResult Access::WriteAt(const Key& key, uint64_t offset, std::string_view bytes) {
  if (!Look(key).is_there) {
    if (offset == 0) return Put(key, bytes, 0);
    BlockRef built(Block::TryCreate(offset + bytes.size()));
    if (!built) return PutResult::kOutOfMemory;
    std::memset(built->data(), 0, offset);
    std::memcpy(built->data() + offset, bytes.data(), bytes.size());
    return PutBlock(key, std::move(built), 0);
  }
  effects_.Settle();
  view_block_ = BlockRef();  // a reference of our own would make the block shared
  view_ = ValueView{};
  Shard& shard = *memo_.shard;
  const uint32_t tick = Tick(shard);
  const bool has_put =
      TryWithEviction(key, [&](Memo& memo) { return shard.TryWriteAt(memo.place, offset, bytes, tick, &purse_); });
  if (!has_put) return PutResult::kOutOfMemory;
  if (log_ != nullptr) {
    const Entry entry = shard.EntryAt(memo_.place);
    effects_.Add({EffectKind::kWriteAt, entry.type(), key.database, 0, offset, key.bytes,
                  entry.value().substr(offset, bytes.size())},
                 entry.value_block());
  }
  return PutResult::kOk;
}

bool Access::Remove(const Key& key) {
  effects_.Settle();
  Memo& memo = Look(key);
  if (!memo.is_there) return false;
  memo.shard->Remove(memo.place);
  memo.is_there = false;
  store_->UncountEntries(1);
  Note({EffectKind::kRemove, 0, key.database, 0, 0, key.bytes, {}});
  return true;
}

bool Access::SetExpiry(const Key& key, TimeMs expires_at_ms) {
  effects_.Settle();
  if (!Look(key).is_there) return false;
  Shard& shard = *memo_.shard;
  const bool is_set =
      TryWithEviction(key, [&](Memo& memo) { return shard.TrySetDeadline(memo.place, expires_at_ms, &purse_); });
  if (is_set) Note({EffectKind::kExpire, 0, key.database, expires_at_ms, 0, key.bytes, {}});
  return is_set;
}

void Access::Flush(uint32_t database) {
  effects_.Settle();
  memo_ = Memo{};
  const uint8_t physical = store_->databases_.PhysicalOf(database);
  ForEachShard([&](Shard& shard) {
    const uint64_t before = shard.entries();
    shard.Flush(physical);
    store_->UncountEntries(before - shard.entries());
  });
  Note({EffectKind::kFlush, 0, database, 0, 0, {}, {}});
}

void Access::FlushAll() {
  effects_.Settle();
  memo_ = Memo{};
  ForEachShard([&](Shard& shard) {
    store_->UncountEntries(shard.entries());
    shard.Clear();
  });
  Note({EffectKind::kFlushAll, 0, 0, 0, 0, {}, {}});
}

void Access::SwapDatabases(uint32_t a, uint32_t b) {
  effects_.Settle();
  memo_ = Memo{};
  scope_->relocates = true;
  if (a != b) {
    std::vector<WatchedKey> watched;
    ForEachShard([&](Shard& shard) {
      shard.watches().TakeDatabase(store_->databases_.PhysicalOf(a), &watched);
      shard.watches().TakeDatabase(store_->databases_.PhysicalOf(b), &watched);
    });
    store_->SwapAndRewatch(a, b, std::move(watched));
  }
  Note({EffectKind::kSwap, 0, a, 0, b, {}, {}});
}

uint64_t Access::FootprintOf(const Key& key) {
  const Memo& memo = Look(key);
  return memo.is_there ? memo.shard->FootprintOf(memo.place) : 0;
}

uint64_t Access::WatchVersion(const Key& key) const {
  // Looking removes an expired entry, which touches its version.
  Access* self = const_cast<Access*>(this);
  const Memo& memo = self->Look(key);
  return memo.shard->watches().VersionOf(key.hash);
}

uint64_t Access::Commit() {
  if (effects_.empty()) return 0;
  const uint64_t sequence = effects_.AppendTo(log_, std::exchange(reserved_payload_, WriteLog::kNoReservation));
  ForEachShard([&](Shard& shard) { shard.newest_sequence = sequence; });
  return sequence;
}

uint64_t Access::NewestSequence() const {
  uint64_t newest = 0;
  ForEachShard([&](const Shard& shard) { newest = std::max(newest, shard.newest_sequence); });
  return newest;
}

}  // namespace distcache::store
