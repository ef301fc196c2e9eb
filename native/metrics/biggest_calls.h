// The biggest requests (or replies) since the start, one place a key, in bounded memory. One thread records; any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/text_slot.h"

namespace distcache::metrics {

struct BigCall {
  uint64_t size_bytes = 0;
  uint16_t command = 0;  // index in the command table
  uint32_t database = 0;
  int64_t at_ms = 0;
  std::string key;  // at most TextSlot::kMaxBytes of it; empty when the command has none
};

class BiggestCalls {
 public:
  static constexpr size_t kPlaces = 16;

  // Cheap enough to ask for every call: whether Record would keep a call of this size.
  bool Wants(uint64_t size_bytes) const { return size_bytes > smallest_bytes_; }
  // Calls up to this size are not wanted; it grows as the places fill.
  uint64_t unwanted_bytes() const { return smallest_bytes_; }
  void Record(uint64_t size_bytes, uint16_t command, uint32_t database, std::string_view key, int64_t now_ms);
  void AppendTo(std::vector<BigCall>* calls) const;

 private:
  struct Place {
    std::atomic<uint64_t> size_bytes{0};  // 0: free
    std::atomic<uint32_t> command{0};
    std::atomic<uint32_t> database{0};
    std::atomic<int64_t> at_ms{0};
    TextSlot key;
  };
  size_t PlaceFor(uint64_t size_bytes, uint32_t database, std::string_view key) const;
  void FindSmallest();

  std::array<Place, kPlaces> places_;
  // Of the recording thread alone. Smaller calls than 1 KiB are never worth a look.
  uint64_t smallest_bytes_ = 1024;
};

// Sorts by size, keeps one a key and `limit` in all.
void MergeBigCalls(std::vector<BigCall>* calls, size_t limit);

}  // namespace distcache::metrics
