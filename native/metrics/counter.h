// A number that one thread adds to and any thread reads: a plain load and store, no locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace distcache::metrics {

// Invariant: one thread at a time calls Add and Set. Readers may see a value that is a moment old, never a torn one.
class Counter {
 public:
  void Add(uint64_t amount) {
    // Relaxed: the numbers of different counters need not agree with each other at any instant.
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace distcache::metrics
