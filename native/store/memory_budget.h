// How much memory a store has taken, against its bound. Everything the store allocates is charged here before it is taken.
// Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace distcache::store {

// Relaxed throughout: the numbers guard nothing but themselves.
class MemoryBudget {
 public:
  // False, and nothing is charged, when the bound would be exceeded.
  bool TryCharge(uint64_t bytes) {
    uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      const uint64_t limit = limit_.load(std::memory_order_relaxed);
      if (limit != 0 && used + bytes > limit) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    RaisePeak(used + bytes);
    return true;
  }
  // For what is needed whatever the bound says: the store's own fixed tables.
  void Charge(uint64_t bytes) { RaisePeak(used_.fetch_add(bytes, std::memory_order_relaxed) + bytes); }
  void Uncharge(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  uint64_t peak_bytes() const { return peak_.load(std::memory_order_relaxed); }
  uint64_t limit_bytes() const { return limit_.load(std::memory_order_relaxed); }
  void set_limit(uint64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }
  bool is_over_limit() const { return limit_bytes() != 0 && used_bytes() > limit_bytes(); }

 private:
  void RaisePeak(uint64_t used) {
    uint64_t peak = peak_.load(std::memory_order_relaxed);
    while (used > peak && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
    }
  }

  std::atomic<uint64_t> used_{0};
  std::atomic<uint64_t> peak_{0};
  std::atomic<uint64_t> limit_{0};
};

// What one command has been charged for in advance: its allocations draw on it first, so that they cannot fail half-way.
class Purse {
 public:
  explicit Purse(MemoryBudget* budget = nullptr) : budget_(budget) {}

  bool TryFill(uint64_t bytes) {
    if (!budget_->TryCharge(bytes)) return false;
    credit_bytes_ += bytes;
    return true;
  }
  bool TryTake(uint64_t bytes) {
    const uint64_t from_credit = std::min(bytes, credit_bytes_);
    if (bytes > from_credit && !budget_->TryCharge(bytes - from_credit)) return false;
    credit_bytes_ -= from_credit;
    return true;
  }
  // Grows an array whose memory is charged by its capacity.
  template <typename Array>
  bool TryReserve(Array* array, size_t wanted) {
    const uint64_t more = array->GrowthBytes(wanted);
    if (more == 0) return true;
    if (!TryTake(more)) return false;
    if (array->TryReserve(wanted)) return true;
    Refund(more);
    return false;
  }
  void Refund(uint64_t bytes) { budget_->Uncharge(bytes); }
  void Empty() {
    if (credit_bytes_ > 0) budget_->Uncharge(credit_bytes_);
    credit_bytes_ = 0;
  }
  uint64_t credit_bytes() const { return credit_bytes_; }
  MemoryBudget* budget() const { return budget_; }

 private:
  MemoryBudget* budget_;
  uint64_t credit_bytes_ = 0;
};

}  // namespace distcache::store
