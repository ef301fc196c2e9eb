#include "port/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace distcache::port {

void FillRandom(void* destination, size_t size_bytes) {
  auto place = static_cast<char*>(destination);
  while (size_bytes > 0) {
    const ssize_t got = ::getrandom(place, size_bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();  // a guessable seed would be worse than no start
    place += got;
    size_bytes -= static_cast<size_t>(got);
  }
}

}  // namespace distcache::port
