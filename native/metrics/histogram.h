// A log-linear histogram of durations in nanoseconds: below 128 each value has a bucket of its own, above every power of two
// is cut into 64 equal buckets. A bucket's middle is at most 1/128 (0.8 %) away from any value in it, up to 68.7 s (2^36 ns);
// what is longer counts as that. The idea is that of HdrHistogram (hdrhistogram.org).
//
// One thread records, any thread reads. Reading while recording gives counts that are each right but not all of one instant.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "metrics/counter.h"

namespace distcache::metrics {

class Histogram {
 public:
  static constexpr unsigned kSubBucketBits = 6;
  static constexpr uint64_t kSubBuckets = 1ull << kSubBucketBits;
  static constexpr unsigned kValueBits = 36;
  static constexpr uint64_t kMaxValueNs = (1ull << kValueBits) - 1;
  static constexpr size_t kBucketCount = (kValueBits - kSubBucketBits + 1) * kSubBuckets;

  static constexpr size_t BucketOf(uint64_t value_ns) {
    const uint64_t value = value_ns < kMaxValueNs ? value_ns : kMaxValueNs;
    const unsigned width = static_cast<unsigned>(std::bit_width(value | 1));
    const unsigned shift = width > kSubBucketBits + 1 ? width - kSubBucketBits - 1 : 0;
    return (static_cast<size_t>(shift) << kSubBucketBits) + static_cast<size_t>(value >> shift);
  }
  // The smallest and the largest value that fall into a bucket.
  static constexpr uint64_t LowestOf(size_t bucket) {
    const size_t octave = bucket >> kSubBucketBits;
    if (octave < 2) return bucket;
    return (kSubBuckets + (bucket & (kSubBuckets - 1))) << (octave - 1);
  }
  static constexpr uint64_t HighestOf(size_t bucket) { return LowestOf(bucket + 1) - 1; }

  void Record(uint64_t value_ns, uint64_t times) { counts_[BucketOf(value_ns)].Add(times); }

  // Adds the counts to `sums`, which has kBucketCount places.
  void AddTo(std::span<uint64_t> sums) const;

 private:
  std::array<Counter, kBucketCount> counts_;
};

// The middle of the bucket that holds the value below which `fraction` (0 to 1) of all values lie; 0 when there are none.
uint64_t ValueAtFraction(std::span<const uint64_t> counts, double fraction);

}  // namespace distcache::metrics
