// What the I/O threads of a server share. Everything is an atomic, or constant after construction.
#pragma once

#include <atomic>
#include <cstdint>

#include "command/executor.h"
#include "metrics/node_metrics.h"
#include "net/bridge.h"
#include "net/connection_metering.h"
#include "net/main_queue.h"
#include "net/server.h"
#include "store/store.h"
#include "wal/log_buffer.h"

namespace distcache::net {

struct SharedState {
  SharedState(store::Store& the_store, const ServerOptions& the_options, std::function<void()> wake_main)
      : store(the_store),
        options(the_options),
        max_clients(the_options.max_clients),
        is_protected(the_options.is_protected),
        // One thread more than there are I/O threads: what the main thread answers.
        metrics(the_options.io_threads + 1, MetricCount()),
        main_queue(std::move(wake_main)) {}

  // A reader that does not read: beyond this its commands wait, and it has `output_patience_ms` to take something.
  uint64_t soft_output_bytes() const { return options.output_limit_bytes / 4; }

  store::Store& store;
  const ServerOptions options;
  command::NodeState node;
  std::atomic<uint32_t> max_clients;
  std::atomic<bool> is_protected;
  std::atomic<bool> is_monitored{false};
  std::atomic<uint64_t> durable_sequence{UINT64_MAX};
  std::atomic<uint64_t> failed_above{UINT64_MAX};  // replies to writes above this are never sent
  std::atomic<wal::LogBuffer*> log{nullptr};       // may hold replies back; not owned
  std::atomic<uint32_t> connection_count{0};
  std::atomic<ConnectionId> last_connection{0};
  metrics::NodeMetrics metrics;
  MainQueue main_queue;
};

}  // namespace distcache::net
