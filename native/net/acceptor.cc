#include "net/acceptor.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "net/io_thread.h"

namespace distcache::net {
namespace {

constexpr int kMaxAcceptsPerTurn = 128;

constexpr std::string_view kTooManyClients = "-ERR max number of clients reached\r\n";

// Clients look for the first words; what can be done about it is said in this node's own settings.
constexpr std::string_view kProtected =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    "default "
    "user. In this mode connections are only accepted from the loopback interface. This node is DistCache: to let "
    "other "
    "computers connect, 1) set a password (REQUIREPASS, or 'CONFIG SET requirepass' from the loopback interface), or "
    "2) make "
    "sure that untrusted networks cannot reach it and turn the mode off (PROTECTED_MODE=no, or 'CONFIG SET "
    "protected-mode "
    "no' from the loopback interface).\r\n";

void SendAndForget(const port::Accepted& accepted, std::string_view text) {
  const iovec vector{const_cast<char*>(text.data()), text.size()};
  (void)port::Send(accepted.descriptor.number(), &vector, 1);
}

}  // namespace

void Acceptor::Open(uint32_t number, port::Descriptor socket, port::Poller& poller) {
  auto listener = std::make_unique<Listener>(number, std::move(socket));
  if (!poller.Add(listener->socket.number(), listener.get()).ok()) return;
  listener->is_ready = true;  // connections may have come before it was watched
  listeners_.push_back(std::move(listener));
}

void Acceptor::Close(uint32_t number) {
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [number](const auto& listener) { return listener->number == number; });
  if (found == listeners_.end()) return;
  (*found)->socket = port::Descriptor();
  (*found)->is_ready = false;
  closed_.push_back(std::move(*found));
  listeners_.erase(found);
}

Acceptor::Rest Acceptor::AcceptAll() {
  Rest rest = Rest::kNone;
  for (const auto& listener : listeners_) {
    if (listener->is_ready) rest = std::max(rest, AcceptFrom(*listener));
  }
  return rest;
}

Acceptor::Rest Acceptor::AcceptFrom(Listener& listener) {
  for (int accepts = 0; accepts < kMaxAcceptsPerTurn; ++accepts) {
    if (shared_.main_queue.is_crowded()) return Rest::kLater;
    port::Accepted accepted;
    switch (port::Accept(listener.socket.number(), &accepted)) {
      case port::AcceptResult::kAccepted:
        Admit(std::move(accepted));
        break;
      case port::AcceptResult::kNoDescriptors:
        return Rest::kLater;
      case port::AcceptResult::kNothing:
      case port::AcceptResult::kFailed:
        listener.is_ready = false;
        return Rest::kNone;
    }
  }
  return Rest::kMore;
}

void Acceptor::Admit(port::Accepted accepted) {
  metrics::ConnectionCounters& counters = shared_.metrics.thread(0).connections();  // the accepting thread is the first
  // Relaxed, all of them: limits that change while a connection comes may hold for the next one; only this thread adds to the
  // count, so it cannot pass the limit.
  if (shared_.connection_count.load(std::memory_order_relaxed) >= shared_.max_clients.load(std::memory_order_relaxed)) {
    counters.refused.Add(1);
    return SendAndForget(accepted, kTooManyClients);
  }
  if (!accepted.is_loopback && shared_.is_protected.load(std::memory_order_relaxed)) {
    counters.refused.Add(1);
    return SendAndForget(accepted, kProtected);
  }
  counters.accepted.Add(1);
  shared_.connection_count.fetch_add(1, std::memory_order_relaxed);
  const ConnectionId id = shared_.last_connection.fetch_add(1, std::memory_order_relaxed) + 1;
  const auto fewest = std::min_element(threads_.begin(), threads_.end(), [](const auto& a, const auto& b) {
    return a->connection_count() < b->connection_count();
  });
  (*fewest)->Adopt(id, std::move(accepted));
}

}  // namespace distcache::net
