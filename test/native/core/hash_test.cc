// The hash spreads keys that people really use, depends on every byte, on the length, on the tweak and on the seed.
#include "core/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace distcache {
namespace {

HashSecrets SecretsOf(uint8_t fill) {
  std::array<uint8_t, 16> seed;
  seed.fill(fill);
  return HashSecrets::FromSeed(seed);
}

TEST(Hash64, DependsOnSeedAndTweak) {
  EXPECT_NE(Hash64(SecretsOf(1), 0, "key"), Hash64(SecretsOf(2), 0, "key"));
  EXPECT_NE(Hash64(SecretsOf(1), 0, "key"), Hash64(SecretsOf(1), 1, "key"));
  EXPECT_EQ(Hash64(SecretsOf(1), 5, "key"), Hash64(SecretsOf(1), 5, std::string("key")));
}

TEST(Hash64, DependsOnTheLength) {
  const HashSecrets secrets = SecretsOf(3);
  std::set<uint64_t> seen;
  for (size_t size = 0; size <= 300; ++size) seen.insert(Hash64(secrets, 0, std::string(size, '\0')));
  EXPECT_EQ(seen.size(), 301u);
}

// Flipping any one bit changes about half of the output bits.
TEST(Hash64, EveryInputBitReachesTheOutput) {
  const HashSecrets secrets = SecretsOf(9);
  for (const size_t size : {1, 2, 3, 4, 7, 8, 12, 16, 17, 31, 33, 64, 65, 100, 129}) {
    double least = 64;
    for (size_t bit = 0; bit < size * 8; ++bit) {
      double flipped = 0;
      for (int trial = 0; trial < 50; ++trial) {
        std::string key(size, static_cast<char>(trial * 37 + 1));
        const uint64_t before = Hash64(secrets, 0, key);
        key[bit / 8] = static_cast<char>(key[bit / 8] ^ (1 << (bit % 8)));
        flipped += std::popcount(before ^ Hash64(secrets, 0, key));
      }
      least = std::min(least, flipped / 50);
    }
    EXPECT_GT(least, 25) << size;
  }
}

// Buckets by the high, the middle and the low bits are filled as evenly as chance would: chi-square within six deviations.
TEST(Hash64, SpreadsSequentialKeysEvenly) {
  const HashSecrets secrets = SecretsOf(11);
  constexpr int kKeys = 200000;
  constexpr int kBuckets = 1024;
  for (const int shift : {0, 20, 54}) {
    std::vector<int> counts(kBuckets);
    for (int i = 0; i < kKeys; ++i) ++counts[Hash64(secrets, 0, "user:" + std::to_string(i)) >> shift & (kBuckets - 1)];
    double chi_square = 0;
    const double expected = static_cast<double>(kKeys) / kBuckets;
    for (const int count : counts) chi_square += (count - expected) * (count - expected) / expected;
    EXPECT_LT(std::abs(chi_square - (kBuckets - 1)), 6 * std::sqrt(2.0 * kBuckets)) << shift;
  }
}

}  // namespace
}  // namespace distcache
