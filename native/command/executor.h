// Executes data commands against a store for one connection. Knows no sockets: arguments in, a reply in an Output.
// Runs on whichever thread owns the ClientState; any number of executors share one store.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command/command_table.h"
#include "resp/output.h"
#include "resp/parser.h"
#include "resp/reply_writer.h"
#include "store/store.h"

namespace distcache::command {

class Call;
using Handler = void (*)(Call& call);

// A command that waits for EXEC; owns the bytes its arguments view.
struct QueuedCommand {
  const CommandSpec* spec = nullptr;
  Handler handler = nullptr;
  std::unique_ptr<resp::Argument[]> arguments;
  size_t count = 0;
  std::unique_ptr<char[]> bytes;
};

// A key of WATCH, with its version then.
struct WatchedKey {
  uint32_t database;
  std::string bytes;
  uint64_t version;
  bool was_missing;
};

// What a connection carries from command to command. TypeScript changes it through the bridge (HELLO, AUTH ...).
struct ClientState {
  uint32_t database = 0;
  resp::Protocol protocol = resp::Protocol::kResp2;
  bool is_authenticated = true;
  bool touches_recency = true;  // CLIENT NO-TOUCH
  // MULTI
  bool in_multi = false;
  bool multi_has_error = false;  // EXECABORT
  uint32_t queued_flags = 0;     // of all queued commands
  std::vector<QueuedCommand> queue;
  size_t queued_bytes = 0;
  std::vector<WatchedKey> watched;
  size_t watched_bytes = 0;
  uint64_t random_state = 0;  // RANDOMKEY
  std::string error_code;     // the first word of the last error reply, for errorstats
};

enum class Outcome : uint8_t {
  kDone,    // the reply is in the output
  kPost,    // not for the data plane: post (connection, arguments) to TypeScript
  kNoRoom,  // the log is full: nothing was done, nothing is held; run the same command again when woken
  kClose,   // the reply is in the output; close after sending (QUIT)
};

struct Executed {
  Outcome outcome;
  bool failed = false;        // the reply is an error
  const CommandSpec* spec;    // null: unknown command
  uint64_t log_sequence = 0;  // the reply must wait for this record under `always` (own write, or newest read)
};

// What holds for every connection of a node; changed from TypeScript at any time, read once a command (relaxed).
struct NodeState {
  std::atomic<bool> requires_auth{false};
  std::atomic<bool> refuses_writes{false};  // -MISCONF: the disk failed
  std::atomic<bool> is_loading{false};      // -LOADING
  std::atomic<bool> pauses_all{false},
      pauses_writes{false};  // CLIENT PAUSE: the connection layer holds the command back
};

class Executor {
 public:
  Executor(store::Store& store, const NodeState& node) : store_(store), node_(node) {}
  // now_ms: Unix time. At least one argument. On kNoRoom and kPost the output is as it was.
  // RESET is posted too, for what TypeScript knows of the connection; the ClientState is reset by then.
  Executed Execute(ClientState& client, std::span<const resp::Argument> arguments, resp::Output& output,
                   store::TimeMs now_ms);
  // Ends watches and the queue (connection closed).
  void Forget(ClientState& client);

 private:
  store::Store& store_;
  const NodeState& node_;
};

}  // namespace distcache::command
