// How fast pipelines of small commands are parsed, and replies written: time is for one command or reply.
#include <benchmark/benchmark.h>

#include <string>

#include "resp/output.h"
#include "resp/parser.h"
#include "resp/reply_writer.h"

namespace distcache::resp {
namespace {

std::string Pipeline(int commands, size_t value_bytes) {
  std::string stream;
  for (int i = 0; i < commands; ++i) {
    stream += "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n$" + std::to_string(value_bytes) + "\r\n" +
              std::string(value_bytes, 'x') + "\r\n";
  }
  return stream;
}

void BM_ParsePipeline(benchmark::State& state) {
  const std::string stream = Pipeline(64, static_cast<size_t>(state.range(0)));
  Parser parser;
  int64_t commands = 0;
  for (auto _ : state) {
    std::string_view rest = stream;
    while (parser.Parse(rest) == ParseResult::kCommand) {
      rest.remove_prefix(parser.consumed());
      benchmark::DoNotOptimize(parser.arguments().data());
      ++commands;
    }
  }
  state.SetItemsProcessed(commands);
}
BENCHMARK(BM_ParsePipeline)->Arg(3)->Arg(64)->Arg(1024);

void BM_ParseInline(benchmark::State& state) {
  const std::string stream = "SET key:000000012345 value\r\n";
  Parser parser;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.Parse(stream));
    benchmark::DoNotOptimize(parser.arguments().data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ParseInline);

void BM_WriteBulks(benchmark::State& state) {
  const std::string value(static_cast<size_t>(state.range(0)), 'x');
  ChunkPool pool;
  Output output(&pool);
  ReplyWriter writer(output, Protocol::kResp2);
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) writer.Bulk(value);
    output.Consume(output.size_bytes());
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_WriteBulks)->Arg(3)->Arg(64)->Arg(1024);

void BM_WriteIntegers(benchmark::State& state) {
  ChunkPool pool;
  Output output(&pool);
  ReplyWriter writer(output, Protocol::kResp2);
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) writer.Integer(i * 1'000'003);
    output.Consume(output.size_bytes());
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_WriteIntegers);

}  // namespace
}  // namespace distcache::resp
