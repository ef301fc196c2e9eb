// Any stream of commands runs against a small store that evicts: no crash, each reply is whole RESP, one for each command, and
// the store's invariants hold afterwards.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "command/executor.h"
#include "port/vectored.h"
#include "resp/parser.h"
#include "store/store.h"

namespace {

using namespace distcache;

constexpr store::TimeMs kStartMs = 1'700'000'000'000;

std::string TakeAll(resp::Output& output) {
  std::string bytes;
  iovec vectors[16];
  while (!output.empty()) {
    const int count = output.Gather(vectors, 16);
    size_t sum = 0;
    for (int i = 0; i < count; ++i) {
      bytes.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
      sum += vectors[i].iov_len;
    }
    output.Consume(sum);
  }
  return bytes;
}

// Takes one whole reply off the front; false when it is none.
bool TakeReply(std::string_view& bytes) {
  const size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos || end == 0) return false;
  const char type = bytes[0];
  const long long number = std::atoll(std::string(bytes.substr(1, end - 1)).c_str());
  bytes.remove_prefix(end + 2);
  switch (type) {
    case '+':
    case '-':
    case ':':
    case '_':
    case ',':
    case '#':
      return true;
    case '$':
      if (number < 0) return true;
      if (bytes.size() < static_cast<size_t>(number) + 2) return false;
      bytes.remove_prefix(static_cast<size_t>(number));
      if (bytes.substr(0, 2) != "\r\n") return false;
      bytes.remove_prefix(2);
      return true;
    case '*':
    case '~':
    case '%':
      for (long long i = 0; i < (type == '%' ? number * 2 : number); ++i) {
        if (!TakeReply(bytes)) return false;
      }
      return true;
    default:
      return false;
  }
}

void Check(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  store::StoreOptions options;
  options.max_entries = 50;
  auto store = std::move(store::Store::Create(options).value());
  const command::NodeState node;
  command::Executor executor(*store, node);
  command::ClientState client;
  resp::Parser parser;
  resp::ChunkPool pool;
  resp::Output output(&pool);
  output.SetLimit(64 << 20);
  std::string_view stream(reinterpret_cast<const char*>(data), size);
  store::TimeMs now_ms = kStartMs;
  while (parser.Parse(stream) == resp::ParseResult::kCommand) {
    const command::Executed executed = executor.Execute(client, parser.arguments(), output, now_ms);
    Check(executed.outcome != command::Outcome::kNoRoom, "without a log there is room");
    if (output.failed()) break;
    const std::string reply = TakeAll(output);
    std::string_view rest = reply;
    if (executed.outcome == command::Outcome::kPost) {
      Check(reply.empty(), "a posted command leaves no reply");
    } else {
      Check(TakeReply(rest) && rest.empty(), "a command has one whole reply");
    }
    if (parser.arguments()[0].bytes.size() % 2 == 0) now_ms += 700;
    stream.remove_prefix(parser.consumed());
  }
  executor.Forget(client);
  const Status status = store->CheckInvariants();
  Check(status.ok(), std::string(status.message()).c_str());
  return 0;
}
