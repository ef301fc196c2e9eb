// The limits of a request, as Redis has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distcache::resp {

inline constexpr int64_t kMaxArguments = 2147483647;  // what a count may say; memory is taken as arguments arrive
inline constexpr int64_t kMaxBulkBytes = 512LL * 1024 * 1024;
inline constexpr size_t kMaxInlineBytes = 64 * 1024;  // also of the line that says a count or a length
inline constexpr int64_t kMaxUnauthenticatedArguments = 10;
inline constexpr int64_t kMaxUnauthenticatedBulkBytes = 16 * 1024;
inline constexpr uint64_t kMaxCommandBytes = 1024ull * 1024 * 1024;  // of all arguments of one command

}  // namespace distcache::resp
