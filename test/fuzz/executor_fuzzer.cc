// Any sequence of commands runs against a small store that evicts: no crash, each reply is whole RESP, one for each command,
// and the store's invariants hold afterwards. The input chooses commands of the table and their arguments, so that every byte
// of it means something; the parser has a fuzzer of its own.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "command/command_table.h"
#include "command/executor.h"
#include "port/vectored.h"
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

constexpr std::string_view kWords[] = {
    "a",
    "b",
    "c",
    "{a}1",
    "",
    "0",
    "1",
    "-1",
    "2",
    "10",
    "100",
    "16384",
    "-9223372036854775808",
    "9223372036854775807",
    "1700000000",
    "1700000000500",
    "1.5",
    "-inf",
    "1e300",
    "nan",
    "EX",
    "PX",
    "EXAT",
    "PXAT",
    "KEEPTTL",
    "NX",
    "XX",
    "GT",
    "LT",
    "GET",
    "IFEQ",
    "PERSIST",
    "MATCH",
    "COUNT",
    "TYPE",
    "string",
    "*",
    "[a-c]?",
    "DB",
    "REPLACE",
    "ASYNC",
    "SYNC",
    "ENCODING",
    "IDLETIME",
    "REFCOUNT",
    "FREQ",
    "HELP",
    "USAGE",
    "SAMPLES",
};

// Reads the input as decisions; reads zeros behind its end.
class Decisions {
 public:
  Decisions(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  bool empty() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  // Mostly words that commands look for; sometimes bytes of the input, sometimes something long.
  std::string Word() {
    const uint8_t choice = Byte();
    if (choice < 200) return std::string(kWords[choice % std::size(kWords)]);
    if (choice < 250) {
      const std::string_view bytes = rest_.substr(0, choice - 200u);
      rest_.remove_prefix(bytes.size());
      return std::string(bytes);
    }
    return std::string(size_t{Byte()} * 200, 'x');
  }

 private:
  std::string_view rest_;
};

std::vector<std::string> ChooseCommand(Decisions& decisions) {
  const uint8_t choice = decisions.Byte();
  std::vector<std::string> words;
  words.emplace_back(command::CommandAt(choice % command::CommandCount()).name);
  for (int count = decisions.Byte() % 8; count > 0; --count) words.push_back(decisions.Word());
  return words;
}

std::vector<resp::Argument> AsArguments(const std::vector<std::string>& words) {
  std::vector<resp::Argument> arguments(words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].size() > kBlockThresholdBytes) {
      arguments[i].block = BlockRef(Block::TryCreate(words[i].size()));
      std::memcpy(arguments[i].block->data(), words[i].data(), words[i].size());
      arguments[i].bytes = arguments[i].block->view();
    } else {
      arguments[i].bytes = words[i];
    }
  }
  return arguments;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  store::StoreOptions options;
  options.max_entries = 50;
  auto store = std::move(store::Store::Create(options).value());
  const command::NodeState node;
  command::Executor executor(*store, node);
  command::ClientState client;
  resp::ChunkPool pool;
  resp::Output output(&pool);
  output.SetLimit(64 << 20);
  store::TimeMs now_ms = kStartMs;
  Decisions decisions(data, size);
  while (!decisions.empty()) {
    const std::vector<std::string> words = ChooseCommand(decisions);
    if (words.size() % 3 == 0) client.protocol = resp::Protocol::kResp3;
    std::vector<resp::Argument> arguments = AsArguments(words);
    const command::Executed executed = executor.Execute(client, arguments, output, now_ms);
    Check(executed.outcome != command::Outcome::kNoRoom, "without a log there is room");
    if (output.failed()) break;
    const std::string reply = TakeAll(output);
    std::string_view rest = reply;
    if (executed.outcome == command::Outcome::kPost) {
      Check(reply.empty(), "a posted command leaves no reply");
    } else {
      Check(TakeReply(rest) && rest.empty(),
            ("one whole reply to " + words[0] + ", not " + reply.substr(0, 200)).c_str());
    }
    now_ms += words[0].size() * 100;
  }
  executor.Forget(client);
  const Status status = store->CheckInvariants();
  Check(status.ok(), std::string(status.message()).c_str());
  return 0;
}
