// The history of ticks: marks thin out with age.
#include "store/recency_clock.h"

#include <algorithm>

namespace distcache::store {

void RecencyClock::StartSecond(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (now_ms < next_second_ms_.load(std::memory_order_relaxed)) return;
  next_second_ms_.store(now_ms / 1000 * 1000 + 1000, std::memory_order_relaxed);
  const uint64_t tick = tick_.fetch_add(1, std::memory_order_relaxed) + 1;
  const uint64_t seconds = levels_[0].added;
  for (size_t k = 0; k < kLevels && (seconds & ((uint64_t{1} << k) - 1)) == 0; ++k) {
    Level& level = levels_[k];
    level.marks[level.added++ % kMarksPerLevel] = {tick, now_ms};
  }
}

void RecencyClock::BeginWithPast(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  tick_.store(kMaxAge, std::memory_order_relaxed);
  next_second_ms_.store(now_ms / 1000 * 1000 + 1000, std::memory_order_relaxed);
  for (size_t k = 0; k < kLevels; ++k) {
    Level& level = levels_[k];
    level.added = 0;
    for (uint64_t i = kMarksPerLevel; i-- > 0;) {
      const uint64_t seconds = i << k;
      if (seconds >= kMaxAge) continue;
      level.marks[level.added++ % kMarksPerLevel] = {kMaxAge - seconds, now_ms - static_cast<int64_t>(seconds) * 1000};
    }
  }
}

int64_t RecencyClock::TimeOf(uint32_t tick) const {
  const std::lock_guard lock(mutex_);
  const uint64_t now = tick_.load(std::memory_order_relaxed);
  const uint64_t wanted = now - AgeOf(tick, static_cast<uint32_t>(now) & kTickMask);
  // The finest level that reaches back far enough has the last mark at or before the tick.
  for (const Level& level : levels_) {
    const uint64_t kept = std::min<uint64_t>(level.added, kMarksPerLevel);
    if (kept == 0) break;
    const uint64_t oldest = level.added - kept;
    if (level.marks[oldest % kMarksPerLevel].tick > wanted) continue;
    for (uint64_t at = level.added; at-- > oldest;) {
      const Mark& mark = level.marks[at % kMarksPerLevel];
      if (mark.tick <= wanted) return mark.at_ms;
    }
  }
  // Older than all that is kept: the oldest mark of all.
  int64_t oldest_ms = 0;
  for (const Level& level : levels_) {
    const uint64_t kept = std::min<uint64_t>(level.added, kMarksPerLevel);
    if (kept == 0) break;
    oldest_ms = level.marks[(level.added - kept) % kMarksPerLevel].at_ms;
  }
  return oldest_ms;
}

}  // namespace distcache::store
