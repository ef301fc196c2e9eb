// All that a node counts: one ThreadMetrics a thread, and what threads share because it is rare. Readers merge.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "metrics/error_counts.h"
#include "metrics/latency_events.h"
#include "metrics/slow_log.h"
#include "metrics/thread_metrics.h"

namespace distcache::metrics {

struct CommandTotals {
  uint64_t calls = 0, failed = 0, rejected = 0, duration_ns = 0;
};

struct ConnectionTotals {
  uint64_t accepted = 0, closed = 0, refused = 0, bytes_in = 0, bytes_out = 0;
};

class NodeMetrics {
 public:
  // thread_count: all that record, each with a place of its own (the I/O threads, and the main thread as the last).
  NodeMetrics(size_t thread_count, size_t command_count);

  ThreadMetrics& thread(size_t index) { return *threads_[index]; }
  size_t thread_count() const { return threads_.size(); }
  size_t command_count() const { return command_count_; }
  SlowLog& slow_log() { return slow_log_; }
  LatencyEvents& latency_events() { return latency_events_; }
  ErrorCounts& errors() { return errors_; }

  CommandTotals Command(uint16_t command) const;
  // Adds the histogram of a command to `sums` (Histogram::kBucketCount places).
  void AddHistogramTo(uint16_t command, std::span<uint64_t> sums) const;
  ConnectionTotals Connections() const;
  std::vector<HotKey> HottestKeys(int64_t now_ms, size_t limit, int64_t* since_ms) const;
  std::vector<BigCall> BiggestRequests(size_t limit) const;
  std::vector<BigCall> BiggestReplies(size_t limit) const;
  // Adds the counts a slot to `sums` (kSlotCount places).
  void AddSlotsTo(std::span<uint64_t> sums) const;

 private:
  size_t command_count_;
  std::vector<std::unique_ptr<ThreadMetrics>> threads_;
  SlowLog slow_log_;
  LatencyEvents latency_events_;
  ErrorCounts errors_;
};

}  // namespace distcache::metrics
