// Numbers as clients write and read them, by Redis's rules: which texts are numbers, and how one is written back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace distcache::command {

inline constexpr size_t kMaxIntegerChars = 20;  // "-9223372036854775808"

// Strict: an optional minus, no plus, no spaces, no leading zeros, nothing behind; the range of int64_t.
std::optional<int64_t> ParseInteger(std::string_view text);

// Writes at most kMaxIntegerChars characters; how many.
size_t FormatInteger(int64_t value, char* to);

// What strtold takes whole, without leading space; neither NaN nor out of range. Infinity is allowed.
std::optional<long double> ParseDecimal(std::string_view text);

inline constexpr size_t kMaxDecimalChars = 5 * 1024;

// Fixed notation with at most 17 digits behind the point, without trailing zeros. `value` is finite. Writes at most
// kMaxDecimalChars characters and returns how many.
size_t FormatDecimal(long double value, char* to);

}  // namespace distcache::command
