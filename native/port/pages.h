// Memory straight from the system, in big aligned pieces, and ways to give parts of it back.
#pragma once

#include <cstddef>

namespace distcache::port {

// Zeroed memory of size_bytes (a multiple of alignment_bytes, itself a power of two and a multiple of the system's page) at an
// aligned address; null when there is none. It takes real memory only where it is touched.
char* TryMapPages(size_t size_bytes, size_t alignment_bytes);

// Asks that a range be backed by pages as big as the system has them: fewer misses of address translation. A hint.
void PreferHugePages(char* address, size_t size_bytes);

void UnmapPages(char* address, size_t size_bytes);

// Gives the real memory of a range back and keeps its addresses: the bytes read as zeros afterwards.
void DiscardPages(char* address, size_t size_bytes);

}  // namespace distcache::port
