// The parts of a shard alone: size classes, slab, page pool, ages, and what a refused allocation leaves behind.
#include "store/shard.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "store/store_fixture.h"

namespace distcache::store {
namespace {

TEST(SizeClass, HoldsEverySizeWithLittleLoss) {
  for (size_t size = 1; size <= kMaxChunkBytes; ++size) {
    const SizeClass& found = kSizeClassTable[SizeClassOf(size)];
    ASSERT_GE(found.chunk_bytes, size);
    ASSERT_EQ(found.chunk_bytes % 8, 0u);
    ASSERT_TRUE(SizeClassOf(size) == 0 || kSizeClassTable[SizeClassOf(size) - 1].chunk_bytes < size) << size;
    ASSERT_TRUE(size < 64 || size > 8192 || found.chunk_bytes <= size + size / 8 + 8) << size;
  }
}

TEST(PagePool, GivesMemoryBackWhenSpansDo) {
  PagePool pool;
  std::vector<Span> spans;
  for (int i = 0; i < 1000; ++i) spans.push_back(pool.TryTake(1u << (i % 3)));
  const uint64_t most = pool.mapped_bytes();
  for (size_t i = 0; i < spans.size(); ++i) {
    ASSERT_NE(spans[i].base, nullptr);
    spans[i].base[0] = 'x';
  }
  for (int i = 0; i < 1000; ++i) pool.GiveBack(spans[i], 1u << (i % 3));
  EXPECT_GT(most, 1000 * kUnitBytes);
  EXPECT_LE(pool.mapped_bytes(), kRegionBytes);
}

TEST(Slab, ChunksDoNotOverlapAndComeBack) {
  PagePool pool;
  MemoryBudget budget;
  Slab slab(&pool, &budget);
  Purse purse(&budget);
  std::mt19937_64 random(1);
  std::vector<std::pair<Ref, std::string>> live;
  for (int i = 0; i < 20000; ++i) {
    if (live.empty() || random() % 3 != 0) {
      const std::string bytes(kMinChunkBytes + random() % (random() % 10 == 0 ? 20000 : 200),
                              static_cast<char>(random() & 0x7F));
      Ref ref = 0;
      ASSERT_TRUE(slab.TryAllocate(bytes.size(), &purse, &ref));
      std::memcpy(slab.At(ref), bytes.data(), bytes.size());
      live.emplace_back(ref, bytes);
    } else {
      const size_t at = random() % live.size();
      ASSERT_EQ(std::string_view(slab.At(live[at].first), live[at].second.size()), live[at].second);
      slab.Free(live[at].first);
      live[at] = std::move(live.back());
      live.pop_back();
    }
  }
  const Status status = slab.CheckInvariants();
  EXPECT_TRUE(status.ok()) << status.message();
  for (const auto& [ref, bytes] : live) {
    ASSERT_EQ(std::string_view(slab.At(ref), bytes.size()), bytes);
    slab.Free(ref);
  }
  EXPECT_EQ(slab.span_bytes(), 0u);
}

TEST(Slab, TakesNothingBeyondTheBudget) {
  PagePool pool;
  MemoryBudget budget;
  budget.set_limit(3 * kUnitBytes);
  Slab slab(&pool, &budget);
  Purse purse(&budget);
  Ref ref = 0;
  uint64_t count = 0;
  while (slab.TryAllocate(100, &purse, &ref)) ++count;
  EXPECT_GT(count, 200u);
  EXPECT_LE(budget.used_bytes(), 3 * kUnitBytes);
  EXPECT_FALSE(slab.TryAllocate(2000, &purse, &ref));
}

class ShardAlone {
 public:
  ShardAlone() : memory_(&pool_, &budget_) {
    const std::array<uint8_t, 16> seed{9};
    context_ = {&pool_, &memory_, &budget_, HashSecrets::FromSeed(seed), 1, &versions_};
    shard = std::make_unique<Shard>(&context_);
    Purse purse(&budget_);
    EXPECT_TRUE(shard->TryStart(&purse));
  }
  Place Insert(const std::string& key, uint32_t tick) {
    Purse purse(&budget_);
    Place place{};
    EXPECT_TRUE(shard->TryInsert(HashOf(key), 0, key, {"v", nullptr}, 0, tick, &purse, &place));
    return place;
  }
  uint32_t TickOf(const std::string& key) {
    Place place{};
    EXPECT_TRUE(shard->Find(HashOf(key), 0, key, &place));
    return shard->EntryAt(place).tick();
  }

