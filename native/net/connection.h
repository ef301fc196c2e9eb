// One client connection: its socket, what was read and not used up, what is to be sent, and why it executes nothing just now.
// Belongs to one I/O thread; nobody else touches it.
#pragma once

#include <cstdint>
#include <string>

#include "command/executor.h"
#include "net/bridge.h"
#include "net/input_buffer.h"
#include "port/descriptor.h"
#include "resp/output.h"
#include "resp/parser.h"

namespace distcache::net {

// What the poller's tokens point to.
struct Watched {
  explicit Watched(bool listens) : is_listener(listens) {}
  const bool is_listener;
};

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext };

// Invariants:
// 1. While BlockedReason is not kNone nothing is executed or read, so `input` does not move and the parser's arguments stay.
// 2. has_pending_command: the parser holds a whole command that was not executed; its bytes are the first of `input`.
// 3. has_commands: `input` may hold a whole command (it was not parsed to its end); else it is the beginning of one at most.
struct Connection : Watched {
  enum class Blocked : uint8_t {
    kNone,
    kAnswer,   // a command is in TypeScript's hands
    kRoom,     // the log is full; the command is pending
    kPause,    // CLIENT PAUSE; the command is pending
    kDurable,  // its replies wait for the log
    kOutput,   // too much is unsent
    kClosing,  // nothing more is executed: it goes when everything is sent
  };

  Connection(port::Descriptor the_socket, ConnectionId the_id, resp::ChunkPool* pool)
      : Watched(false), socket(std::move(the_socket)), id(the_id), output(pool) {}

  port::Descriptor socket;
  const ConnectionId id;
  InputBuffer input;
  resp::Parser parser;
  resp::Output output;
  command::ClientState client;

  Blocked blocked = Blocked::kNone;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool has_pending_command = false;
  bool has_commands = false;
  bool is_readable = false;  // the poller's edges that were not used up
  bool is_writable = true;
  bool has_ended = false;
  bool is_gone = false;  // closed; the object goes at the end of the turn
  bool closes_after_answer = false;
  bool is_in_ready_list = false;
  bool is_in_send_list = false;
  bool is_in_blocked_list = false;

  uint64_t held_sequence = 0;     // the newest record that unsent replies depend on
  uint64_t held_write = 0;        // the same for replies to writes alone
  const char* close_reason = "";  // with kClosing
  uint64_t last_active_ms = 0;    // monotonic
  uint64_t last_progress_ms = 0;  // when the peer last took some of the output
  const command::CommandSpec* last_command = nullptr;
};

}  // namespace distcache::net
