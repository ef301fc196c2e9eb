// Hot keys against exact counts, the guarantee of Space-Saving, and its windows.
#include "metrics/hot_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace distcache::metrics {
namespace {

uint64_t HashOf(std::string_view key) {
  uint64_t hash = 1469598103934665603ull;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  hash ^= hash >> 31;
  return hash * 0x9E3779B97F4A7C15ull;
}

std::vector<HotKey> HottestOf(const HotKeys& keys, int64_t now_ms, size_t limit) {
  std::vector<HotKey> hottest;
  int64_t since_ms = now_ms;
  keys.AppendTo(now_ms, &hottest, &since_ms);
  MergeHotKeys(&hottest, limit);
  return hottest;
}

TEST(HotKeys, FewKeysAreCountedExactly) {
  HotKeys keys;
  for (int i = 0; i < 10; i++) {
    for (int times = 0; times <= i; times++) keys.Record(HashOf(std::to_string(i)), 0, std::to_string(i), 1, 1'000);
  }
  const std::vector<HotKey> hottest = HottestOf(keys, 1'000, 3);
  ASSERT_EQ(hottest.size(), 3u);
  EXPECT_EQ(hottest[0].key, "9");
  EXPECT_EQ(hottest[0].calls, 10u);
  EXPECT_EQ(hottest[0].error, 0u);
  EXPECT_EQ(hottest[2].key, "7");
}

TEST(HotKeys, HeavyKeysOfASkewedStreamAreFoundAndNeverUndercounted) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  HotKeys keys;
  std::map<std::string, uint64_t> exact;
  for (int i = 0; i < 300'000; i++) {
    // About Zipf with exponent 1 over 100,000 keys.
    const std::string key = "key:" + std::to_string(static_cast<int>(std::exp(uniform(random) * std::log(100'000.0))));
    exact[key]++;
    keys.Record(HashOf(key), 0, key, 1, 1'000);
  }
  const std::vector<HotKey> hottest = HottestOf(keys, 1'000, 10);
  ASSERT_EQ(hottest.size(), 10u);
  EXPECT_EQ(hottest[0].key, "key:1");
  for (const HotKey& one : hottest) {
    EXPECT_GE(one.calls, exact[one.key]) << one.key;
    EXPECT_LE(one.calls - one.error, exact[one.key]) << one.key;
  }
  for (int i = 1; i <= 5; i++) {
    const auto is_key = [&](const HotKey& one) { return one.key == "key:" + std::to_string(i); };
    EXPECT_TRUE(std::any_of(hottest.begin(), hottest.end(), is_key)) << i;
  }
}

TEST(HotKeys, EqualKeysOfDifferentDatabasesAreKeptApart) {
  HotKeys keys;
  keys.Record(1, 0, "k", 2, 1'000);
  keys.Record(2, 5, "k", 3, 1'000);
  const std::vector<HotKey> hottest = HottestOf(keys, 1'000, 9);
  ASSERT_EQ(hottest.size(), 2u);
  EXPECT_EQ(hottest[0].database, 5u);
  EXPECT_EQ(hottest[0].calls, 3u);
}

TEST(HotKeys, AKeyIsForgottenAfterTwoWindows) {
  HotKeys keys;
  keys.Record(1, 0, "old", 100, 1'000);
  keys.Record(2, 0, "new", 1, 1'000 + HotKeys::kWindowMs);
  EXPECT_EQ(HottestOf(keys, 1'000 + HotKeys::kWindowMs, 9).size(), 2u);
  keys.Record(2, 0, "new", 1, 1'000 + 2 * HotKeys::kWindowMs);
  const std::vector<HotKey> hottest = HottestOf(keys, 1'000 + 2 * HotKeys::kWindowMs, 9);
  ASSERT_EQ(hottest.size(), 1u);
  EXPECT_EQ(hottest[0].key, "new");
  EXPECT_EQ(hottest[0].calls, 2u);
  EXPECT_TRUE(HottestOf(keys, 1'000 + 9 * HotKeys::kWindowMs, 9).empty());
}

TEST(HotKeys, LongKeysAreCutAndTheirLengthKept) {
  HotKeys keys;
  const std::string key(1'000, 'x');
  keys.Record(7, 0, key, 1, 1'000);
  const std::vector<HotKey> hottest = HottestOf(keys, 1'000, 1);
  ASSERT_EQ(hottest.size(), 1u);
  EXPECT_EQ(hottest[0].key, key.substr(0, TextSlot::kMaxBytes));
  EXPECT_EQ(hottest[0].key_size_bytes, 1'000u);
}

TEST(HotKeys, ReadingWhileRecordingNeverGivesATornKey) {
  HotKeys keys;
  std::atomic<bool> is_over{false};
  std::thread reader([&] {
    while (!is_over.load()) {
      for (const HotKey& one : HottestOf(keys, 1'000, 1'000)) {
        ASSERT_EQ(one.key, std::string(one.key.size(), one.key[0]));
        ASSERT_EQ(one.key.size(), 8u + static_cast<size_t>(one.key[0] - 'a'));
      }
    }
  });
  for (uint64_t i = 0; i < 200'000; i++) {
    const char letter = static_cast<char>('a' + i % 26);
    keys.Record(HashOf(std::to_string(i)), 0, std::string(8 + static_cast<size_t>(letter - 'a'), letter), 1, 1'000);
  }
  is_over.store(true);
  reader.join();
}

}  // namespace
}  // namespace distcache::metrics
