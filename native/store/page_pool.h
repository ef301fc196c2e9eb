// Where the slabs of all shards of a store get their pages from: regions of the system's memory, cut into units. Spans that are
// given back serve any shard and any size class; their real memory returns to the system beyond a small reserve. Any thread.
#pragma once

#include <cstdint>
#include <mutex>

#include "core/bytes.h"

namespace distcache::store {

inline constexpr size_t kUnitBytes = 16 * 1024;
inline constexpr size_t kRegionBytes = 2 * 1024 * 1024;
inline constexpr uint32_t kUnitsPerRegion = kRegionBytes / kUnitBytes;

// One to four neighbouring units of one region; the base is aligned to a unit.
struct Span {
  char* base = nullptr;
  uint32_t region = 0;
};

class PagePool {
 public:
  PagePool() = default;
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;
  ~PagePool();

  // `units` is 1, 2 or 4. A base of null: the system has no memory.
  Span TryTake(uint32_t units);
  void GiveBack(Span span, uint32_t units);

  uint64_t mapped_bytes() const;

 private:
  // Bit u of a mask stands for unit u. is_dirty: free, but its real memory was not given back.
  struct Region {
    char* base;
    uint64_t is_free[2];
    uint64_t is_dirty[2];
  };

  bool TryAddRegion();
  void DropRegionIfEmpty(uint32_t at);

  mutable std::mutex mutex_;
  FallibleArray<Region> regions_;  // base null: the place is vacant
  uint32_t first_with_room_ = 0;   // no region before it has a free unit
  uint32_t dirty_units_ = 0;
  uint32_t mapped_regions_ = 0;
};

}  // namespace distcache::store
