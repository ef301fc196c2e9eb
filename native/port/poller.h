// Waits until sockets are ready or another thread calls Wake. Edge-triggered: what is ready is told once, so a socket is
// registered once and the caller remembers what it has not used up. The only part that knows epoll and eventfd.
#pragma once

#include <cstdint>
#include <span>

#include "core/status.h"
#include "port/descriptor.h"

namespace distcache::port {

struct Ready {
  void* token;
  bool is_readable;
  bool is_writable;
  bool has_ended;  // the peer finished sending, or the connection broke: a read tells which
};

class Poller {
 public:
  static Result<Poller> Create();

  Status Add(int descriptor, void* token);
  void Remove(int descriptor);

  // Fills `ready` and returns how many; 0 after the time or a Wake. timeout_ms < 0: no limit.
  int Wait(std::span<Ready> ready, int timeout_ms);
  // From any thread: the Wait under way, or the next, returns at once.
  void Wake();

 private:
  Poller(Descriptor epoll, Descriptor event) : epoll_(std::move(epoll)), event_(std::move(event)) {}
  Descriptor epoll_;
  Descriptor event_;
};

}  // namespace distcache::port
