#include "port/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "port/file.h"

namespace distcache::port {

uint64_t ResidentBytes() {
  const Result<File> file = File::OpenForReading("/proc/self/statm");
  if (!file.ok()) return 0;
  char text[128] = "";
  if (!file.value().ReadAt(text, sizeof(text) - 1, 0).ok()) return 0;
  unsigned long long total_pages = 0;
  unsigned long long resident_pages = 0;
  if (std::sscanf(text, "%llu %llu", &total_pages, &resident_pages) != 2) return 0;
  return resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t MachineMemoryBytes() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void TrimHeap() { (void)::malloc_trim(0); }

}  // namespace distcache::port
