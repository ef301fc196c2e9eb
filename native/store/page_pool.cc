// Takes the lowest region with room, so that the highest ones run empty and can be unmapped.
#include "store/page_pool.h"

#include <bit>

#include "port/pages.h"

namespace distcache::store {
namespace {

// Real memory kept for reuse: saves the system call and the page faults when spans come and go. 1 MiB.
constexpr uint32_t kMaxDirtyUnits = 64;
// Beyond that many regions huge pages cost little beside what is used, and random reads take a third less time
// (bench/native/store_bench.cc, Get).
constexpr uint32_t kSmallRegions = 2;

// Bits at which a run of `units` free units may start: runs are aligned to their size.
uint64_t RunStarts(uint64_t is_free, uint32_t units) {
  if (units == 1) return is_free;
  const uint64_t pairs = is_free & (is_free >> 1) & 0x5555555555555555ull;
  if (units == 2) return pairs;
  return pairs & (pairs >> 2) & 0x1111111111111111ull;
}

uint64_t RunMask(uint32_t bit, uint32_t units) { return ((1ull << units) - 1) << bit; }

}  // namespace

PagePool::~PagePool() {
  for (Region& region : regions_) {
    if (region.base != nullptr) port::UnmapPages(region.base, kRegionBytes);
  }
}

uint64_t PagePool::mapped_bytes() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint64_t>(mapped_regions_) * kRegionBytes;
}

bool PagePool::TryAddRegion() {
  uint32_t at = 0;
  while (at < regions_.size() && regions_[at].base != nullptr) ++at;
  if (at == regions_.size() && !regions_.TryPush(Region{})) return false;
  char* base = port::TryMapPages(kRegionBytes, kRegionBytes);
  if (base == nullptr) return false;
  if (mapped_regions_ >= kSmallRegions) port::PreferHugePages(base, kRegionBytes);
  regions_[at] = {base, {~0ull, ~0ull}, {0, 0}};
  if (at < first_with_room_) first_with_room_ = at;
  ++mapped_regions_;
  return true;
}

Span PagePool::TryTake(uint32_t units) {
  const std::lock_guard lock(mutex_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    for (uint32_t at = first_with_room_; at < regions_.size(); ++at) {
      Region& region = regions_[at];
      if (region.base == nullptr) continue;
      for (uint32_t half = 0; half < 2; ++half) {
        const uint64_t starts = RunStarts(region.is_free[half], units);
        if (starts == 0) continue;
        const uint32_t bit = static_cast<uint32_t>(std::countr_zero(starts));
        const uint64_t run = RunMask(bit, units);
        region.is_free[half] &= ~run;
        dirty_units_ -= static_cast<uint32_t>(std::popcount(region.is_dirty[half] & run));
        region.is_dirty[half] &= ~run;
        return {region.base + (half * 64 + bit) * kUnitBytes, at};
      }
      if (at == first_with_room_ && (region.is_free[0] | region.is_free[1]) == 0) ++first_with_room_;
    }
    if (!TryAddRegion()) break;
  }
  return {};
}

void PagePool::GiveBack(Span span, uint32_t units) {
  const std::lock_guard lock(mutex_);
  Region& region = regions_[span.region];
  const auto unit = static_cast<uint32_t>((span.base - region.base) / static_cast<ptrdiff_t>(kUnitBytes));
  const uint64_t run = RunMask(unit % 64, units);
  region.is_free[unit / 64] |= run;
  if (dirty_units_ + units > kMaxDirtyUnits) {
    port::DiscardPages(span.base, units * kUnitBytes);
  } else {
    region.is_dirty[unit / 64] |= run;
    dirty_units_ += units;
  }
  if (span.region < first_with_room_) first_with_room_ = span.region;
  DropRegionIfEmpty(span.region);
}

void PagePool::DropRegionIfEmpty(uint32_t at) {
  Region& region = regions_[at];
  if ((region.is_free[0] & region.is_free[1]) != ~0ull || mapped_regions_ == 1) return;
  dirty_units_ -= static_cast<uint32_t>(std::popcount(region.is_dirty[0]) + std::popcount(region.is_dirty[1]));
  port::UnmapPages(region.base, kRegionBytes);
  region = Region{};
  --mapped_regions_;
}

}  // namespace distcache::store
