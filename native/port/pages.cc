// Anonymous private mappings.
#include "port/pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace distcache::port {

char* TryMapPages(size_t size_bytes, size_t alignment_bytes) {
  // The system aligns to its own page only: map more, then cut both ends off.
  const size_t mapped_bytes = size_bytes + alignment_bytes;
  void* mapped =
      mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  const auto start = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = (start + alignment_bytes - 1) & ~(static_cast<uintptr_t>(alignment_bytes) - 1);
  if (aligned > start) munmap(mapped, aligned - start);
  const uintptr_t end = aligned + size_bytes;
  if (start + mapped_bytes > end) munmap(reinterpret_cast<void*>(end), start + mapped_bytes - end);
  return reinterpret_cast<char*>(aligned);
}

void PreferHugePages(char* address, size_t size_bytes) { madvise(address, size_bytes, MADV_HUGEPAGE); }

void UnmapPages(char* address, size_t size_bytes) { munmap(address, size_bytes); }

void DiscardPages(char* address, size_t size_bytes) { madvise(address, size_bytes, MADV_DONTNEED); }

}  // namespace distcache::port
