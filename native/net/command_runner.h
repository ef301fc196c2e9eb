// Executes the commands in a connection's bytes, in order, until they are used up or something makes the connection wait.
// Knows no sockets. One for each I/O thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "command/executor.h"
#include "net/connection.h"
#include "net/connection_metering.h"
#include "net/shared_state.h"

namespace distcache::net {

class CommandRunner {
 public:
  CommandRunner(SharedState& shared, metrics::ThreadMetrics& metrics)
      : shared_(shared), executor_(shared.store, shared.node), metering_(shared.metrics, metrics) {}

  // The time of the turn, for every command in it.
  void SetTime(store::TimeMs unix_ms) {
    now_ms_ = unix_ms;
    metering_.SetTime(unix_ms);
  }

  // Executes what lies in `bytes`, at most a turn's share of commands. Returns how many bytes of the front are used up; after
  // a kBig of the parser only *kept_bytes behind them are still needed, else all. The connection's flags say how it goes on.
  size_t Run(Connection& connection, std::string_view bytes, size_t* kept_bytes);

  void Forget(Connection& connection) { executor_.Forget(connection.client); }
  // Events for the main thread since the last hand-over.
  std::vector<Event>& events() { return events_; }

 private:
  resp::ParseResult Next(Connection& connection, std::string_view rest);
  void LookAhead(Connection& connection, std::string_view rest);
  size_t RunAll(Connection& connection, std::string_view bytes, size_t* kept_bytes);
  bool RunCommand(Connection& connection);
  bool IsPaused(const Connection& connection) const;
  void PostRequest(Connection& connection);
  void PostMonitorLine(const Connection& connection);
  void Refuse(Connection& connection, std::string_view error, const char* reason);
  void TrimReply(Connection& connection, size_t mark);

  SharedState& shared_;
  command::Executor executor_;
  ConnectionMetering metering_;
  store::TimeMs now_ms_ = 0;
  std::vector<Event> events_;

  // Commands that were parsed before their turn, so that what they need of the store is on its way into the cache.
  static constexpr size_t kLookAhead = 16;
  std::array<resp::Parser::Taken, kLookAhead> ahead_;
  size_t ahead_count_ = 0;
  size_t ahead_next_ = 0;
  std::array<store::Key, kLookAhead> ahead_keys_;
};

}  // namespace distcache::net
