#include "net/command_runner.h"

#include <string>

#include "resp/reply_writer.h"

namespace distcache::net {
namespace {

// A turn's share for one connection: its further commands wait until the others had theirs.
constexpr int kMaxCommandsPerTurn = 1024;

// What one posted command may hold: it is copied for the main thread.
constexpr size_t kMaxPostedBytes = 64 * 1024 * 1024;

// `lower` is in lower case.
bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) [[likely]]
    return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != lower[i]) return false;
  }
  return true;
}

// A browser can be made to send an HTTP request here; its lines must not run as commands.
bool IsHttp(std::string_view word) { return EqualsIgnoringCase(word, "post") || EqualsIgnoringCase(word, "host:"); }

// Whether its reply promises that something is kept.
bool IsWrite(const command::CommandSpec* spec) {
  return spec != nullptr && ((spec->flags & command::kWrite) != 0 || spec->name == "exec");
}

}  // namespace

size_t CommandRunner::Run(Connection& connection, std::string_view bytes, size_t* kept_bytes) {
  metering_.BeginBatch();
  const size_t used = RunAll(connection, bytes, kept_bytes);
  metering_.EndBatch(connection);
  // What did not get its turn is parsed again.
  while (ahead_next_ < ahead_count_) ahead_[ahead_next_++].arguments.Clear();
  ahead_count_ = ahead_next_ = 0;
  return used;
}

// The next command is the parser's, if there is one.
resp::ParseResult CommandRunner::Next(Connection& connection, std::string_view rest) {
  resp::Parser& parser = connection.parser;
  if (connection.has_pending_command) return resp::ParseResult::kCommand;
  if (ahead_next_ < ahead_count_) {
    parser.PutBack(&ahead_[ahead_next_++]);
    return resp::ParseResult::kCommand;
  }
  const resp::ParseResult parsed = parser.Parse(rest);
  if (parsed == resp::ParseResult::kCommand && parser.consumed() < rest.size() && !parser.is_inline()) {
    LookAhead(connection, rest);
  }
  return parsed;
}

// Parses what follows the parser's command, as far as it is whole, and prefetches the keys of all at once: to wait for memory at
// each in turn takes most of a small command's time.
void CommandRunner::LookAhead(Connection& connection, std::string_view rest) {
  resp::Parser& parser = connection.parser;
  size_t key_count = 0;
  ahead_count_ = 0;
  do {
    const auto arguments = parser.arguments();
    const command::CommandSpec* spec = command::FindCommand(arguments[0].bytes);
    if (spec != nullptr && spec->first_key > 0 && static_cast<size_t>(spec->first_key) < arguments.size()) {
      const std::string_view key = arguments[static_cast<size_t>(spec->first_key)].bytes;
      ahead_keys_[key_count++] = shared_.store.Locate(connection.client.database, key);
    }
    parser.TakeOut(&ahead_[ahead_count_++]);
    rest.remove_prefix(parser.consumed());
  } while (ahead_count_ < kLookAhead && parser.Parse(rest) == resp::ParseResult::kCommand && !parser.is_inline());
  // What is not whole, or wrong, is parsed again in its turn.
  parser.PutBack(&ahead_[0]);
  ahead_next_ = 1;
  if (key_count > 1) shared_.store.PrefetchAll(std::span(ahead_keys_).first(key_count));
}

size_t CommandRunner::RunAll(Connection& connection, std::string_view bytes, size_t* kept_bytes) {
  using resp::ParseResult;
  resp::Parser& parser = connection.parser;
  size_t used = 0;
  connection.has_commands = false;
  *kept_bytes = SIZE_MAX;
  for (int commands = 0; commands < kMaxCommandsPerTurn; ++commands) {
    switch (Next(connection, bytes.substr(used))) {
      case ParseResult::kCommand:
        connection.has_pending_command = !RunCommand(connection);
        if (connection.has_pending_command) return used;
        used += parser.consumed();
        if (connection.blocked == Connection::Blocked::kNone) break;
        connection.has_commands = used < bytes.size();
        return used;
      case ParseResult::kNeedMore:
        return used + parser.consumed();
      case ParseResult::kBig:
        *kept_bytes = parser.kept_bytes();
        return used + parser.consumed();
      case ParseResult::kError:
        Refuse(connection, "ERR " + std::string(parser.error()), "protocol error");
        return bytes.size();
      case ParseResult::kOutOfMemory:
        Refuse(connection, "OOM no memory for a request of this size", "out of memory");
        return bytes.size();
    }
  }
  connection.has_commands = used < bytes.size();
  return used;
}

