// The histogram against exact percentiles of recorded samples, and the arithmetic of its buckets.
#include "metrics/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

namespace distcache::metrics {
namespace {

std::vector<uint64_t> CountsOf(const std::vector<uint64_t>& samples) {
  const auto histogram = std::make_unique<Histogram>();
  for (const uint64_t sample : samples) histogram->Record(sample, 1);
  std::vector<uint64_t> counts(Histogram::kBucketCount);
  histogram->AddTo(counts);
  return counts;
}

uint64_t ExactAt(std::vector<uint64_t> samples, double fraction) {
  std::sort(samples.begin(), samples.end());
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(samples.size())));
  return samples[std::max<size_t>(rank, 1) - 1];
}

TEST(Histogram, BucketsFollowEachOtherWithoutGapOrOverlap) {
  for (size_t bucket = 0; bucket < Histogram::kBucketCount; bucket++) {
    EXPECT_EQ(Histogram::BucketOf(Histogram::LowestOf(bucket)), bucket);
    EXPECT_EQ(Histogram::BucketOf(Histogram::HighestOf(bucket)), bucket);
    if (bucket > 0) {
      EXPECT_EQ(Histogram::LowestOf(bucket), Histogram::HighestOf(bucket - 1) + 1);
    }
  }
  EXPECT_EQ(Histogram::HighestOf(Histogram::kBucketCount - 1), Histogram::kMaxValueNs);
}

TEST(Histogram, MiddleOfABucketIsWithinOnePercentOfItsValues) {
  for (uint64_t value = 1; value < Histogram::kMaxValueNs; value += 1 + value / 1000) {
    const size_t bucket = Histogram::BucketOf(value);
    const double middle = static_cast<double>((Histogram::LowestOf(bucket) + Histogram::HighestOf(bucket)) / 2);
    EXPECT_LE(std::abs(middle - static_cast<double>(value)), 0.01 * static_cast<double>(value)) << value;
  }
}

TEST(Histogram, CoversOneMicrosecondToSixtySeconds) {
  EXPECT_GE(Histogram::kMaxValueNs, 60'000'000'000ull);
  EXPECT_EQ(Histogram::BucketOf(UINT64_MAX), Histogram::kBucketCount - 1);
}

TEST(Histogram, PercentilesMatchExactOnesWithinOnePercent) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> typical(9, 2);
  std::uniform_int_distribution<uint64_t> wide(1'000, 60'000'000'000);
  for (const bool is_wide : {false, true}) {
    std::vector<uint64_t> samples;
    for (int i = 0; i < 20'000; i++) {
      samples.push_back(is_wide ? wide(random) : 1 + static_cast<uint64_t>(std::min(typical(random), 6e10)));
    }
    const std::vector<uint64_t> counts = CountsOf(samples);
    for (const double fraction : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto exact = static_cast<double>(ExactAt(samples, fraction));
      EXPECT_NEAR(static_cast<double>(ValueAtFraction(counts, fraction)), exact, 0.01 * exact) << fraction;
    }
  }
}

TEST(Histogram, CountsWeighted) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->Record(100, 99);
  histogram->Record(5'000, 1);
  std::vector<uint64_t> counts(Histogram::kBucketCount);
  histogram->AddTo(counts);
  EXPECT_EQ(ValueAtFraction(counts, 0.99), 100u);
  EXPECT_NEAR(static_cast<double>(ValueAtFraction(counts, 1)), 5'000, 50);
}

TEST(Histogram, OfNothingIsZero) {
  EXPECT_EQ(ValueAtFraction(std::vector<uint64_t>(Histogram::kBucketCount), 0.5), 0u);
}

}  // namespace
}  // namespace distcache::metrics
