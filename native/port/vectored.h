// The system's type for scattered bytes, for layers that fill it and never call the system themselves.
#pragma once

#include <sys/uio.h>

#include <cstddef>

namespace distcache::port {

inline constexpr int kMaxVectors = 1024;  // the most one call takes (IOV_MAX on Linux)

}  // namespace distcache::port