// False: it was not executed, and waits as the connection's pending command.
bool CommandRunner::RunCommand(Connection& connection) {
  using Blocked = Connection::Blocked;
  if (IsHttp(connection.parser.arguments()[0].bytes)) {
    connection.output.Clear();
    connection.blocked = Blocked::kClosing;
    connection.close_reason = "an HTTP request, possibly an attack through a browser";
    return true;
  }
  if (IsPaused(connection)) {
    connection.blocked = Blocked::kPause;
    return false;
  }
  // Relaxed, here and in IsPaused: a switch takes effect with one of the next commands, nothing depends on which.
  if (shared_.is_monitored.load(std::memory_order_relaxed)) PostMonitorLine(connection);
  resp::Output& output = connection.output;
  const size_t mark = output.Mark();
  const command::Executed executed =
      executor_.Execute(connection.client, connection.parser.arguments(), output, now_ms_);
  connection.last_command = executed.spec;
  if (executed.log_sequence > connection.held_sequence) connection.held_sequence = executed.log_sequence;
  if (executed.log_sequence > connection.held_write && IsWrite(executed.spec)) {
    connection.held_write = executed.log_sequence;
  }
  switch (executed.outcome) {
    case command::Outcome::kDone:
      break;
    case command::Outcome::kPost:
      PostRequest(connection);
      return true;
    case command::Outcome::kNoRoom:
      connection.blocked = Blocked::kRoom;
      return false;
    case command::Outcome::kClose:
      connection.blocked = Blocked::kClosing;
      connection.close_reason = "client quit";
      break;
  }
  metering_.AfterCommand(connection, executed, output.Mark() - mark);
  if (connection.reply_mode != ReplyMode::kOn) TrimReply(connection, mark);
  if (output.size_bytes() > shared_.soft_output_bytes() && connection.blocked == Blocked::kNone) {
    connection.blocked = Blocked::kOutput;
  }
  return true;
}

// CLIENT REPLY OFF and SKIP: the command ran, its reply is not sent.
void CommandRunner::TrimReply(Connection& connection, size_t mark) {
  connection.output.CutBack(mark);
  if (connection.reply_mode == ReplyMode::kSkipNext) connection.reply_mode = ReplyMode::kOn;
}

bool CommandRunner::IsPaused(const Connection& connection) const {
  const command::NodeState& node = shared_.node;
  if (node.pauses_all.load(std::memory_order_relaxed)) return true;
  if (!node.pauses_writes.load(std::memory_order_relaxed)) return false;
  const command::CommandSpec* spec =
      command::FindCommand(const_cast<Connection&>(connection).parser.arguments()[0].bytes);
  if (spec == nullptr) return false;
  if ((spec->flags & command::kWrite) != 0) return !connection.client.in_multi;
  return spec->name == "exec" && (connection.client.queued_flags & command::kWrite) != 0;
}

void CommandRunner::PostRequest(Connection& connection) {
  size_t size_bytes = 0;
  for (const resp::Argument& argument : connection.parser.arguments()) size_bytes += argument.bytes.size() + 32;
  if (size_bytes > kMaxPostedBytes) {
    resp::ReplyWriter(connection.output, connection.client.protocol).Error("ERR too large a request for this command");
    return;
  }
  Event event{.kind = EventKind::kRequest,
              .connection = connection.id,
              .database = connection.client.database,
              .protocol = connection.client.protocol,
              .is_authenticated = connection.client.is_authenticated,
              .in_multi = connection.client.in_multi,
              .io_thread = 0,
              .arguments = {},
              .text = {}};
  event.arguments.reserve(connection.parser.arguments().size());
  for (const resp::Argument& argument : connection.parser.arguments()) event.arguments.emplace_back(argument.bytes);
  events_.push_back(std::move(event));
  connection.blocked = Connection::Blocked::kAnswer;
}

void CommandRunner::PostMonitorLine(const Connection& connection) {
  if (shared_.main_queue.is_crowded()) return;
  auto arguments = const_cast<Connection&>(connection).parser.arguments();
  const command::CommandSpec* spec = command::FindCommand(arguments[0].bytes);
  if (spec == nullptr || (spec->flags & (command::kSkipMonitor | command::kAdmin)) != 0) return;
  Event event{.kind = EventKind::kMonitor,
              .connection = connection.id,
              .database = connection.client.database,
              .protocol = connection.client.protocol,
              .is_authenticated = connection.client.is_authenticated,
              .in_multi = connection.client.in_multi,
              .io_thread = 0,
              .arguments = {},
              .text = {}};
  constexpr size_t kMaxShownBytes = 16 * 1024;  // of one argument: a line for a person
  for (const resp::Argument& argument : arguments)
    event.arguments.emplace_back(argument.bytes.substr(0, kMaxShownBytes));
  events_.push_back(std::move(event));
}

void CommandRunner::Refuse(Connection& connection, std::string_view error, const char* reason) {
  resp::ReplyWriter(connection.output, connection.client.protocol).Error(error);
  connection.blocked = Connection::Blocked::kClosing;
  connection.close_reason = reason;
}

}  // namespace distcache::net
