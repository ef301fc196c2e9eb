// Which physical database each logical one is: SWAPDB exchanges two numbers instead of moving keys. Read without a lock, changed
// under the locks of every shard.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace distcache::store {

inline constexpr uint32_t kMaxDatabases = 256;

class DatabaseMap {
 public:
  DatabaseMap() {
    for (uint32_t i = 0; i < kMaxDatabases; ++i) {
      physical_[i].store(static_cast<uint8_t>(i), std::memory_order_relaxed);
      logical_[i].store(static_cast<uint8_t>(i), std::memory_order_relaxed);
    }
  }
  // Relaxed: a key that was located before a swap is recognised under the lock of its shard.
  uint8_t PhysicalOf(uint32_t logical) const { return physical_[logical].load(std::memory_order_relaxed); }
  uint8_t LogicalOf(uint32_t physical) const { return logical_[physical].load(std::memory_order_relaxed); }
  void Swap(uint32_t a, uint32_t b) {
    const uint8_t physical_a = PhysicalOf(a);
    const uint8_t physical_b = PhysicalOf(b);
    Set(a, physical_b);
    Set(b, physical_a);
  }

 private:
  void Set(uint32_t logical, uint8_t physical) {
    physical_[logical].store(physical, std::memory_order_relaxed);
    logical_[physical].store(static_cast<uint8_t>(logical), std::memory_order_relaxed);
  }

  std::array<std::atomic<uint8_t>, kMaxDatabases> physical_;
  std::array<std::atomic<uint8_t>, kMaxDatabases> logical_;
};

}  // namespace distcache::store
