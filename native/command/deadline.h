// Deadlines as clients give them: relative or absolute, in seconds or milliseconds, stored absolute in milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/store.h"

namespace distcache::command {

enum class TimeUnit : int64_t { kMilliseconds = 1, kSeconds = 1000 };

struct DeadlineForm {
  TimeUnit unit;
  bool is_absolute;
};

// amount in the given form as an absolute deadline; none when that leaves the range of 64 bits.
inline std::optional<store::TimeMs> DeadlineOf(int64_t amount, DeadlineForm form, store::TimeMs now_ms) {
  store::TimeMs deadline_ms;
  if (__builtin_mul_overflow(amount, static_cast<int64_t>(form.unit), &deadline_ms)) return std::nullopt;
  if (!form.is_absolute && __builtin_add_overflow(deadline_ms, now_ms, &deadline_ms)) return std::nullopt;
  return deadline_ms;
}

}  // namespace distcache::command
