#include "command/number_text.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace distcache::command {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text) {
  if (text.empty() || text.size() > kMaxIntegerChars) return std::nullopt;
  if (text == "0") return 0;
  const size_t first_digit = text[0] == '-' ? 1 : 0;
  if (first_digit == text.size() || text[first_digit] < '1' || text[first_digit] > '9') return std::nullopt;
  int64_t value;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

size_t FormatInteger(int64_t value, char* to) { return std::to_chars(to, to + kMaxIntegerChars, value).ptr - to; }

std::optional<long double> ParseDecimal(std::string_view text) {
  if (text.empty() || IsSpace(text[0])) return std::nullopt;
  char in_place[kMaxDecimalChars];
  std::unique_ptr<char[]> longer;
  char* copy = in_place;  // ends with a zero, which strtold needs
  if (text.size() >= sizeof(in_place)) {
    longer.reset(new (std::nothrow) char[text.size() + 1]);
    if (longer == nullptr) return std::nullopt;
    copy = longer.get();
  }
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  char* end;
  errno = 0;
  const long double value = std::strtold(copy, &end);
  if (static_cast<size_t>(end - copy) != text.size() || errno == EINVAL || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

size_t FormatDecimal(long double value, char* to) {
  size_t size = std::snprintf(to, kMaxDecimalChars, "%.17Lf", value);
  while (to[size - 1] == '0') size--;  // stops at the point at the latest
  if (to[size - 1] == '.') size--;
  if (std::string_view(to, size) != "-0") return size;
  to[0] = '0';
  return 1;
}

}  // namespace distcache::command
