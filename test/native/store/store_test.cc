// The store's promises one by one: bounds, eviction order, expiry, scans, watches, the log, and memory.
#include "store/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "store/recording_log.h"
#include "store/store_fixture.h"

namespace distcache::store {
namespace {

TEST(Store, RefusesOptionsThatMakeNoSense) {
  EXPECT_EQ(Store::Create({.databases = 0}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Store::Create({.databases = 257}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Store::Create({.shards = 3}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Store::Create({.shards = 1024}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Store::Create({.max_memory_bytes = 100}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Store, GetCountsAndMovesRecencyAndPeekDoesNeither) {
  StoreUnderTest t({.max_entries = 2});
  t.Set("a", "1");
  t.Set("b", "2");
  EXPECT_EQ(t.Peek("a"), "1");
  EXPECT_EQ(t.store().Stats().hits, 0u);
  t.Set("c", "3");  // a is still the oldest: it was only peeked at
  EXPECT_EQ(t.Get("a"), std::nullopt);
  EXPECT_EQ(t.Get("b"), "2");
  t.Set("d", "4");
  EXPECT_EQ(t.Get("c"), std::nullopt);
  EXPECT_EQ(t.Get("b"), "2");
  EXPECT_EQ(t.store().Stats().hits, 2u);
  EXPECT_EQ(t.store().Stats().misses, 2u);
  EXPECT_EQ(t.store().Stats().evicted, 2u);
}

TEST(Store, ACommandThatDoesNotTouchLeavesRecencyAlone) {
  StoreUnderTest t({.max_entries = 2});
  t.Set("a", "1");
  t.Set("b", "2");
  {
    const Key key = t.store().Locate(0, "a");
    Access access;
    ASSERT_EQ(t.store().Begin(&access, {&key, 1}, {}, t.now_ms, false), Admission::kOk);
    EXPECT_NE(access.Get(key), nullptr);
  }
  t.Set("c", "3");
  EXPECT_EQ(t.Get("a"), std::nullopt);
}

TEST(Store, KeepsEveryEntryWhetherFewerOrMoreComeThanWereExpected) {
  for (const uint64_t expected : {0u, 100u, 20'000u, 1'000'000u}) {
    StoreUnderTest t({.shards = 4});
    t.store().ExpectEntries(expected);
    ASSERT_TRUE(t.store().CheckInvariants().ok()) << expected;
    const std::string value = "v";
    for (int i = 0; i < 50'000; ++i) t.Set("key:" + std::to_string(i), value);
    ASSERT_TRUE(t.store().CheckInvariants().ok()) << expected;
    EXPECT_EQ(t.store().Stats().entries, 50'000u);
    for (int i = 0; i < 50'000; ++i) ASSERT_EQ(t.Peek("key:" + std::to_string(i)), value) << expected;
  }
}

TEST(Store, ExpectingMoreThanFitsIntoMemoryTakesWhatIsThereAndNoMore) {
  StoreUnderTest t({.shards = 4, .max_memory_bytes = 8 << 20});
  t.store().ExpectEntries(1ull << 40);
  EXPECT_LE(t.store().UsedBytes(), 8u << 20);
  ASSERT_TRUE(t.store().CheckInvariants().ok());
  for (int i = 0; i < 1000; ++i) t.Set("key:" + std::to_string(i), "v");
  EXPECT_EQ(t.Peek("key:999"), "v");
  ASSERT_TRUE(t.store().CheckInvariants().ok());
}

// Up to a thousand entries the victim is always the least recently used one.
TEST(Store, EvictsInExactOrderUpToAThousandEntries) {
  for (const uint32_t shards : {0u, 8u}) {
    StoreUnderTest t({.shards = shards, .max_entries = 1000});
    ExactLru model(1000);
    std::mt19937_64 random(shards + 5);
    for (int i = 0; i < 30000; ++i) {
      const std::string key = "k" + std::to_string(random() % 1500);
      const bool is_there = t.Get(key).has_value();
      ASSERT_EQ(is_there, model.Touch(key)) << i;
      if (!is_there) t.Set(key, "v");
    }
    EXPECT_EQ(t.store().EntryCount(0), 1000u);
  }
}

TEST(Store, NothingIsEvictedBeforeABoundIsReached) {
  StoreUnderTest t({.shards = 8, .max_entries = 5000});
  for (int i = 0; i < 5000; ++i) t.Set("k" + std::to_string(i), "v");
  EXPECT_EQ(t.store().EntryCount(0), 5000u);
  EXPECT_EQ(t.store().Stats().evicted, 0u);
  t.Set("one more", "v");
  EXPECT_EQ(t.store().EntryCount(0), 5000u);
  EXPECT_EQ(t.store().Stats().evicted, 1u);
  EXPECT_EQ(t.Get("one more"), "v");
}

TEST(Store, ACommandsOwnKeysAreNeverItsVictims) {
  StoreUnderTest t({.max_entries = 3});
  t.Set("old", "1");
  t.Set("b", "2");
  t.Set("c", "3");
  EXPECT_EQ(t.SetMany({"old", "x"}, "v"), Admission::kOk);
  EXPECT_EQ(t.Get("old"), "v");
  EXPECT_EQ(t.Get("x"), "v");
  EXPECT_EQ(t.Get("b"), std::nullopt);
  // More new keys than the bound: refused whole, and nothing went for it.
  EXPECT_EQ(t.SetMany({"p", "q", "r", "s"}, "v"), Admission::kOutOfMemory);
  EXPECT_EQ(t.store().EntryCount(0), 3u);
  EXPECT_EQ(t.Get("old"), "v");
}

TEST(Store, NoEvictionRefusesNewKeysAndTakesOverwrites) {
  StoreUnderTest t({.max_entries = 2, .policy = EvictionPolicy::kNoEviction});
  t.Set("a", "1");
  t.Set("b", "2");
  EXPECT_EQ(t.SetMany({"c"}, "3"), Admission::kOutOfMemory);
  EXPECT_EQ(t.SetMany({"a"}, "4"), Admission::kOk);
  EXPECT_EQ(t.Get("a"), "4");
}

TEST(Store, VolatilePoliciesTouchOnlyEntriesWithADeadline) {
  for (const EvictionPolicy policy : {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileTtl}) {
    StoreUnderTest t({.shards = 4, .max_entries = 2000, .policy = policy});
    for (int i = 0; i < 1990; ++i) t.Set("k" + std::to_string(i), "v");
    for (int i = 0; i < 10; ++i) t.Set("e" + std::to_string(i), "v", t.now_ms + 100000 + i);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(t.SetMany({"n" + std::to_string(i)}, "v"), Admission::kOk);
    EXPECT_EQ(t.store().EntryCountWithExpiry(0), 0u);
    EXPECT_EQ(t.SetMany({"last"}, "v"), Admission::kOutOfMemory);
    for (int i = 0; i < 1990; ++i) ASSERT_TRUE(t.Peek("k" + std::to_string(i)).has_value()) << i;
  }
}

TEST(Store, VolatileTtlEvictsTheNearestDeadlineFirst) {
  StoreUnderTest t({.max_entries = 100, .policy = EvictionPolicy::kVolatileTtl});
  for (int i = 0; i < 100; ++i) t.Set("k" + std::to_string(i), "v", t.now_ms + 1000 + (i * 37) % 100);
  for (int nth = 0; nth < 50; ++nth) {
    t.Set("n" + std::to_string(nth), "v");
    for (int i = 0; i < 100; ++i) ASSERT_EQ(t.Peek("k" + std::to_string(i)).has_value(), (i * 37) % 100 > nth) << i;
  }
}

TEST(Store, ExpiredEntriesGoBeforeLiveOnes) {
  StoreUnderTest t({.max_entries = 100});
  t.Set("dies", "v", t.now_ms + 10);
  for (int i = 0; i < 99; ++i) t.Set("k" + std::to_string(i), "v");
  t.Peek("k0");
  t.now_ms += 10;
  t.Set("new", "v");
  EXPECT_EQ(t.store().Stats().evicted, 0u);
  EXPECT_EQ(t.store().Stats().expired, 1u);
  EXPECT_EQ(t.store().EntryCount(0), 100u);
}

TEST(Store, LowerBoundsTakeEffectAtOnce) {
  StoreUnderTest t({.shards = 4});
  for (int i = 0; i < 5000; ++i) t.Set("k" + std::to_string(i), std::string(100, 'v'));
  t.store().SetBounds(3000, 0, EvictionPolicy::kAllKeysLru);
  EXPECT_EQ(t.store().EntryCount(0), 3000u);
  const uint64_t used = t.store().UsedBytes();
  t.store().SetBounds(0, used - 100000, EvictionPolicy::kAllKeysLru);
  EXPECT_LE(t.store().UsedBytes(), used - 100000);
  EXPECT_GT(t.store().EntryCount(0), 1000u);
}

// The memory bound holds after every command, whatever the sizes, and a good part of it is data.
TEST(Store, TheMemoryBoundIsNeverExceeded) {
  constexpr uint64_t kBound = 8 << 20;
  StoreUnderTest t({.max_memory_bytes = kBound});
  std::mt19937_64 random(3);
  for (const size_t largest : {100, 2000, 30000, 300, 600000, 60}) {
    for (int i = 0; i < 20000 && i * largest < (100u << 20); ++i) {
      const std::string key = "k" + std::to_string(random() % 200000);
      ASSERT_EQ(t.SetMany({key}, std::string(random() % largest, 'v')), Admission::kOk);
      ASSERT_LE(t.store().UsedBytes(), kBound);
    }
    ASSERT_LE(t.store().Stats().peak_used_bytes, kBound);
    const StoreStats stats = t.store().Stats();
    if (largest >= 300) {
      EXPECT_GT(stats.key_bytes + stats.value_bytes, kBound / 3) << largest;
    }
    const Status status = t.store().CheckInvariants();
    ASSERT_TRUE(status.ok()) << status.message();
  }
}

TEST(Store, AValueThatCannotFitIsRefusedAndNothingIsLost) {
  StoreUnderTest t({.max_memory_bytes = 8 << 20});
  t.Set("a", "1");
  EXPECT_EQ(t.SetMany({"big"}, std::string(9 << 20, 'v')), Admission::kOutOfMemory);
  EXPECT_EQ(t.Get("a"), "1");
}

TEST(Store, MemoryGoesBackWhenEntriesGo) {
  StoreUnderTest t({.shards = 4});
  const uint64_t empty = t.store().UsedBytes();
  for (int i = 0; i < 100000; ++i) t.Set("k" + std::to_string(i), std::string(100, 'v'));
  const uint64_t full = t.store().UsedBytes();
  for (int i = 0; i < 100000; ++i) {
    if (i % 10 != 0) t.Remove("k" + std::to_string(i));
  }
  // A tenth is left, scattered over all pages: most of the pages went all the same.
  EXPECT_LT(t.store().UsedBytes() - empty, (full - empty) / 4);
  for (int i = 0; i < 100000; i += 10) ASSERT_EQ(t.Get("k" + std::to_string(i)), std::string(100, 'v'));
  for (int i = 0; i < 100000; i += 10) t.Remove("k" + std::to_string(i));
  EXPECT_LT(t.store().UsedBytes(), empty + 300000);
}

TEST(Store, SweepFindsTheFewExpiredAmongMany) {
  StoreUnderTest t({.shards = 8});
  for (int i = 0; i < 50000; ++i) t.Set("k" + std::to_string(i), "v");
  for (int i = 0; i < 20; ++i) t.Set("e" + std::to_string(i), "v", t.now_ms + 10);
  EXPECT_EQ(t.store().SweepExpired(t.now_ms, 1000), 0u);
  t.now_ms += 10;
  uint64_t examined = 0;
  while (const uint64_t now = t.store().SweepExpired(t.now_ms, 5)) examined += now;
  EXPECT_EQ(t.store().EntryCountWithExpiry(0), 0u);
  EXPECT_EQ(t.store().Stats().expired, 20u);
  EXPECT_LE(examined, 40u);
  EXPECT_EQ(t.store().EntryCount(0), 50000u);
}

// A key that is there throughout is returned, whatever comes and goes between the calls.
TEST(Store, AScanReturnsEveryKeyThatStays) {
  for (const uint64_t count : {1u, 10u, 1000u}) {
    StoreUnderTest t({.databases = 2, .shards = 4, .max_entries = 40000});
    for (int i = 0; i < 3000; ++i) t.Set("stays" + std::to_string(i), "v");
    for (int i = 0; i < 500; ++i) t.SetIn(1, "other" + std::to_string(i), "v");
    std::set<std::string> seen;
    std::mt19937_64 random(count);
    uint64_t cursor = 0;
    int calls = 0;
    do {
      cursor = t.store().Scan(0, cursor, count, t.now_ms, [&](std::string_view key, uint32_t, const ValueView&) {
        seen.insert(std::string(key));
        return true;
      });
      ASSERT_LT(cursor, 1ull << 53);
      if (++calls % 7 == 0 && calls < 3000) {
        // Growth by thousands, then shrinking, then evictions; what must stay is used again so that it is no victim.
        const int from = calls * 100;
        for (int i = from; i < from + 2000; ++i) t.Set("comes" + std::to_string(i), "v");
        for (int i = from; i < from + 1500; ++i) t.Remove("comes" + std::to_string(i));
        for (int i = 0; i < 3000 && t.store().EntryCount(0) > 30000; ++i) t.Get("stays" + std::to_string(i));
      }
    } while (cursor != 0);
    for (int i = 0; i < 3000; ++i) {
      const std::string key = "stays" + std::to_string(i);
      ASSERT_TRUE(seen.contains(key) || !t.Peek(key).has_value()) << key << " count " << count;
    }
    ASSERT_FALSE(seen.contains("other1"));
  }
}

TEST(Store, AScanOfASparseDatabaseIsBoundedAndEnds) {
  StoreUnderTest t({.databases = 2, .shards = 2});
  for (int i = 0; i < 20000; ++i) t.Set("k" + std::to_string(i), "v");
  t.SetIn(1, "needle", "v");
  int found = 0;
  int calls = 0;
  uint64_t cursor = 0;
  do {
    int visited = 0;
    cursor = t.store().Scan(1, cursor, 10, t.now_ms, [&](std::string_view key, uint32_t, const ValueView&) {
      found += key == "needle" ? 1 : 0;
      ++visited;
      return true;
    });
    ++calls;
    ASSERT_LE(visited, 10);
  } while (cursor != 0);
  EXPECT_EQ(found, 1);
  EXPECT_GT(calls, 50);
}

TEST(Store, RandomKeyFindsEveryKeyOfTheDatabase) {
  StoreUnderTest t({.databases = 2, .shards = 4});
  for (int i = 0; i < 30; ++i) t.SetIn(1, "k" + std::to_string(i), "v");
  for (int i = 0; i < 3000; ++i) t.Set("x" + std::to_string(i), "v");
  std::set<std::string> seen;
  std::mt19937_64 random(1);
  std::vector<char> key;
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(t.store().RandomKey(1, random(), t.now_ms, &key));
    seen.emplace(key.begin(), key.end());
  }
  EXPECT_EQ(seen.size(), 30u);
  StoreUnderTest empty({});
  EXPECT_FALSE(empty.store().RandomKey(0, 1, 0, &key));
}

TEST(Store, AWatchSeesEveryWayAKeyChanges) {
  StoreUnderTest t({.databases = 3, .shards = 4});
  const auto changes = [&](const std::function<void()>& action) {
    t.Set("k", "v");
    const uint64_t before = t.Watch("k");
    action();
    const bool has_changed = t.WatchVersion("k") != before;
    t.store().Unwatch(t.store().Locate(0, "k"));
    return has_changed;
  };
  EXPECT_FALSE(changes([&] { t.Get("k"); }));
  EXPECT_FALSE(changes([&] { t.Set("other", "v"); }));
  EXPECT_TRUE(changes([&] { t.Set("k", "w"); }));
  EXPECT_TRUE(changes([&] { t.Remove("k"); }));
  EXPECT_TRUE(changes([&] { t.Expire("k", t.now_ms + 100); }));
  EXPECT_TRUE(changes([&] {
    t.Expire("k", t.now_ms + 1);
    t.now_ms += 5;
  }));
  EXPECT_TRUE(changes([&] { t.Flush(0); }));
  EXPECT_TRUE(changes([&] { t.FlushAll(); }));
  EXPECT_TRUE(changes([&] { t.Swap(0, 1); }));
  t.FlushAll();
  // A key that was not there is not touched by a flush, nor by exchanging it for another that is not there.
  const uint64_t before = t.Watch("missing");
  t.FlushAll();
  t.Swap(0, 1);
  t.Swap(0, 1);
  EXPECT_EQ(t.WatchVersion("missing"), before);
  t.Set("missing", "v");
  EXPECT_NE(t.WatchVersion("missing"), before);
}

TEST(Store, AFullLogIsToldBeforeAnythingHappens) {
  RecordingLog log;
  StoreUnderTest t({.log = &log});
  log.is_full = true;
  EXPECT_EQ(t.SetMany({"a"}, "v"), Admission::kNoRoom);
  EXPECT_EQ(t.Get("a"), std::nullopt);
  log.is_full = false;
  EXPECT_EQ(t.SetMany({"a", "b"}, "v"), Admission::kOk);
  ASSERT_EQ(log.records.size(), 1u);
  EXPECT_EQ(log.records[0].size(), 2u);
  EXPECT_TRUE(log.is_balanced());
}

TEST(Store, EvictionsAreLoggedAndExpiryIsNot) {
  RecordingLog log;
  StoreUnderTest t({.max_entries = 1, .log = &log});
  t.Set("a", "1");
  t.Set("b", "2");
  ASSERT_EQ(log.records.size(), 3u);
  EXPECT_EQ(log.records[1][0].kind, EffectKind::kRemove);
  EXPECT_EQ(log.records[1][0].key, "a");
  t.Expire("b", t.now_ms + 5);
  t.now_ms += 5;
  EXPECT_EQ(t.Get("b"), std::nullopt);
  EXPECT_EQ(log.records.size(), 4u);
  EXPECT_TRUE(log.is_balanced());
}

TEST(Store, ABigValueOutlivesItsEntry) {
  StoreUnderTest t({});
  const std::string big(100000, 'x');
  t.Set("k", big);
  BlockRef held;
  {
    const Key key = t.store().Locate(0, "k");
    Access access;
    ASSERT_EQ(t.store().Begin(&access, {&key, 1}, {}, t.now_ms), Admission::kOk);
    const ValueView* view = access.Get(key);
    ASSERT_NE(view->block, nullptr);
    held = *view->block;
  }
  t.Remove("k");
  EXPECT_EQ(held->view(), big);
}

TEST(Store, IdleTimeIsToldInSeconds) {
  StoreUnderTest t({.shards = 2});
  t.now_ms = 1'000'000;
  for (int second = 0; second < 5000; ++second) {
    t.Set("k" + std::to_string(second), "v");
    t.now_ms += 1000;
  }
  for (const int idle_s : {1, 5, 50, 100, 1000, 4999}) {
    const std::string name = "k" + std::to_string(5000 - idle_s);
    const Key key = t.store().Locate(0, name);
    Access access;
    ASSERT_EQ(t.store().Begin(&access, {&key, 1}, {}, t.now_ms), Admission::kOk);
    const uint32_t tick = access.Peek(key)->tick;
    const double told_s = static_cast<double>(t.now_ms - t.store().AccessTimeOf(tick)) / 1000;
    EXPECT_NEAR(told_s, idle_s, 1 + idle_s * 0.04) << idle_s;
  }
}

TEST(Store, MemoryOfAnEntryCoversItsBytes) {
  StoreUnderTest t({});
  t.Set("k", std::string(1000, 'v'));
  t.Set("big", std::string(100000, 'v'));
  for (const auto& [name, bytes] : {std::pair("k", 1001u), std::pair("big", 100003u)}) {
    const Key key = t.store().Locate(0, name);
    Access access;
    ASSERT_EQ(t.store().Begin(&access, {&key, 1}, {}, t.now_ms), Admission::kOk);
    EXPECT_GE(access.FootprintOf(key), bytes);
    EXPECT_LE(access.FootprintOf(key), bytes * 9 / 8 + 64);
  }
}

}  // namespace
}  // namespace distcache::store
