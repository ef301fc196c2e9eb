// The chunk sizes that a slab hands out: every 8 bytes up to 128, then eight steps a power of two (at most 12.5 % lost), then even
// parts of the largest span.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "store/page_pool.h"

namespace distcache::store {

inline constexpr size_t kMinChunkBytes = 16;
inline constexpr size_t kLargestSpanBytes = 4 * kUnitBytes;
inline constexpr size_t kMaxChunkBytes = kLargestSpanBytes / 3 / 8 * 8;

inline constexpr uint32_t kFineClasses = 15;     // 16, 24, ... 128
inline constexpr uint32_t kSteppedClasses = 48;  // up to 8192
inline constexpr std::array<uint32_t, 5> kLargeChunkBytes = {9360, 10920, 13104, 16384, kMaxChunkBytes};
inline constexpr uint32_t kSizeClasses = kFineClasses + kSteppedClasses + kLargeChunkBytes.size();

// The smallest class that holds size_bytes (at most kMaxChunkBytes).
constexpr uint32_t SizeClassOf(size_t size_bytes) {
  if (size_bytes <= 128) return size_bytes <= kMinChunkBytes ? 0 : static_cast<uint32_t>((size_bytes + 7) / 8 - 2);
  if (size_bytes <= 8192) {
    const uint64_t last = size_bytes - 1;
    const auto power = static_cast<uint32_t>(63 - std::countl_zero(last));
    return kFineClasses + (power - 7) * 8 + static_cast<uint32_t>((last >> (power - 3)) & 7);
  }
  uint32_t at = 0;
  while (kLargeChunkBytes[at] < size_bytes) ++at;
  return kFineClasses + kSteppedClasses + at;
}

struct SizeClass {
  uint32_t chunk_bytes;
  uint32_t units;  // of a span
  uint32_t chunks_per_span;
};

constexpr std::array<SizeClass, kSizeClasses> MakeSizeClasses() {
  std::array<SizeClass, kSizeClasses> classes{};
  for (uint32_t i = 0; i < kSizeClasses; ++i) {
    uint32_t chunk_bytes = 0;
    if (i < kFineClasses) {
      chunk_bytes = 16 + 8 * i;
    } else if (i < kFineClasses + kSteppedClasses) {
      const uint32_t power = 7 + (i - kFineClasses) / 8;
      chunk_bytes = (1u << power) + (1u << (power - 3)) * ((i - kFineClasses) % 8 + 1);
    } else {
      chunk_bytes = kLargeChunkBytes[i - kFineClasses - kSteppedClasses];
    }
    // Bigger spans for bigger chunks: less is lost at the end of each.
    const uint32_t units = chunk_bytes <= 1024 ? 1 : chunk_bytes <= 2048 ? 2 : 4;
    classes[i] = {chunk_bytes, units, static_cast<uint32_t>(units * kUnitBytes / chunk_bytes)};
  }
  return classes;
}

inline constexpr std::array<SizeClass, kSizeClasses> kSizeClassTable = MakeSizeClasses();

}  // namespace distcache::store
