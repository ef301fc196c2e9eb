// What "recently used" is measured in: a counter of ticks that all shards of a store share, and the time each tick stood for.
//
// Up to about a thousand entries every access takes a tick of its own, so that the order of entries is exact. In a bigger store
// one tick stands for a number of accesses in proportion to the number of entries: an entry keeps 24 bits of it, and those
// last longer the coarser they are. A tick also passes when a second does, so that idle times can be told. Any thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "store/entry.h"

namespace distcache::store {

class RecencyClock {
 public:
  // Ages beyond this are not told apart; shards bring older entries up to it before 24 bits wrap round.
  static constexpr uint32_t kMaxAge = 1u << 23;

  uint32_t now() const { return static_cast<uint32_t>(tick_.load(std::memory_order_relaxed)) & kTickMask; }
  // Which part of the counter's range it is in: entries are brought up to kMaxAge once a part.
  uint64_t part() const { return tick_.load(std::memory_order_relaxed) >> 21; }

  // Passes one tick; its time is the last one noted.
  uint32_t Pass() { return static_cast<uint32_t>(tick_.fetch_add(1, std::memory_order_relaxed) + 1) & kTickMask; }
  // Passes a tick when now_ms is in a later second than any before.
  void NoteTime(int64_t now_ms) {
    if (now_ms >= next_second_ms_.load(std::memory_order_relaxed)) StartSecond(now_ms);
  }

  // Gives each second before now a tick, as far back as ages are told apart: entries of an earlier process keep their order. Before
  // anything else.
  void BeginWithPast(int64_t now_ms);
  // The tick of so many seconds before BeginWithPast.
  static uint32_t TickOfPast(uint64_t seconds) {
    return static_cast<uint32_t>(kMaxAge - std::min<uint64_t>(seconds, kMaxAge - 1));
  }

  static uint32_t AgeOf(uint32_t tick, uint32_t now) { return (now - tick) & kTickMask; }
  // About when a tick was: exact to a second for the last minute, to about two per cent of the age before.
  int64_t TimeOf(uint32_t tick) const;

 private:
  struct Mark {
    uint64_t tick;
    int64_t at_ms;
  };
  static constexpr size_t kMarksPerLevel = 64;
  static constexpr size_t kLevels = 20;  // 2^19 minutes
  struct Level {
    std::array<Mark, kMarksPerLevel> marks;  // a ring
    uint64_t added = 0;
  };

  void StartSecond(int64_t now_ms);

  std::atomic<uint64_t> tick_{1};
  std::atomic<int64_t> next_second_ms_{0};
  mutable std::mutex mutex_;
  std::array<Level, kLevels> levels_{};  // level k keeps every 2^k-th mark
};

}  // namespace distcache::store
