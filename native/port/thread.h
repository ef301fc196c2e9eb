// A thread that takes no signals: they belong to the program that embeds us. Fallible, unlike std::thread.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <string>

#include "core/status.h"

namespace distcache::port {

class Thread {
 public:
  Thread() = default;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread() { Join(); }

  // The name is shown by tools, at most 15 bytes of it.
  static Result<Thread> Start(const std::string& name, std::function<void()> body);
  void Join();  // idempotent
  bool is_running() const { return is_joinable_; }

 private:
  pthread_t thread_{};
  bool is_joinable_ = false;
};

// The calling thread does nothing for so long.
void SleepNs(uint64_t duration_ns);

}  // namespace distcache::port
