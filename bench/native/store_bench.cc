// The store from 1 to N threads: 16-byte keys, 64-byte values, every key there, read and written at random.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace distcache::store {
namespace {

constexpr size_t kKeyBytes = 16;
const std::string kValue(64, 'v');

using KeyText = std::array<char, kKeyBytes>;

// "key:" and twelve digits.
KeyText TextOf(uint64_t number) {
  KeyText text{'k', 'e', 'y', ':'};
  for (size_t at = kKeyBytes; at-- > 4; number /= 10) text[at] = static_cast<char>('0' + number % 10);
  return text;
}

std::string_view ViewOf(const KeyText& text) { return {text.data(), text.size()}; }

bool Set(Store& store, std::string_view text) {
  const Key key = store.Locate(0, text);
  Access access;
  const Intent intent{.writes = true, .adds_keys = true, .value_bytes = kValue.size()};
  return store.Begin(&access, {&key, 1}, intent, 1000) == Admission::kOk &&
         access.Put(key, kValue, 0) == PutResult::kOk;
}

std::unique_ptr<Store> MakeFull(uint64_t keys, uint64_t max_entries) {
  StoreOptions options;
  options.max_entries = max_entries;
  options.seed.fill(7);
  std::unique_ptr<Store> store = std::move(Store::Create(options).value());
  for (uint64_t i = 0; i < keys; ++i) Set(*store, ViewOf(TextOf(i)));
  return store;
}

// Keys in random order, made before the clock runs; each thread starts elsewhere.
class KeyStream {
 public:
  KeyStream(uint64_t keys, uint64_t thread) : texts_(1 << 16) {
    uint64_t state = thread * 0x9E3779B97F4A7C15ull + 1;
    for (KeyText& text : texts_) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      text = TextOf((state >> 33) % keys);
    }
  }
  std::string_view Next() { return ViewOf(texts_[at_++ & (texts_.size() - 1)]); }

 private:
  std::vector<KeyText> texts_;
  size_t at_ = 0;
};

std::unique_ptr<Store> shared_store;

void SetUp(const benchmark::State& state) { shared_store = MakeFull(static_cast<uint64_t>(state.range(0)), 0); }
void TearDown(const benchmark::State&) { shared_store.reset(); }

void Get(benchmark::State& state) {
  Store& store = *shared_store;
  KeyStream stream(static_cast<uint64_t>(state.range(0)), static_cast<uint64_t>(state.thread_index()));
  uint64_t hits = 0;
  for (auto _ : state) {
    const Key key = store.Locate(0, stream.Next());
    Access access;
    (void)store.Begin(&access, {&key, 1}, {}, 1000);
    const ValueView* view = access.Get(key);
    if (view != nullptr) hits += view->bytes.size();
  }
  benchmark::DoNotOptimize(hits);
  if (hits != static_cast<uint64_t>(state.iterations()) * kValue.size()) state.SkipWithError("a key was missing");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Get)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Setup(SetUp)
    ->Teardown(TearDown)
    ->ThreadRange(1, 4)
    ->UseRealTime();

void Overwrite(benchmark::State& state) {
  KeyStream stream(static_cast<uint64_t>(state.range(0)), static_cast<uint64_t>(state.thread_index()));
  for (auto _ : state) {
    if (!Set(*shared_store, stream.Next())) state.SkipWithError("no room");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Overwrite)->Arg(10'000)->Arg(1'000'000)->Setup(SetUp)->Teardown(TearDown)->ThreadRange(1, 4)->UseRealTime();

// New keys only, each evicting another.
void InsertAndEvict(benchmark::State& state) {
  const auto bound = static_cast<uint64_t>(state.range(0));
  const std::unique_ptr<Store> store = MakeFull(bound, bound);
  uint64_t number = bound;
  for (auto _ : state) {
    if (!Set(*store, ViewOf(TextOf(number++)))) state.SkipWithError("no room");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(InsertAndEvict)->Arg(1'000)->Arg(10'000)->Arg(1'000'000);

// A store that grows from nothing.
void Fill(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    const std::unique_ptr<Store> store = MakeFull(keys, 0);
    state.counters["bytes_beyond_data"] = static_cast<double>(store->UsedBytes()) / static_cast<double>(keys) -
                                          kKeyBytes - static_cast<double>(kValue.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Fill)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace distcache::store
