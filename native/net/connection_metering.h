// Counts and times what an I/O thread executes, into that thread's metrics. One for each I/O thread.
//
// The clock is read once before and once after a batch (what one turn executes of one connection), not twice a command: the
// commands of a batch share its time. A command that may take long (many keys, many bytes, a walk over keys) ends the batch
// there: it gets what the batch took beyond the usual time of the others. With a slow log threshold below a millisecond
// every command ends its batch, so that the slow log is exact.
//
// Hot keys and slots are sampled: in batches of more than two commands about one in kSamplePeriod, with that weight.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "command/executor.h"
#include "core/hash.h"
#include "metrics/node_metrics.h"
#include "net/connection.h"
#include "port/clock.h"

// The bench builds once without, to see what measuring costs.
#ifndef DISTCACHE_MEASURING
#define DISTCACHE_MEASURING 1
#endif

namespace distcache::net {

inline constexpr bool kIsMeasuring = DISTCACHE_MEASURING != 0;

// Places of metrics: one for each command, then one for each subcommand.
size_t MetricCount();

class ConnectionMetering {
 public:
  static constexpr uint32_t kSamplePeriod = 16;

  ConnectionMetering(metrics::NodeMetrics& node, metrics::ThreadMetrics& thread);

  void SetTime(int64_t unix_ms) { now_ms_ = unix_ms; }
  void BeginBatch() {
    if constexpr (!kIsMeasuring) return;
    begun_ns_ = port::MonotonicTimeNs();
    is_exact_ = node_.slow_log().threshold_us() >= 0 && node_.slow_log().threshold_us() < 1000;
  }
  // After a command was executed; not after one that was posted or waits for room.
  void AfterCommand(Connection& connection, const command::Executed& executed, size_t reply_bytes) {
    if constexpr (!kIsMeasuring) return;
    if (executed.spec == nullptr || executed.failed || is_exact_ || !is_prompt_[executed.spec->index]) [[unlikely]] {
      return AfterUnusual(connection, executed, reply_bytes);
    }
    Count(executed.spec->index);
    if (LooksAtKey(connection, reply_bytes)) [[unlikely]]
      LookAtKey(connection, *executed.spec, reply_bytes);
  }
  void EndBatch(Connection& connection) {
    if constexpr (!kIsMeasuring) return;
    sample_period_ = batch_calls_ > 2 ? kSamplePeriod : 1;
    if (batch_calls_ > 0) FinishShared(connection, port::MonotonicTimeNs());
  }

 private:
  struct CommandRun {
    uint16_t index;
    uint32_t calls;
  };

  void Count(uint16_t index) {
    if (run_count_ > 0 && runs_[run_count_ - 1].index == index) [[likely]] {
      runs_[run_count_ - 1].calls++;
    } else {
      if (run_count_ == runs_.size()) FoldRuns();
      runs_[run_count_++] = {index, 1};
    }
    batch_calls_++;
  }
  // Whether it is this call's turn to be sampled, or it is bigger than all that were remembered.
  bool LooksAtKey(Connection& connection, size_t reply_bytes) {
    request_bytes_ = 0;
    for (const resp::Argument& argument : connection.parser.arguments()) request_bytes_ += argument.bytes.size();
    return --until_sample_ == 0 || request_bytes_ + reply_bytes > unwanted_bytes_;
  }
  void LookAtKey(Connection& connection, const command::CommandSpec& spec, size_t reply_bytes);
  void AfterUnusual(Connection& connection, const command::Executed& executed, size_t reply_bytes);
  bool CountsAsCall(Connection& connection, const command::Executed& executed);
  void FoldRuns();
  void FinishShared(Connection& connection, uint64_t now_ns);
  void FinishLong(Connection& connection, uint16_t index);
  void RecordRuns(uint64_t each_ns);
  void NoteSlow(Connection& connection, uint64_t duration_ns, std::span<const std::string_view> arguments);
  uint32_t NextSample();

  metrics::NodeMetrics& node_;
  metrics::ThreadMetrics& thread_;
  const HashSecrets secrets_;
  std::unique_ptr<bool[]> is_prompt_;  // by command: takes about as long as its neighbours in a batch
  std::array<CommandRun, 16> runs_;    // the batch so far: equal commands that follow each other
  size_t run_count_ = 0;
  uint32_t batch_calls_ = 0;
  uint64_t begun_ns_ = 0;
  uint64_t usual_ns_ = 500;      // of one prompt command, as the last batch showed
  uint64_t unwanted_bytes_ = 0;  // request and reply together: up to this neither is worth remembering
  size_t request_bytes_ = 0;     // of the command that LooksAtKey saw last
  int64_t now_ms_ = 0;
  bool is_exact_ = false;
  uint32_t sample_period_ = 1;
  uint32_t until_sample_ = 1;
  uint64_t random_state_;
};

}  // namespace distcache::net
