// Which keys are called most, in bounded memory: the Space-Saving algorithm (Metwally, Agrawal, El Abbadi: "Efficient
// computation of frequent and top-k elements in data streams", 2005), once for this minute and once for the last one.
//
// A counter that is taken over by a new key keeps its count and remembers it as that key's error, so a count is never too low
// and at most `error` too high. Counters lie in sets of eight by hash: finding a key or the smallest counter looks at one set.
// Within its set a key that makes up more than an eighth of the calls can not be lost.
//
// One thread records; any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/text_slot.h"

namespace distcache::metrics {

struct HotKey {
  std::string key;  // at most TextSlot::kMaxBytes of it
  uint64_t key_size_bytes = 0;
  uint32_t database = 0;
  uint64_t hash = 0;
  uint64_t calls = 0;
  uint64_t error = 0;  // calls is at most this much too high
};

// One Space-Saving sketch.
class SpaceSaving {
 public:
  static constexpr size_t kWays = 8;
  static constexpr size_t kSets = 32;

  void Record(uint64_t hash, uint32_t database, std::string_view key, uint64_t weight);
  void Clear();
  void AppendTo(std::vector<HotKey>* keys) const;

 private:
  struct Set {
    std::array<std::atomic<uint64_t>, kWays> hashes{};
    std::array<std::atomic<uint64_t>, kWays> counts{};  // 0: free
    std::array<std::atomic<uint64_t>, kWays> errors{};
    std::array<std::atomic<uint32_t>, kWays> databases{};
    std::array<TextSlot, kWays> keys;
  };
  std::array<Set, kSets> sets_;
};

class HotKeys {
 public:
  static constexpr int64_t kWindowMs = 60'000;

  HotKeys();
  // hash: of (database, key), well mixed. weight: how many calls this one stands for, when calls are sampled.
  void Record(uint64_t hash, uint32_t database, std::string_view key, uint64_t weight, int64_t now_ms);

  // Adds the keys of the last minute and of this one so far, each once a window; *oldest_ms becomes the earlier of itself and
  // the start of what was read.
  void AppendTo(int64_t now_ms, std::vector<HotKey>* keys, int64_t* oldest_ms) const;

 private:
  struct Window {
    std::atomic<int64_t> started_at_ms{0};  // 0: holds nothing
    SpaceSaving sketch;
  };
  std::unique_ptr<std::array<Window, 2>> windows_;
  std::atomic<uint32_t> current_{0};
};

// Sums equal keys, sorts by calls and keeps `limit`.
void MergeHotKeys(std::vector<HotKey>* keys, size_t limit);

}  // namespace distcache::metrics
