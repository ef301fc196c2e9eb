// A client of an executor, for tests: commands as words in, replies as text out. The log is one that tests can read and fill.
#pragma once

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "command/executor.h"

namespace distcache::command {

// Remembers records as lists of effects in words; has room or not, as the test says.
class TestLog final : public store::WriteLog {
 public:
  bool Reserve(uint64_t, bool must_succeed) override { return has_room || must_succeed; }
  void Unreserve(uint64_t) override {}
  uint64_t Append(std::span<const store::Effect> effects, uint64_t) override {
    std::vector<std::string> record;
    for (const store::Effect& effect : effects) record.push_back(Describe(effect));
    records.push_back(record);
    return records.size();
  }

  bool has_room = true;
  std::vector<std::vector<std::string>> records;

 private:
  static std::string Describe(const store::Effect& effect) {
    std::ostringstream text;
    constexpr const char* kNames[] = {"?", "put", "remove", "expire", "write-at", "flush", "flush-all", "swap"};
    text << kNames[static_cast<int>(effect.kind)] << ' ' << effect.database << ' ' << effect.key << '=' << effect.bytes;
    return text.str();
  }
};

inline std::string TextOf(resp::Output& output) {
  std::string text;
  while (!output.empty()) {
    iovec pieces[16];
    const int count = output.Gather(pieces, 16);
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
      text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      bytes += pieces[i].iov_len;
    }
    output.Consume(bytes);
  }
  return text;
}

class ExecutorTest : public testing::Test {
 protected:
  static constexpr store::TimeMs kNow = 1'700'000'000'000;

  void SetUp() override { Open({}); }

  void Open(store::StoreOptions options) {
    options.log = &log;
    auto created = store::Store::Create(options);
    ASSERT_TRUE(created.ok());
    executor.reset();
    store = std::move(created.value());
    executor = std::make_unique<Executor>(*store, node);
  }

  Executed Execute(ClientState& client, const std::vector<std::string>& words, resp::Output& output) {
    std::vector<resp::Argument> arguments(words.size());
    for (size_t i = 0; i < words.size(); i++) {
      arguments[i].bytes = words[i];
      if (words[i].size() <= kBlockThresholdBytes) continue;
      arguments[i].block = BlockRef(Block::TryCreate(words[i].size()));
      words[i].copy(arguments[i].block->data(), words[i].size());
      arguments[i].bytes = arguments[i].block->view();
    }
    return executor->Execute(client, arguments, output, now_ms);
  }

  // The reply; of what has no reply the outcome's name.
  std::string Run(ClientState& client, const std::vector<std::string>& words) {
    resp::Output output;
    executed = Execute(client, words, output);
    if (executed.outcome == Outcome::kPost) return "posted" + TextOf(output);
    if (executed.outcome == Outcome::kNoRoom) return "no room" + TextOf(output);
    return TextOf(output);
  }
  // Words without spaces in them.
  std::string Run(ClientState& client, const std::string& line) {
    std::istringstream words(line);
    std::vector<std::string> list;
    for (std::string word; words >> word;) list.push_back(word);
    return Run(client, list);
  }
  std::string Run(const std::string& line) { return Run(client, line); }

  TestLog log;
  NodeState node;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Executor> executor;
  ClientState client, other;
  Executed executed{};
  store::TimeMs now_ms = kNow;
};

}  // namespace distcache::command
