// A command from its arguments to its reply, without a socket: what the executor costs on top of the store.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "command/executor.h"

namespace distcache::command {
namespace {

constexpr size_t kKeys = 100'000;
constexpr store::TimeMs kNow = 1'700'000'000'000;

struct Bench {
  Bench() {
    store = std::move(store::Store::Create({}).value());
    executor = std::make_unique<Executor>(*store, node);
    for (size_t i = 0; i < kKeys; i++) keys.push_back("key:" + std::to_string(1'000'000'000 + i));
    for (const std::string& key : keys) Run({"SET", key, value});
  }

  void Run(std::initializer_list<std::string_view> words) {
    resp::Argument arguments[4];
    size_t count = 0;
    for (const std::string_view word : words) arguments[count++].bytes = word;
    executor->Execute(client, {arguments, count}, output, kNow);
    if (output.size_bytes() > 8192) output.Clear();
  }

  std::string_view NextKey() {
    place = (place + 7919) % kKeys;  // a prime: every key in turn, none beside the last
    return keys[place];
  }

  std::unique_ptr<store::Store> store;
  NodeState node;
  std::unique_ptr<Executor> executor;
  ClientState client;
  resp::ChunkPool pool;
  resp::Output output{&pool};
  std::vector<std::string> keys;
  std::string value = std::string(64, 'v');
  size_t place = 0;
};

void BM_ExecuteGet(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) bench.Run({"GET", bench.NextKey()});
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ExecuteGet);

void BM_ExecuteSet(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) bench.Run({"SET", bench.NextKey(), bench.value});
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ExecuteSet);

void BM_ExecuteIncr(benchmark::State& state) {
  Bench bench;
  bench.Run({"SET", "counter", "1"});
  for (auto _ : state) bench.Run({"INCR", "counter"});
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ExecuteIncr);

void BM_ExecutePing(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) bench.Run({"PING"});
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ExecutePing);

void BM_FindCommand(benchmark::State& state) {
  const std::string_view names[] = {"GET", "set", "INCR", "expire", "MGET", "PEXPIREAT", "del", "ping"};
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(FindCommand(names[i++ % std::size(names)]));
}
BENCHMARK(BM_FindCommand);

}  // namespace
}  // namespace distcache::command
