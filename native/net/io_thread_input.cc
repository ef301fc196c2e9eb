// Reading and executing: one read for each ready connection and turn, and the commands in it.
#include <algorithm>

#include "net/io_thread.h"

namespace distcache::net {
namespace {

constexpr size_t kReadBufferBytes = 64 * 1024;
// Room for a read behind the beginning of a command; and what one read takes of a big argument.
constexpr size_t kReadBehindBytes = 16 * 1024;
constexpr size_t kBigReadBytes = 1024 * 1024;

using Blocked = Connection::Blocked;

}  // namespace

void IoThread::Serve(Connection& connection) {
  if (connection.is_gone || connection.blocked != Blocked::kNone) return;
  if (connection.has_commands || connection.has_pending_command) {
    Execute(connection, connection.input.view(), true);
  } else if (connection.is_readable) {
    ReadOnce(connection);
  }
  PutBack(connection);
}

// Keeps invariant 3 of io_thread.h.
void IoThread::PutBack(Connection& connection) {
  if (connection.blocked != Blocked::kNone) {
    const bool waits_in_list = connection.blocked == Blocked::kRoom || connection.blocked == Blocked::kPause;
    if (waits_in_list && !connection.is_in_blocked_list) {
      connection.is_in_blocked_list = true;
      blocked_list_.push_back(&connection);
    }
    return;
  }
  if (connection.is_readable || connection.has_commands) QueueReady(connection);
}

void IoThread::ReadOnce(Connection& connection) {
  if (connection.parser.big_remaining() > 0) return ReceiveBig(connection);
  const int socket = connection.socket.number();
  if (connection.input.empty()) {
    const port::Transfer transfer = port::Receive(socket, read_buffer_.get(), kReadBufferBytes);
    if (HasRead(connection, transfer, kReadBufferBytes))
      Execute(connection, {read_buffer_.get(), transfer.bytes}, false);
    return;
  }
  char* const place = connection.input.Reserve(kReadBehindBytes);
  if (place == nullptr) return Close(connection, "out of memory");
  const port::Transfer transfer = port::Receive(socket, place, kReadBehindBytes);
  if (!HasRead(connection, transfer, kReadBehindBytes)) return;
  connection.input.Added(transfer.bytes);
  Execute(connection, connection.input.view(), true);
}

void IoThread::ReceiveBig(Connection& connection) {
  resp::Parser& parser = connection.parser;
  const size_t asked_bytes = std::min(parser.big_remaining(), kBigReadBytes);
  const port::Transfer transfer = port::Receive(connection.socket.number(), parser.big_destination(), asked_bytes);
  if (HasRead(connection, transfer, asked_bytes)) parser.BigReceived(transfer.bytes);
}

// Whether bytes came; else the connection waits for more, or is closed.
bool IoThread::HasRead(Connection& connection, port::Transfer transfer, size_t asked_bytes) {
  switch (transfer.state) {
    case port::Transfer::State::kNotNow:
      connection.is_readable = false;
      return false;
    case port::Transfer::State::kGone:
      Close(connection, "connection reset");
      return false;
    case port::Transfer::State::kDone:
      break;
  }
  if (transfer.bytes == 0) {
    // It may only have finished sending, and read on: what it is owed is sent first.
    connection.blocked = Blocked::kClosing;
    connection.close_reason = "peer closed";
    QueueSend(connection);
    return false;
  }
  if constexpr (kIsMeasuring) traffic_.bytes_in.Add(transfer.bytes);
  // A short read of a stream took all there was, and the next byte makes a new edge. The end that came together with the
  // last bytes does not: then a further read must find it.
  if (transfer.bytes < asked_bytes && !connection.has_ended) connection.is_readable = false;
  connection.last_active_ms = monotonic_ms_;
  return true;
}

void IoThread::Execute(Connection& connection, std::string_view bytes, bool is_own_buffer) {
  size_t kept_bytes = 0;
  const size_t used = runner_.Run(connection, bytes, &kept_bytes);
  KeepRest(connection, bytes.substr(used, kept_bytes), is_own_buffer);
  if (!connection.output.empty() || connection.blocked == Blocked::kClosing) QueueSend(connection);
}

void IoThread::KeepRest(Connection& connection, std::string_view rest, bool is_own_buffer) {
  if (is_own_buffer) {
    connection.input.DropFront(static_cast<size_t>(rest.data() - connection.input.view().data()));
    connection.input.KeepFront(rest.size());
    return;
  }
  if (rest.empty()) return;
  if (!connection.input.Assign(rest)) return Close(connection, "out of memory");
  if (connection.has_pending_command) connection.parser.Relocate(connection.input.view().data());
}

}  // namespace distcache::net
