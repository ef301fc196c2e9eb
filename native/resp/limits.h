// The limits of a request, as Redis has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distcache::resp {

inline constexpr int64_t kMaxArguments = 1024 * 1024;
inline constexpr int64_t kMaxBulkBytes = 512LL * 1024 * 1024;
inline constexpr size_t kMaxInlineBytes = 64 * 1024;
inline constexpr int64_t kMaxUnauthenticatedArguments = 10;
inline constexpr int64_t kMaxUnauthenticatedBulkBytes = 16 * 1024;

}  // namespace distcache::resp
