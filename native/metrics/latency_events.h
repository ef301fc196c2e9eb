// Latency spikes by event ("command", "fsync" ...): what LATENCY LATEST and HISTORY tell. Any thread records and reads; the lock is
// taken only for what was slower than the threshold.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace distcache::metrics {

class LatencyEvents {
 public:
  static constexpr size_t kHistoryLength = 160;

  struct Sample {
    int64_t at_s;  // Unix time
    uint64_t duration_ms;
  };
  struct Summary {
    std::string event;
    Sample latest;
    uint64_t max_ms;
  };

  // 0 records nothing.
  void SetThresholdMs(uint64_t threshold_ms) {
    threshold_ms_.store(threshold_ms, std::memory_order_relaxed);  // a setting: nothing else depends on it
  }
  bool IsSpike(uint64_t duration_ns) const {
    const uint64_t threshold_ms = threshold_ms_.load(std::memory_order_relaxed);  // a setting
    return threshold_ms != 0 && duration_ns >= threshold_ms * 1'000'000;
  }

  // Within one second only the longest is kept.
  void Record(std::string_view event, int64_t at_s, uint64_t duration_ms);
  std::vector<Summary> Latest() const;
  std::vector<Sample> History(std::string_view event) const;  // oldest first
  // Forgets one event, or all when `event` is empty; how many were forgotten.
  size_t Reset(std::string_view event);

 private:
  struct Series {
    std::deque<Sample> samples;
    uint64_t max_ms = 0;
  };
  std::atomic<uint64_t> threshold_ms_{0};
  mutable std::mutex mutex_;
  std::map<std::string, Series, std::less<>> series_;  // under mutex_
};

}  // namespace distcache::metrics
