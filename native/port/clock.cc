#include "port/clock.h"

#include <time.h>

namespace distcache::port {
namespace {

uint64_t ReadNs(clockid_t clock) {
  timespec now{};
  (void)::clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

int64_t UnixTimeMs() { return static_cast<int64_t>(ReadNs(CLOCK_REALTIME) / 1'000'000u); }
int64_t CoarseUnixTimeMs() { return static_cast<int64_t>(ReadNs(CLOCK_REALTIME_COARSE) / 1'000'000u); }
uint64_t MonotonicTimeNs() { return ReadNs(CLOCK_MONOTONIC); }
uint64_t CoarseMonotonicTimeMs() { return ReadNs(CLOCK_MONOTONIC_COARSE) / 1'000'000u; }
uint64_t MonotonicTimeMs() { return MonotonicTimeNs() / 1'000'000u; }

}  // namespace distcache::port
