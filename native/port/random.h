// Random bytes from the system's secure source.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distcache::port {

// Never short; waits only on a machine that has just booted. The process ends when the system has no such source.
void FillRandom(void* destination, size_t size_bytes);

}  // namespace distcache::port
