// Listeners, and which accepted connections are let in: limits, protected mode, and the thread that has the fewest. Lives on
// the first I/O thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/connection.h"
#include "net/shared_state.h"
#include "port/poller.h"
#include "port/socket.h"

namespace distcache::net {

class IoThread;

struct Listener : Watched {
  Listener(uint32_t the_number, port::Descriptor the_socket)
      : Watched(true), number(the_number), socket(std::move(the_socket)) {}
  const uint32_t number;
  port::Descriptor socket;
  bool is_ready = false;  // connections may wait
};

class Acceptor {
 public:
  // `threads`: all I/O threads, this one among them; complete before the first connection.
  Acceptor(SharedState& shared, const std::vector<std::unique_ptr<IoThread>>& threads)
      : shared_(shared), threads_(threads) {}

  void Open(uint32_t number, port::Descriptor socket, port::Poller& poller);
  void Close(uint32_t number);
  void CloseAll() { listeners_.clear(); }
  void FreeClosed() { closed_.clear(); }  // at the end of a turn: no event of it names one any more

  // Accepts a turn's share from listeners that are ready. kMore: some are left for the next turn; kLater: the system has no
  // descriptors, or the main thread is far behind: come again after a while.
  enum class Rest : uint8_t { kNone, kMore, kLater };
  Rest AcceptAll();
  // Lets one in, or tells it why not and closes it.
  void Admit(port::Accepted accepted);

 private:
  Rest AcceptFrom(Listener& listener);

  SharedState& shared_;
  const std::vector<std::unique_ptr<IoThread>>& threads_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Listener>> closed_;
};

}  // namespace distcache::net
