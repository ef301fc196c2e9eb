#include "port/thread.h"

#include <signal.h>
#include <time.h>

#include <memory>
#include <utility>

#include "port/os_error.h"

namespace distcache::port {
namespace {

void* RunBody(void* argument) {
  const std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()>*>(argument));
  (*body)();
  return nullptr;
}

}  // namespace

Thread::Thread(Thread&& other) noexcept
    : thread_(other.thread_), is_joinable_(std::exchange(other.is_joinable_, false)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  std::swap(thread_, other.thread_);
  std::swap(is_joinable_, other.is_joinable_);
  return *this;
}

Result<Thread> Thread::Start(const std::string& name, std::function<void()> body) {
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  // The new thread inherits the mask, so that no signal can reach it before it could block them itself.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Thread thread;
  const int error = ::pthread_create(&thread.thread_, nullptr, RunBody, owned.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return OsError("cannot start thread", name, error);
  (void)owned.release();
  thread.is_joinable_ = true;
  (void)::pthread_setname_np(thread.thread_, name.substr(0, 15).c_str());
  return thread;
}

void Thread::Join() {
  if (std::exchange(is_joinable_, false)) (void)::pthread_join(thread_, nullptr);
}

void SleepNs(uint64_t duration_ns) {
  const timespec duration{static_cast<time_t>(duration_ns / 1'000'000'000),
                          static_cast<long>(duration_ns % 1'000'000'000)};
  (void)::clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
}

}  // namespace distcache::port
