// What one I/O thread counts. Only that thread records; any thread reads. Recording takes no lock and no locked instruction;
// the memory of a command's histogram comes with its first call.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "core/slot.h"
#include "metrics/biggest_calls.h"
#include "metrics/counter.h"
#include "metrics/histogram.h"
#include "metrics/hot_keys.h"

namespace distcache::metrics {

// Counters of one command.
struct CommandCounters {
  Counter calls;
  Counter failed;    // executed, and an error was the reply
  Counter rejected;  // refused before execution
  Counter duration_ns;
  std::atomic<Histogram*> histogram{nullptr};  // owned by ThreadMetrics
};

struct ConnectionCounters {
  Counter accepted, closed, refused, bytes_in, bytes_out;
};

class ThreadMetrics {
 public:
  explicit ThreadMetrics(size_t command_count);
  ~ThreadMetrics();
  ThreadMetrics(const ThreadMetrics&) = delete;
  ThreadMetrics& operator=(const ThreadMetrics&) = delete;

  // `times` calls of a command, each of which took duration_ns.
  void RecordCalls(uint16_t command, uint64_t times, uint64_t duration_ns);
  void RecordFailure(uint16_t command) { commands_[command].failed.Add(1); }
  void RecordRejection(uint16_t command) { commands_[command].rejected.Add(1); }
  // Counts for a slot of the cluster's 16384.
  void RecordSlot(uint16_t slot, uint64_t weight);

  ConnectionCounters& connections() { return connections_; }
  const ConnectionCounters& connections() const { return connections_; }
  HotKeys& hot_keys() { return hot_keys_; }
  const HotKeys& hot_keys() const { return hot_keys_; }
  BiggestCalls& biggest_requests() { return biggest_requests_; }
  const BiggestCalls& biggest_requests() const { return biggest_requests_; }
  BiggestCalls& biggest_replies() { return biggest_replies_; }
  const BiggestCalls& biggest_replies() const { return biggest_replies_; }

  const CommandCounters& command(uint16_t command) const { return commands_[command]; }
  size_t command_count() const { return command_count_; }
  // Adds the counts a slot to `sums`, which has kSlotCount places.
  void AddSlotsTo(std::span<uint64_t> sums) const;

 private:
  using SlotCounters = std::array<Counter, kSlotCount>;

  size_t command_count_;
  std::unique_ptr<CommandCounters[]> commands_;
  std::atomic<SlotCounters*> slots_{nullptr};  // owned; made with the first RecordSlot
  ConnectionCounters connections_;
  HotKeys hot_keys_;
  BiggestCalls biggest_requests_;
  BiggestCalls biggest_replies_;
};

}  // namespace distcache::metrics
