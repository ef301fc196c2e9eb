// The command table: one row a command, derived from commands/*.json (see commands/README.md). Dispatch, arity, flags,
// key positions, COMMAND replies, metric labels, access categories and docs/commands.md come from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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
  kNoAsyncLoading = 65536,
};

// As Redis counts: the name is an argument too; a negative arity means at least so many.
constexpr bool FitsArity(int arity, size_t count) {
  return arity >= 0 ? count == static_cast<size_t>(arity) : count >= static_cast<size_t>(-arity);
}

// A subcommand of a container such as CLIENT or OBJECT.
struct SubcommandSpec {
  std::string_view name;       // lower case: "usage"
  std::string_view full_name;  // "memory|usage", as error texts have it
  uint16_t index;              // dense among all subcommands, from 0
  int16_t arity;
  uint32_t flags;
  bool is_native;
};

struct CommandSpec {
  std::string_view name;  // lower case
  uint16_t index;         // dense, from 0: metric arrays are indexed by it
  int16_t arity;
  uint32_t flags;
  int16_t first_key, last_key, key_step;  // as COMMAND INFO
  bool is_native;                         // executed by the data plane; else posted to TypeScript
  std::span<const SubcommandSpec> subcommands;
};

// Case-insensitive; null when unknown.
const CommandSpec* FindCommand(std::string_view name);
const SubcommandSpec* FindSubcommand(const CommandSpec& container, std::string_view name);
uint16_t CommandCount();
const CommandSpec& CommandAt(uint16_t index);

}  // namespace distcache::command
