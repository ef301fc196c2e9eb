// The slow log: the newest commands that took longer than a threshold, newest first. Any thread records and reads; the lock is
// taken only for a command that was slow.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace distcache::metrics {

struct SlowCall {
  uint64_t id = 0;
  int64_t at_s = 0;  // Unix time
  uint64_t duration_us = 0;
  std::vector<std::string> arguments;  // shortened, as Redis does: 32 arguments of 128 bytes
  uint64_t connection = 0;             // whose command it was; 0: nobody's
};

class SlowLog {
 public:
  static constexpr int64_t kOff = -1;

  // threshold_us: kOff records nothing, 0 everything.
  void Configure(int64_t threshold_us, size_t max_length);
  int64_t threshold_us() const { return threshold_us_.load(std::memory_order_relaxed); }  // relaxed: a setting
  bool IsSlow(uint64_t duration_ns) const {
    const int64_t threshold = threshold_us();
    return threshold >= 0 && duration_ns >= static_cast<uint64_t>(threshold) * 1000;
  }

  void Record(int64_t at_s, uint64_t duration_us, std::span<const std::string_view> arguments, uint64_t connection);
  std::vector<SlowCall> Newest(size_t limit) const;
  size_t Length() const;
  void Reset();

 private:
  std::atomic<int64_t> threshold_us_{10'000};
  mutable std::mutex mutex_;
  size_t max_length_ = 128;     // under mutex_
  uint64_t next_id_ = 0;        // under mutex_
  std::deque<SlowCall> calls_;  // under mutex_; newest in front
};

}  // namespace distcache::metrics
