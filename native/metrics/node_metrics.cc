// Merging of what the threads counted.
#include "metrics/node_metrics.h"

namespace distcache::metrics {

NodeMetrics::NodeMetrics(size_t thread_count, size_t command_count) : command_count_(command_count) {
  for (size_t i = 0; i < thread_count; i++) threads_.push_back(std::make_unique<ThreadMetrics>(command_count));
}

CommandTotals NodeMetrics::Command(uint16_t command) const {
  CommandTotals totals;
  for (const auto& thread : threads_) {
    const CommandCounters& counters = thread->command(command);
    totals.calls += counters.calls.value();
    totals.failed += counters.failed.value();
    totals.rejected += counters.rejected.value();
    totals.duration_ns += counters.duration_ns.value();
  }
  return totals;
}

void NodeMetrics::AddHistogramTo(uint16_t command, std::span<uint64_t> sums) const {
  for (const auto& thread : threads_) {
    // Acquire: pairs with the release of the thread that made the histogram.
    const Histogram* histogram = thread->command(command).histogram.load(std::memory_order_acquire);
    if (histogram != nullptr) histogram->AddTo(sums);
  }
}

ConnectionTotals NodeMetrics::Connections() const {
  ConnectionTotals totals;
  for (const auto& thread : threads_) {
    const ConnectionCounters& counters = thread->connections();
    totals.accepted += counters.accepted.value();
    totals.closed += counters.closed.value();
    totals.refused += counters.refused.value();
    totals.bytes_in += counters.bytes_in.value();
    totals.bytes_out += counters.bytes_out.value();
  }
  return totals;
}

std::vector<HotKey> NodeMetrics::HottestKeys(int64_t now_ms, size_t limit, int64_t* since_ms) const {
  std::vector<HotKey> keys;
  *since_ms = now_ms;
  for (const auto& thread : threads_) thread->hot_keys().AppendTo(now_ms, &keys, since_ms);
  MergeHotKeys(&keys, limit);
  return keys;
}

std::vector<BigCall> NodeMetrics::BiggestRequests(size_t limit) const {
  std::vector<BigCall> calls;
  for (const auto& thread : threads_) thread->biggest_requests().AppendTo(&calls);
  MergeBigCalls(&calls, limit);
  return calls;
}

std::vector<BigCall> NodeMetrics::BiggestReplies(size_t limit) const {
  std::vector<BigCall> calls;
  for (const auto& thread : threads_) thread->biggest_replies().AppendTo(&calls);
  MergeBigCalls(&calls, limit);
  return calls;
}

void NodeMetrics::AddSlotsTo(std::span<uint64_t> sums) const {
  for (const auto& thread : threads_) thread->AddSlotsTo(sums);
}

}  // namespace distcache::metrics
