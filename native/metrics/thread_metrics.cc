// Recording of one thread; see the header.
#include "metrics/thread_metrics.h"

#include <new>

namespace distcache::metrics {

ThreadMetrics::ThreadMetrics(size_t command_count)
    : command_count_(command_count), commands_(std::make_unique<CommandCounters[]>(command_count)) {}

ThreadMetrics::~ThreadMetrics() {
  // Relaxed: nobody else uses the object any more.
  for (size_t i = 0; i < command_count_; i++) delete commands_[i].histogram.load(std::memory_order_relaxed);
  delete slots_.load(std::memory_order_relaxed);
}

void ThreadMetrics::RecordCalls(uint16_t command, uint64_t times, uint64_t duration_ns) {
  CommandCounters& counters = commands_[command];
  counters.calls.Add(times);
  counters.duration_ns.Add(times * duration_ns);
  Histogram* histogram = counters.histogram.load(std::memory_order_relaxed);  // this thread made it
  if (histogram == nullptr) {
    histogram = new (std::nothrow) Histogram();
    if (histogram == nullptr) return;
    // Release: whoever sees the pointer sees a histogram of zeros.
    counters.histogram.store(histogram, std::memory_order_release);
  }
  histogram->Record(duration_ns, times);
}

void ThreadMetrics::RecordSlot(uint16_t slot, uint64_t weight) {
  SlotCounters* slots = slots_.load(std::memory_order_relaxed);  // this thread made it
  if (slots == nullptr) {
    slots = new (std::nothrow) SlotCounters();
    if (slots == nullptr) return;
    // Release: whoever sees the pointer sees counters of zero.
    slots_.store(slots, std::memory_order_release);
  }
  (*slots)[slot].Add(weight);
}

void ThreadMetrics::AddSlotsTo(std::span<uint64_t> sums) const {
  // Acquire: pairs with the release in RecordSlot.
  const SlotCounters* slots = slots_.load(std::memory_order_acquire);
  if (slots == nullptr) return;
  for (size_t i = 0; i < kSlotCount; i++) sums[i] += (*slots)[i].value();
}

}  // namespace distcache::metrics
