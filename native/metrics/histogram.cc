// Reading of histograms; recording is inline in the header.
#include "metrics/histogram.h"

#include <cmath>

namespace distcache::metrics {

void Histogram::AddTo(std::span<uint64_t> sums) const {
  for (size_t i = 0; i < kBucketCount; i++) sums[i] += counts_[i].value();
}

uint64_t ValueAtFraction(std::span<const uint64_t> counts, double fraction) {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  if (total == 0) return 0;
  const double wanted = std::ceil(fraction * static_cast<double>(total));
  const uint64_t rank = wanted < 1 ? 1 : static_cast<uint64_t>(wanted);
  uint64_t seen = 0;
  for (size_t i = 0; i < counts.size(); i++) {
    seen += counts[i];
    if (seen >= rank) return (Histogram::LowestOf(i) + Histogram::HighestOf(i)) / 2;
  }
  return Histogram::kMaxValueNs;
}

}  // namespace distcache::metrics
