// The lock of a shard: four bytes, held for well under a microsecond. Spins a little, then sleeps until woken.
#pragma once

#include <atomic>
#include <cstdint>

#include "port/byte_match.h"

namespace distcache::store {

class ShardLock {
 public:
  void lock() {
    uint32_t expected = kFree;
    // Acquire: everything under the lock sees what the last holder wrote.
    if (state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) return;
    LockSlowly();
  }
  bool try_lock() {
    uint32_t expected = kFree;
    // Acquire: as in lock().
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire);
  }
  void unlock() {
    // Release: the next holder sees what was written under the lock.
    if (state_.exchange(kFree, std::memory_order_release) == kHeldWithSleepers) state_.notify_one();
  }

 private:
  enum : uint32_t { kFree, kHeld, kHeldWithSleepers };
  static constexpr int kSpins = 100;

  void LockSlowly() {
    for (int i = 0; i < kSpins; ++i) {
      port::PauseWhileSpinning();
      if (state_.load(std::memory_order_relaxed) == kFree && try_lock()) return;
    }
    // Whoever sleeps says so in the state, and whoever got the lock after sleeping cannot know whether others still sleep.
    // Acquire: as in lock().
    while (state_.exchange(kHeldWithSleepers, std::memory_order_acquire) != kFree) {
      state_.wait(kHeldWithSleepers, std::memory_order_relaxed);
    }
  }

  std::atomic<uint32_t> state_{kFree};
};

}  // namespace distcache::store