 private:
  uint64_t HashOf(const std::string& key) const { return Hash64(context_.secrets, 0, key); }

  PagePool pool_;
  MemoryBudget budget_;
  IndexMemory memory_;
  std::atomic<uint64_t> versions_{0};
  ShardContext context_{};

 public:
  std::unique_ptr<Shard> shard;
};

// However long an entry is not used, it stays older than those used after it, though the ticks wrap round.
TEST(Shard, AgesKeepTheirOrderWhenTicksWrapRound) {
  ShardAlone t;
  uint64_t now = 5;
  t.Insert("first", now++);
  t.Insert("second", now++);
  for (int part = 0; part < 30; ++part) {
    const std::string name = "later" + std::to_string(part);
    t.Insert(name, static_cast<uint32_t>(now) & kTickMask);
    now += 1u << 21;
    const auto tick = static_cast<uint32_t>(now) & kTickMask;
    t.shard->ClampAges(tick);
    uint32_t younger = RecencyClock::AgeOf(t.TickOf("second"), tick);
    ASSERT_GT(RecencyClock::AgeOf(t.TickOf("first"), tick), younger) << part;
    for (int i = 0; i <= part; ++i) {
      const uint32_t age = RecencyClock::AgeOf(t.TickOf("later" + std::to_string(i)), tick);
      ASSERT_LT(age, younger) << part << " " << i;
      younger = age;
    }
  }
}

// Memory is refused at every place where a command could ask for it; whatever the place, the command did all or nothing.
TEST(Store, EveryRefusedAllocationLeavesTheStoreSound) {
  const StoreOptions unbounded{.shards = 2, .policy = EvictionPolicy::kNoEviction};
  const uint64_t empty = StoreUnderTest(unbounded).store().UsedBytes();
  int refused = 0;
  for (uint64_t more = 4096; more < 600'000; more += 9'973) {
    StoreOptions options = unbounded;
    options.max_memory_bytes = empty + more;
    StoreUnderTest t(options);
    std::mt19937_64 random(more);
    std::unordered_map<std::string, std::string> model;
    for (int i = 0; i < 400; ++i) {
      const std::string key = "k" + std::to_string(random() % 300) + std::string(random() % 40 == 0 ? 5000 : 0, 'K');
      const std::string value(random() % 20 == 0 ? random() % 50000 : random() % 500, static_cast<char>('a' + i % 26));
      const Key located = t.store().Locate(0, key);
      Access access;
      if (t.store().Begin(&access, {&located, 1}, {.writes = true}, t.now_ms) != Admission::kOk) continue;
      // Not announced by the intent on purpose: nothing was reserved, so every step may be refused.
      const PutResult result = random() % 4 == 0 ? access.WriteAt(located, 3, value) : access.Put(located, value, 0);
      const ValueView* view = access.Peek(located);
      if (result == PutResult::kOutOfMemory) {
        ++refused;
        ASSERT_EQ(view != nullptr, model.contains(key));
        ASSERT_TRUE(view == nullptr || view->bytes == model[key]);
      } else {
        model[key] = std::string(view->bytes);
      }
    }
    const Status status = t.store().CheckInvariants();
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_LE(t.store().Stats().peak_used_bytes, options.max_memory_bytes);
    for (const auto& [key, value] : model) ASSERT_EQ(t.Peek(key), value);
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace distcache::store
