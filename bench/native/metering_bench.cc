// What a command costs between the parser and the output, with metering compiled in: batches of 16 as a pipeline brings them, and
// single commands. Build with -DDISTCACHE_MEASURING=OFF to compare.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "net/command_runner.h"
#include "net/shared_state.h"

namespace distcache::net {
namespace {

void RunBatches(benchmark::State& state, const std::string& line) {
  auto store = store::Store::Create({});
  SharedState shared(*store.value(), ServerOptions{}, [] {});
  CommandRunner runner(shared, shared.metrics.thread(0));
  resp::ChunkPool chunks;
  Connection connection(port::Descriptor(), 1, &chunks);
  runner.SetTime(1'700'000'000'000);
  const std::string value(64, 'x');
  for (int i = 0; i < 1000; i++) {
    size_t kept_bytes = 0;
    runner.Run(connection, "SET key:" + std::to_string(i) + " " + value + "\r\n", &kept_bytes);
    connection.output.Clear();
  }
  const int64_t calls = state.range(0);
  std::string batch;
  for (int64_t i = 0; i < calls; i++) {
    const std::string key = "key:" + std::to_string(i * 37 % 1000);
    const std::string length = std::to_string(key.size());
    batch += line == "GET" ? "*2\r\n$3\r\nGET\r\n$" + length + "\r\n" + key + "\r\n"
                           : "*3\r\n$3\r\nSET\r\n$" + length + "\r\n" + key + "\r\n$64\r\n" + value + "\r\n";
  }
  for (auto _ : state) {
    size_t kept_bytes = 0;
    benchmark::DoNotOptimize(runner.Run(connection, batch, &kept_bytes));
    connection.output.Clear();
  }
  state.SetItemsProcessed(state.iterations() * calls);
}

void BM_Get(benchmark::State& state) { RunBatches(state, "GET"); }
void BM_Set(benchmark::State& state) { RunBatches(state, "SET"); }
BENCHMARK(BM_Get)->Arg(1)->Arg(16)->Arg(64);
BENCHMARK(BM_Set)->Arg(1)->Arg(16)->Arg(64);

}  // namespace
}  // namespace distcache::net
