#include "port/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "port/os_error.h"

namespace distcache::port {
namespace {

constexpr int kMaxEvents = 256;

}  // namespace

Result<Poller> Poller::Create() {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return OsError("cannot make an epoll instance", "", errno);
  Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open()) return OsError("cannot make an eventfd", "", errno);
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLET;  // edge-triggered: each write tells again, and nobody needs to read the counter
  interest.data.ptr = nullptr;
  if (::epoll_ctl(epoll.number(), EPOLL_CTL_ADD, event.number(), &interest) != 0) {
    return OsError("cannot watch an eventfd", "", errno);
  }
  return Poller(std::move(epoll), std::move(event));
}

Status Poller::Add(int descriptor, void* token) {
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  interest.data.ptr = token;
  if (::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &interest) == 0) return Status::Ok();
  return OsError("cannot watch a socket", "", errno);
}

void Poller::Remove(int descriptor) { (void)::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, descriptor, nullptr); }

int Poller::Wait(std::span<Ready> ready, int timeout_ms) {
  epoll_event events[kMaxEvents];
  const int max = static_cast<int>(std::min<size_t>(ready.size(), kMaxEvents));
  const int count = ::epoll_wait(epoll_.number(), events, max, timeout_ms);
  int filled = 0;
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr == nullptr) continue;  // a Wake
    const uint32_t bits = events[i].events;
    ready[static_cast<size_t>(filled++)] = {
        events[i].data.ptr, (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
        (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0, (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0};
  }
  return filled;
}

void Poller::Wake() {
  const uint64_t one = 1;
  (void)!::write(event_.number(), &one, sizeof(one));  // a full counter means that a wake is pending already
}

}  // namespace distcache::port
