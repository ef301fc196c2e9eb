// The command table: one row a command, derived from commands/*.json (see commands/README.md). Dispatch, arity, flags, key positions,
// COMMAND replies, metric labels, access categories and docs/commands.md come from it.
#pragma once

#include <cstdint>
#include <string_view>

namespace distcache::command {

enum Flag : uint32_t {
  kWrite = 1,
  kReadonly = 2,
  kDenyOom = 4,
  kFast = 8,
  kNoAuth = 16,
  kLoading = 32,
  kStale = 64,
  kAdmin = 128,
  kNoScript = 256,
  kNoMulti = 512,
  kSkipSlowlog = 1024,
  kSkipMonitor = 2048,
  kMovableKeys = 4096,
  kAllowBusy = 8192,
  kBlocking = 16384,
  kPubSub = 32768,
};

struct CommandSpec {
  std::string_view name;  // lower case
  uint16_t index;         // dense, from 0: metric arrays are indexed by it
  int16_t arity;          // as Redis: negative = at least
  uint32_t flags;
  int16_t first_key, last_key, key_step;  // as COMMAND INFO
  bool is_native;                         // executed by the data plane; else posted to TypeScript
};

// Case-insensitive; null when unknown.
const CommandSpec* FindCommand(std::string_view name);
uint16_t CommandCount();
const CommandSpec& CommandAt(uint16_t index);

}  // namespace distcache::command
