// LEB128 numbers as the log and snapshot formats write them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace distcache::wal {

inline constexpr size_t kLongestVarintBytes = 10;

inline size_t VarintBytes(uint64_t number) { return (static_cast<size_t>(std::bit_width(number | 1)) + 6) / 7; }

inline char* WriteVarint(char* out, uint64_t number) {
  while (number >= 0x80) {
    *out++ = static_cast<char>(number | 0x80);
    number >>= 7;
  }
  *out++ = static_cast<char>(number);
  return out;
}

// Moves *at behind the number; false when it does not end before `end` or is above 2^64 - 1.
inline bool ReadVarint(const char** at, const char* end, uint64_t* number) {
  uint64_t value = 0;
  for (unsigned shift = 0; *at != end && shift < 70; shift += 7) {
    const auto byte = static_cast<uint8_t>(*(*at)++);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *number = value;
      return true;
    }
  }
  return false;
}

}  // namespace distcache::wal
