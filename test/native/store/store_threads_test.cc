// Many threads on one store: run under ThreadSanitizer, and checked for bounds and invariants everywhere.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "store/recording_log.h"
#include "store/store_fixture.h"

namespace distcache::store {
namespace {

void RunThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

void ExpectSound(Store& store) {
  const Status status = store.CheckInvariants();
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(StoreThreads, TheBoundOnEntriesHoldsAtEveryMoment) {
  constexpr uint64_t kBound = 700;
  for (const uint32_t shards : {1u, 8u}) {
    RecordingLog log;
    StoreUnderTest t({.shards = shards, .max_entries = kBound, .log = &log});
    std::atomic<bool> is_done{false};
    std::thread watcher([&] {
      while (!is_done) {
        {
          Access all;  // one moment in all shards: counts read one after the other would be of several
          ASSERT_EQ(t.store().Begin(&all, {}, {.all_shards = true}, t.now_ms), Admission::kOk);
          ASSERT_LE(t.store().EntryCount(0), kBound);
        }
        std::this_thread::yield();
      }
    });
    RunThreads(4, [&](int thread) {
      std::mt19937_64 random(thread);
      for (int i = 0; i < 1500; ++i) {
        std::vector<std::string> names;
        for (uint64_t n = 0; n < 1 + random() % 4; ++n) names.push_back("k" + std::to_string(random() % 5000));
        ASSERT_EQ(t.SetMany(names, "value"), Admission::kOk);
      }
    });
    is_done = true;
    watcher.join();
    EXPECT_EQ(t.store().EntryCount(0), kBound);
    EXPECT_TRUE(log.is_balanced());
    ExpectSound(t.store());
  }
}

TEST(StoreThreads, TheBoundOnMemoryHoldsAtEveryMoment) {
  constexpr uint64_t kBound = 3 << 20;
  StoreUnderTest t({.shards = 8, .max_memory_bytes = kBound});
  RunThreads(4, [&](int thread) {
    std::mt19937_64 random(thread);
    for (int i = 0; i < 3000; ++i) {
      const size_t size = random() % 20 == 0 ? random() % 60000 : random() % 600;
      (void)t.SetMany({"k" + std::to_string(random() % 50000)}, std::string(size, 'v'));
      ASSERT_LE(t.store().UsedBytes(), kBound);
    }
  });
  EXPECT_LE(t.store().Stats().peak_used_bytes, kBound);
  EXPECT_GT(t.store().EntryCount(0), 100u);
  ExpectSound(t.store());
}

// Counters that several threads raise in transactions over several shards lose nothing; whole-store commands come between.
TEST(StoreThreads, TransactionsAreAtomicAmongWholeStoreCommands) {
  StoreUnderTest t({.databases = 4, .shards = 16});
  constexpr int kThreads = 4;
  constexpr int kRounds = 800;
  RunThreads(kThreads + 1, [&](int thread) {
    std::mt19937_64 random(thread);
    for (int round = 0; round < kRounds; ++round) {
      if (thread == kThreads) {
        if (round % 20 != 0) continue;
        // Databases 2 and 3 come and go; 0 and 1 hold the counters and change places.
        Access access;
        ASSERT_EQ(t.store().Begin(&access, {}, {.writes = true, .all_shards = true}, t.now_ms), Admission::kOk);
        access.Flush(2);
        access.SwapDatabases(2, 3);
        continue;
      }
      const std::string names[] = {"c" + std::to_string(random() % 5), "d" + std::to_string(random() % 5), "total"};
      std::vector<Key> keys;
      for (const std::string& name : names) keys.push_back(t.store().Locate(0, name));
      const std::string noise = "noise" + std::to_string(random() % 100);
      keys.push_back(t.store().Locate(2, noise));
      Access access;
      ASSERT_EQ(t.store().Begin(&access, keys, {.writes = true, .adds_keys = true, .value_bytes = 64}, t.now_ms),
                Admission::kOk);
      for (int i = 0; i < 3; ++i) {
        const ValueView* view = access.Get(keys[i]);
        const int value = view == nullptr ? 0 : std::stoi(std::string(view->bytes));
        ASSERT_EQ(access.Put(keys[i], std::to_string(value + 1), 0), PutResult::kOk);
      }
      ASSERT_EQ(access.Put(keys[3], "x", 0), PutResult::kOk);
    }
  });
  int sum = 0;
  for (int i = 0; i < 5; ++i) {
    sum += std::stoi(t.Get("c" + std::to_string(i)).value_or("0")) +
           std::stoi(t.Get("d" + std::to_string(i)).value_or("0"));
  }
  EXPECT_EQ(t.Get("total"), std::to_string(kThreads * kRounds));
  EXPECT_EQ(sum, 2 * kThreads * kRounds);
  ExpectSound(t.store());
}

// Everything at once, for the sanitizers: reads, writes of all sizes, expiry, scans, walks, watches, sweeps, changing bounds.
TEST(StoreThreads, EverythingAtOnceStaysSound) {
  RecordingLog log;
  StoreUnderTest t({.databases = 2, .shards = 8, .max_entries = 3000, .log = &log});
  RunThreads(4, [&](int thread) {
    std::mt19937_64 random(100 + thread);
    for (int i = 0; i < 1500; ++i) {
      const std::string name = "k" + std::to_string(random() % 4000);
      switch (random() % 12) {
        case 0:
          t.Get(name);
          break;
        case 1:
          t.Remove(name);
          break;
        case 2:
          t.Expire(name, t.now_ms + static_cast<TimeMs>(random() % 3));
          break;
        case 3:
          (void)t.store().SweepExpired(t.now_ms + 1, 20);
          break;
        case 4: {
          uint64_t seen = 0;
          (void)t.store().Scan(0, (random() % 8) << 44, 20, t.now_ms,
                               [&](std::string_view key, uint32_t, const ValueView& value) {
                                 seen += key.size() + value.bytes.size();
                                 return true;
                               });
          break;
        }
        case 5: {
          bool is_missing = false;
          const Key key = t.store().Locate(0, name);
          (void)t.store().Watch(key, t.now_ms, &is_missing);
          t.store().Unwatch(key);
          break;
        }
        case 6: {
          std::vector<char> key;
          (void)t.store().RandomKey(0, random(), t.now_ms, &key);
          (void)t.store().Stats();
          break;
        }
        case 7:
          if (random() % 50 == 0) t.store().SetBounds(1000 + random() % 4000, 0, EvictionPolicy::kAllKeysLru);
          break;
        case 8:
          if (random() % 50 == 0) t.Swap(0, 1);
          break;
        default:
          (void)t.SetMany({name}, std::string(random() % 10 == 0 ? random() % 40000 : random() % 300, 'v'));
          break;
      }
    }
  });
  EXPECT_TRUE(log.is_balanced());
  ExpectSound(t.store());
}

}  // namespace
}  // namespace distcache::store
