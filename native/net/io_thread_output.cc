// Sending: one call for each connection that has something, when everything that was read is executed.
#include <algorithm>

#include "net/io_thread.h"

namespace distcache::net {
namespace {

using Blocked = Connection::Blocked;

constexpr int kMaxVectors = 64;

}  // namespace

void IoThread::QueueSend(Connection& connection) {
  if (connection.is_in_send_list || connection.is_gone) return;
  connection.is_in_send_list = true;
  send_list_.push_back(&connection);
}

void IoThread::SendAll() {
  turn_list_.swap(send_list_);
  for (Connection* connection : turn_list_) connection->is_in_send_list = false;
  for (Connection* connection : turn_list_) SendOne(*connection);
  turn_list_.clear();
}

// Whether replies that depend on this record must stay: under `always` until it is durable, else while a kill of the process
// would take back too much.
bool IoThread::MustHold(uint64_t sequence) const {
  // Sequentially consistent: see HoldsReplies. With the sequence comes that its records are durable.
  if (sequence > shared_.durable_sequence.load(std::memory_order_seq_cst)) return true;
  wal::LogBuffer* const log = shared_.log.load(std::memory_order_acquire);
  return log != nullptr && log->HoldsReply(sequence, monotonic_ms_);
}

// A connection whose replies stay executes nothing until they may go. Replies to writes that the log failed to keep never go: the
// connection is closed.
bool IoThread::HoldsReplies(Connection& connection) {
  if (connection.held_sequence == 0) return false;
  bool must_hold = MustHold(connection.held_sequence);
  if (must_hold) {
    holds_replies_.store(true, std::memory_order_seq_cst);
    // Sequentially consistent, after the store above: either SetDurableSequence sees it and nudges, or this sees the sequence.
    must_hold = MustHold(connection.held_sequence);
  }
  if (!must_hold) {
    // After the look above: where that was let through because the log failed, this was lowered before.
    if (connection.held_write > shared_.failed_above.load(std::memory_order_seq_cst)) {
      Close(connection, "the log failed before the reply");
      return true;
    }
    connection.held_sequence = 0;
    connection.held_write = 0;
    return false;
  }
  if (connection.blocked == Blocked::kNone || connection.blocked == Blocked::kOutput)
    connection.blocked = Blocked::kDurable;
  if (!connection.is_in_blocked_list) {
    connection.is_in_blocked_list = true;
    blocked_list_.push_back(&connection);
  }
  return true;
}

void IoThread::SendOne(Connection& connection) {
  if (connection.is_gone || HoldsReplies(connection)) return;
  if (connection.output.failed()) return Close(connection, "output limit");
  if (connection.is_writable && !connection.output.empty()) {
    iovec vectors[kMaxVectors];
    const int count = connection.output.Gather(vectors, kMaxVectors);
    size_t gathered = 0;
    for (int i = 0; i < count; ++i) gathered += vectors[i].iov_len;
    const port::Transfer transfer = port::Send(connection.socket.number(), vectors, count);
    if (transfer.state == port::Transfer::State::kGone) return Close(connection, "connection reset");
    connection.output.Consume(transfer.bytes);
    if constexpr (kIsMeasuring) traffic_.bytes_out.Add(transfer.bytes);
    if (transfer.bytes > 0) connection.last_progress_ms = monotonic_ms_;
    if (transfer.bytes < gathered) connection.is_writable = false;
  }
  if (connection.output.empty()) {
    if (connection.blocked == Blocked::kClosing) return Close(connection, connection.close_reason);
  } else if (connection.is_writable) {
    QueueSend(connection);  // more than one call takes: the others first
  }
  if (connection.blocked == Blocked::kOutput && connection.output.size_bytes() <= shared_.soft_output_bytes() / 2) {
    connection.blocked = Blocked::kNone;
    PutBack(connection);
  }
}

void IoThread::CloseSlowReaders() {
  for (const auto& [id, connection] : connections_) {
    const bool is_large = connection->output.size_bytes() > shared_.soft_output_bytes();
    const bool is_stuck = is_large || connection->blocked == Blocked::kClosing;
    if (connection->is_gone || !is_stuck || connection->is_writable) continue;
    if (IsLater(connection->last_progress_ms + shared_.options.output_patience_ms)) Close(*connection, "output limit");
  }
}

}  // namespace distcache::net
