// The hash by length of key, and the checksums.
#include <benchmark/benchmark.h>

#include <string>

#include "core/crc16.h"
#include "core/crc32c.h"
#include "core/hash.h"

namespace distcache {
namespace {

void Hash(benchmark::State& state) {
  const std::array<uint8_t, 16> seed{1, 2, 3};
  const HashSecrets secrets = HashSecrets::FromSeed(seed);
  std::string key(static_cast<size_t>(state.range(0)), 'k');
  for (auto _ : state) {
    benchmark::DoNotOptimize(Hash64(secrets, 0, key));
    ++key[0];
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Hash)->Arg(8)->Arg(16)->Arg(32)->Arg(128)->Arg(4096);

void Crc32cOfBlock(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'b');
  for (auto _ : state) benchmark::DoNotOptimize(Crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Crc32cOfBlock)->Arg(64)->Arg(1024)->Arg(65536);

void Crc16OfKey(benchmark::State& state) {
  const std::string key(static_cast<size_t>(state.range(0)), 'k');
  for (auto _ : state) benchmark::DoNotOptimize(Crc16(key));
}
BENCHMARK(Crc16OfKey)->Arg(16);

}  // namespace
}  // namespace distcache
