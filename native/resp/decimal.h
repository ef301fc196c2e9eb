// Decimal digits of integers: what every reply header needs, without going through printf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace distcache::resp {

inline constexpr size_t kMaxDecimalBytes = 20;  // of a 64-bit number with its sign

inline constexpr char kDigitPairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

// Writes the digits at `place` (kMaxDecimalBytes of room) and returns how many bytes they take.
inline size_t WriteDecimal(char* place, uint64_t value) {
  if (value < 10) {
    *place = static_cast<char>('0' + value);
    return 1;
  }
  char digits[kMaxDecimalBytes];
  size_t at = sizeof(digits);
  while (value >= 100) {
    at -= 2;
    std::memcpy(digits + at, kDigitPairs + value % 100 * 2, 2);
    value /= 100;
  }
  if (value >= 10) {
    at -= 2;
    std::memcpy(digits + at, kDigitPairs + value * 2, 2);
  } else {
    digits[--at] = static_cast<char>('0' + value);
  }
  std::memcpy(place, digits + at, sizeof(digits) - at);
  return sizeof(digits) - at;
}

inline size_t WriteSignedDecimal(char* place, int64_t value) {
  if (value >= 0) return WriteDecimal(place, static_cast<uint64_t>(value));
  *place = '-';
  return 1 + WriteDecimal(place + 1, ~static_cast<uint64_t>(value) + 1);
}

}  // namespace distcache::resp
