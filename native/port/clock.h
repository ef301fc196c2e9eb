// The clocks. Everything above takes time as an argument; only loops and drivers read it here.
#pragma once

#include <cstdint>

namespace distcache::port {

int64_t UnixTimeMs();              // wall clock: deadlines of keys
int64_t CoarseUnixTimeMs();        // the same as of the kernel's last tick: up to 4 ms late, at a quarter of the cost
uint64_t MonotonicTimeNs();        // intervals and latencies; does not move with the wall clock, stands while suspended
uint64_t MonotonicTimeMs();        // the same in milliseconds
uint64_t CoarseMonotonicTimeMs();  // as of the kernel's last tick

}  // namespace distcache::port
