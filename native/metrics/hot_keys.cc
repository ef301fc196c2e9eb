// Space-Saving in sets of eight counters, and its two windows.
#include "metrics/hot_keys.h"

#include <algorithm>
#include <tuple>

namespace distcache::metrics {

void SpaceSaving::Record(uint64_t hash, uint32_t database, std::string_view key, uint64_t weight) {
  // Relaxed throughout: one thread writes; a reader takes each number as it is and the text through its slot.
  constexpr auto kRelaxed = std::memory_order_relaxed;
  Set& set = sets_[(hash >> 58) % kSets];
  size_t smallest = 0;
  for (size_t way = 0; way < kWays; way++) {
    const uint64_t count = set.counts[way].load(kRelaxed);
    if (count != 0 && set.hashes[way].load(kRelaxed) == hash) {
      set.counts[way].store(count + weight, kRelaxed);
      return;
    }
    if (count < set.counts[smallest].load(kRelaxed)) smallest = way;
  }
  const uint64_t inherited = set.counts[smallest].load(kRelaxed);
  set.keys[smallest].Write(key);
  set.hashes[smallest].store(hash, kRelaxed);
  set.databases[smallest].store(database, kRelaxed);
  set.errors[smallest].store(inherited, kRelaxed);
  set.counts[smallest].store(inherited + weight, kRelaxed);
}

void SpaceSaving::Clear() {
  // Relaxed: a reader that still sees an old count shows a key of the window before, which is true of that window.
  for (Set& set : sets_) {
    for (auto& count : set.counts) count.store(0, std::memory_order_relaxed);
  }
}

void SpaceSaving::AppendTo(std::vector<HotKey>* keys) const {
  constexpr auto kRelaxed = std::memory_order_relaxed;  // see Record
  for (const Set& set : sets_) {
    for (size_t way = 0; way < kWays; way++) {
      HotKey found;
      found.calls = set.counts[way].load(kRelaxed);
      if (found.calls == 0) continue;
      size_t full_size_bytes = 0;
      if (!set.keys[way].Read(&found.key, &full_size_bytes)) continue;
      found.key_size_bytes = full_size_bytes;
      found.hash = set.hashes[way].load(kRelaxed);
      found.database = set.databases[way].load(kRelaxed);
      found.error = set.errors[way].load(kRelaxed);
      keys->push_back(std::move(found));
    }
  }
}

HotKeys::HotKeys() : windows_(std::make_unique<std::array<Window, 2>>()) {}

void HotKeys::Record(uint64_t hash, uint32_t database, std::string_view key, uint64_t weight, int64_t now_ms) {
  // Relaxed: only this thread writes them; readers tolerate a window that is just changing.
  uint32_t current = current_.load(std::memory_order_relaxed);
  const int64_t started_at_ms = (*windows_)[current].started_at_ms.load(std::memory_order_relaxed);
  if (now_ms - started_at_ms >= kWindowMs || started_at_ms == 0) {
    current ^= 1;
    (*windows_)[current].sketch.Clear();
    (*windows_)[current].started_at_ms.store(now_ms, std::memory_order_relaxed);
    current_.store(current, std::memory_order_relaxed);
  }
  (*windows_)[current].sketch.Record(hash, database, key, weight);
}

void HotKeys::AppendTo(int64_t now_ms, std::vector<HotKey>* keys, int64_t* oldest_ms) const {
  for (const Window& window : *windows_) {
    const int64_t started_at_ms = window.started_at_ms.load(std::memory_order_relaxed);  // see Record
    if (started_at_ms == 0 || now_ms - started_at_ms >= 2 * kWindowMs) continue;
    *oldest_ms = std::min(*oldest_ms, started_at_ms);
    window.sketch.AppendTo(keys);
  }
}

void MergeHotKeys(std::vector<HotKey>* keys, size_t limit) {
  const auto place = [](const HotKey& one) { return std::tuple(one.hash, one.database, std::string_view(one.key)); };
  std::sort(keys->begin(), keys->end(), [&](const HotKey& a, const HotKey& b) { return place(a) < place(b); });
  size_t kept = 0;
  for (size_t i = 0; i < keys->size(); i++) {
    HotKey& one = (*keys)[i];
    if (kept > 0 && place((*keys)[kept - 1]) == place(one)) {
      (*keys)[kept - 1].calls += one.calls;
      (*keys)[kept - 1].error += one.error;
    } else {
      if (kept != i) (*keys)[kept] = std::move(one);
      kept++;
    }
  }
  keys->resize(kept);
  std::sort(keys->begin(), keys->end(),
            [](const HotKey& a, const HotKey& b) { return a.calls != b.calls ? a.calls > b.calls : a.key < b.key; });
  if (keys->size() > limit) keys->resize(limit);
}

}  // namespace distcache::metrics
