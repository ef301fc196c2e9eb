// Plays one seeded trace against the store and against an exact LRU of the same size, and prints both hit ratios as JSON.
//
//   hit_ratio TRACE CAPACITY REQUESTS SEED      TRACE: zipf-<exponent>, loop, or scan-<exponent> (zipf with scans between)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

namespace distcache::store {
namespace {

constexpr uint64_t kUniverseTimes = 10;  // keys of a trace, in capacities

// Numbers from 0 on, the n-th with a probability in proportion to 1 / n^exponent.
class Zipf {
 public:
  Zipf(uint64_t count, double exponent) : cumulative_(count) {
    double sum = 0;
    for (uint64_t i = 0; i < count; ++i) cumulative_[i] = sum += std::pow(static_cast<double>(i + 1), -exponent);
  }
  uint64_t Next(std::mt19937_64& random) const {
    const double wanted = std::uniform_real_distribution<double>(0, cumulative_.back())(random);
    return static_cast<uint64_t>(std::lower_bound(cumulative_.begin(), cumulative_.end(), wanted) -
                                 cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;
};

std::vector<uint64_t> MakeTrace(std::string_view name, uint64_t capacity, uint64_t requests, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> trace;
  trace.reserve(requests);
  if (name == "loop") {
    // A little more than fits: exact LRU misses always.
    for (uint64_t i = 0; i < requests; ++i) trace.push_back(i % (capacity + capacity / 5));
    return trace;
  }
  const Zipf zipf(capacity * kUniverseTimes, std::atof(name.substr(5).data()));
  const bool has_scans = name.starts_with("scan-");
  uint64_t scanned = capacity * kUniverseTimes;  // beyond every key of the zipf
  while (trace.size() < requests) {
    for (uint64_t i = 0; i < 2 * capacity && trace.size() < requests; ++i) trace.push_back(zipf.Next(random));
    for (uint64_t i = 0; has_scans && i < capacity / 2 && trace.size() < requests; ++i) trace.push_back(scanned++);
  }
  return trace;
}

class ExactLru {
 public:
  explicit ExactLru(size_t bound) : bound_(bound) {}
  bool Use(uint64_t key) {
    if (const auto found = places_.find(key); found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    if (order_.size() == bound_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(key);
    places_[key] = order_.begin();
    return false;
  }

 private:
  size_t bound_;
  std::list<uint64_t> order_;
  std::unordered_map<uint64_t, std::list<uint64_t>::iterator> places_;
};

bool UseStore(Store& store, uint64_t number) {
  const std::string name = std::to_string(number);
  const Key key = store.Locate(0, name);
  {
    Access access;
    (void)store.Begin(&access, {&key, 1}, {}, 1000);
    if (access.Get(key) != nullptr) return true;
  }
  Access access;
  const Intent intent{.writes = true, .adds_keys = true, .value_bytes = 1};
  if (store.Begin(&access, {&key, 1}, intent, 1000) == Admission::kOk) (void)access.Put(key, "v", 0);
  return false;
}

int Run(std::string_view name, uint64_t capacity, uint64_t requests, uint64_t seed) {
  StoreOptions options;
  options.max_entries = capacity;
  options.seed.fill(static_cast<uint8_t>(seed));
  Result<std::unique_ptr<Store>> made = Store::Create(options);
  if (!made.ok()) return 1;
  Store& store = *made.value();
  ExactLru exact(capacity);
  const std::vector<uint64_t> trace = MakeTrace(name, capacity, requests, seed);
  const uint64_t warm_up = std::min(requests / 4, capacity * kUniverseTimes);
  uint64_t store_hits = 0;
  uint64_t exact_hits = 0;
  for (uint64_t i = 0; i < trace.size(); ++i) {
    const bool in_store = UseStore(store, trace[i]);
    const bool in_exact = exact.Use(trace[i]);
    if (i < warm_up) continue;
    store_hits += in_store ? 1 : 0;
    exact_hits += in_exact ? 1 : 0;
  }
  const auto counted = static_cast<double>(trace.size() - warm_up);
  std::printf("{\"trace\":\"%.*s\",\"capacity\":%llu,\"requests\":%llu,\"seed\":%llu,\"store\":%.5f,\"exact\":%.5f}\n",
              static_cast<int>(name.size()), name.data(), static_cast<unsigned long long>(capacity),
              static_cast<unsigned long long>(requests), static_cast<unsigned long long>(seed),
              static_cast<double>(store_hits) / counted, static_cast<double>(exact_hits) / counted);
  return 0;
}

}  // namespace
}  // namespace distcache::store

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: hit_ratio zipf-<exponent>|loop|scan-<exponent> CAPACITY REQUESTS SEED\n");
    return 2;
  }
  const auto number = [&](int at) { return std::strtoull(arguments[at], nullptr, 10); };
  return distcache::store::Run(arguments[1], number(2), number(3), number(4));
}
