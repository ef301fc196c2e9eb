// Events on their way from I/O threads to the main thread. Threads collect events of their own during a turn and hand them
// over at its end, so the lock is taken once a turn, and the main thread is woken once until it drains.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "net/bridge.h"

namespace distcache::net {

class MainQueue {
 public:
  explicit MainQueue(std::function<void()> wake_main) : wake_main_(std::move(wake_main)) {}

  // From any I/O thread: takes all events out of *events.
  void Post(std::vector<Event>* events);
  // From the main thread: moves at most max events to the end of *events. What stays wakes the main thread again.
  void Drain(std::vector<Event>* events, size_t max);
  // After it, nobody is woken: what wakes the main thread may go.
  void Close();

  // Requests are bounded by connections (one each), but connections may come and go faster than the main thread looks: while
  // this is true no more are accepted, and nothing is posted for MONITOR.
  bool is_crowded() const { return size_.load(std::memory_order_relaxed) > kCrowded; }

 private:
  static constexpr size_t kCrowded = 64 * 1024;

  std::mutex mutex_;
  std::deque<Event> events_;
  std::function<void()> wake_main_;
  bool is_main_woken_ = false;
  bool is_closed_ = false;
  // Relaxed: only a hint for the bound above.
  std::atomic<size_t> size_{0};
};

}  // namespace distcache::net
