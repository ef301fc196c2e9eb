#include "net/main_queue.h"

#include <algorithm>
#include <iterator>

namespace distcache::net {

void MainQueue::Post(std::vector<Event>* events) {
  if (events->empty()) return;
  {
    const std::lock_guard lock(mutex_);
    std::move(events->begin(), events->end(), std::back_inserter(events_));
    size_.store(events_.size(), std::memory_order_relaxed);
    // Under the lock: Close must not return while a wake is under way.
    if (!is_main_woken_ && !is_closed_) {
      is_main_woken_ = true;
      wake_main_();
    }
  }
  events->clear();
}

void MainQueue::Drain(std::vector<Event>* events, size_t max) {
  const std::lock_guard lock(mutex_);
  const size_t count = std::min(max, events_.size());
  const auto end = events_.begin() + static_cast<ptrdiff_t>(count);
  std::move(events_.begin(), end, std::back_inserter(*events));
  events_.erase(events_.begin(), end);
  size_.store(events_.size(), std::memory_order_relaxed);
  is_main_woken_ = !events_.empty() && !is_closed_;
  if (is_main_woken_) wake_main_();
}

void MainQueue::Close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
}

}  // namespace distcache::net
