// Keeps the biggest calls; see the header.
#include "metrics/biggest_calls.h"

#include <algorithm>
#include <utility>

namespace distcache::metrics {

namespace {
constexpr auto kRelaxed = std::memory_order_relaxed;  // one writer; a reader takes each number as it is
constexpr uint64_t kFloorBytes = 1024;
}  // namespace

// The place that already holds the key when it is smaller than size_bytes, else the smallest; kPlaces when nothing changes.
size_t BiggestCalls::PlaceFor(uint64_t size_bytes, uint32_t database, std::string_view key) const {
  size_t smallest = 0;
  for (size_t i = 0; i < kPlaces; i++) {
    const uint64_t size = places_[i].size_bytes.load(kRelaxed);
    if (size != 0 && places_[i].database.load(kRelaxed) == database && places_[i].key.Holds(key)) {
      return size < size_bytes ? i : kPlaces;
    }
    if (size < places_[smallest].size_bytes.load(kRelaxed)) smallest = i;
  }
  return smallest;
}

void BiggestCalls::FindSmallest() {
  smallest_bytes_ = UINT64_MAX;
  for (const Place& place : places_) {
    smallest_bytes_ = std::min(smallest_bytes_, place.size_bytes.load(kRelaxed));
  }
  smallest_bytes_ = std::max(smallest_bytes_, kFloorBytes);
}

void BiggestCalls::Record(uint64_t size_bytes, uint16_t command, uint32_t database, std::string_view key,
                          int64_t now_ms) {
  const size_t chosen = PlaceFor(size_bytes, database, key);
  if (chosen == kPlaces) return;
  Place& place = places_[chosen];
  place.key.Write(key);
  place.command.store(command, kRelaxed);
  place.database.store(database, kRelaxed);
  place.at_ms.store(now_ms, kRelaxed);
  place.size_bytes.store(size_bytes, kRelaxed);
  FindSmallest();
}

void BiggestCalls::AppendTo(std::vector<BigCall>* calls) const {
  for (const Place& place : places_) {
    BigCall call;
    call.size_bytes = place.size_bytes.load(kRelaxed);
    size_t full_size_bytes = 0;
    if (call.size_bytes == 0 || !place.key.Read(&call.key, &full_size_bytes)) continue;
    call.command = static_cast<uint16_t>(place.command.load(kRelaxed));
    call.database = place.database.load(kRelaxed);
    call.at_ms = place.at_ms.load(kRelaxed);
    calls->push_back(std::move(call));
  }
}

void MergeBigCalls(std::vector<BigCall>* calls, size_t limit) {
  std::sort(calls->begin(), calls->end(), [](const BigCall& a, const BigCall& b) {
    return a.size_bytes != b.size_bytes ? a.size_bytes > b.size_bytes : a.at_ms > b.at_ms;
  });
  std::vector<BigCall> kept;
  for (BigCall& call : *calls) {
    const auto is_same = [&](const BigCall& other) { return other.database == call.database && other.key == call.key; };
    if (kept.size() < limit && std::none_of(kept.begin(), kept.end(), is_same)) kept.push_back(std::move(call));
  }
  *calls = std::move(kept);
}

}  // namespace distcache::metrics
