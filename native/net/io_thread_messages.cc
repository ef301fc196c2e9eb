// What other threads ask of an I/O thread: connections to adopt, answers, pushes, ends, reports.
#include <string>
#include <utility>

#include "net/io_thread.h"

namespace distcache::net {
namespace {

using Blocked = Connection::Blocked;

Event MakeEvent(EventKind kind, ConnectionId connection) {
  Event event{};
  event.kind = kind;
  event.connection = connection;
  return event;
}

std::string Row(const Connection& connection, uint64_t now_ms) {
  const command::ClientState& client = connection.client;
  const size_t memory_bytes = sizeof(Connection) + connection.input.capacity_bytes() + connection.output.size_bytes();
  const auto field = [](const char* name, uint64_t value) { return std::string(name) + std::to_string(value); };
  std::string row = field("fd=", static_cast<uint64_t>(connection.socket.number()));
  row += field(" idle_ms=", now_ms - connection.last_active_ms);
  row += field(" db=", client.database);
  row += " multi=" + (client.in_multi ? std::to_string(client.queue.size()) : "-1");
  row += field(" watch=", client.watched.size());
  row += field(" qbuf=", connection.input.view().size());
  row += " obl=0 oll=0";  // Redis's fixed buffer and list of replies; here all is one output
  row += field(" omem=", connection.output.size_bytes());
  row += field(" tot-mem=", memory_bytes);
  row += " cmd=";
  row += connection.last_command == nullptr ? "NULL" : connection.last_command->name;
  return row;
}

}  // namespace

void IoThread::TakeMessages() {
  if (!mailbox_.Take(&messages_)) return;
  for (Message& message : messages_) Handle(message);
  messages_.clear();
  ResumeAll();
}

void IoThread::DropMessages() {
  mailbox_.Take(&messages_);
  for (const Message& message : messages_) {
    // Relaxed: a count.
    if (message.kind == Message::Kind::kAdopt) shared_.connection_count.fetch_sub(1, std::memory_order_relaxed);
  }
  messages_.clear();
}

void IoThread::Handle(Message& message) {
  switch (message.kind) {
    case Message::Kind::kAdopt:
      return AdoptNow(message.connection, std::move(message.accepted));
    case Message::Kind::kAnswer:
      return HandleAnswer(message);
    case Message::Kind::kPush:
      return HandlePush(message);
    case Message::Kind::kKill:
      return HandleKill(message);
    case Message::Kind::kReport:
      return Report(message.number);
    case Message::Kind::kListen:
      acceptor_.Open(message.number, std::move(message.listener), poller_);
      accepts_again_ = true;
      return;
    case Message::Kind::kCloseListener:
      return acceptor_.Close(message.number);
  }
}

void IoThread::Adopt(ConnectionId id, port::Accepted accepted) {
  // Counted here, by the accepting thread, so that its next choice sees it. Relaxed: only a choice.
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  if (index_ == 0) return AdoptNow(id, std::move(accepted));  // the accepting thread is the first
  Message message{};
  message.kind = Message::Kind::kAdopt;
  message.connection = id;
  message.accepted = std::move(accepted);
  Post(std::move(message));
}

void IoThread::AdoptNow(ConnectionId id, port::Accepted accepted) {
  auto owned = std::make_unique<Connection>(std::move(accepted.descriptor), id, &chunks_);
  Connection& connection = *owned;
  connections_.emplace(id, std::move(owned));
  Event event = MakeEvent(EventKind::kOpened, id);
  event.io_thread = index_;
  event.text = accepted.peer + " " + accepted.local;
  runner_.events().push_back(std::move(event));
  connection.output.SetLimit(shared_.options.output_limit_bytes);
  connection.last_active_ms = connection.last_progress_ms = monotonic_ms_;
  // Relaxed: a password that is set meanwhile is asked of the next connection.
  connection.client.is_authenticated = !shared_.node.requires_auth.load(std::memory_order_relaxed);
  connection.parser.SetLimited(!connection.client.is_authenticated);
  if (!poller_.Add(connection.socket.number(), &connection).ok()) return Close(connection, "no memory to watch it");
  connection.is_readable = true;  // what came before it was watched
  QueueReady(connection);
}

void IoThread::HandleAnswer(Message& message) {
  Connection* const found = Find(message.connection);
  if (found == nullptr || found->blocked != Blocked::kAnswer) return;
  Connection& connection = *found;
  const Changes& changes = message.changes;
  command::ClientState& client = connection.client;
  if (changes.resets) {
    runner_.Forget(connection);
    client.database = 0;
    client.protocol = resp::Protocol::kResp2;
    client.touches_recency = true;
    connection.reply_mode = ReplyMode::kOn;
  }
  if (changes.protocol != 0) client.protocol = changes.protocol == 3 ? resp::Protocol::kResp3 : resp::Protocol::kResp2;
  if (changes.database >= 0) client.database = static_cast<uint32_t>(changes.database);
  if (changes.is_authenticated >= 0) client.is_authenticated = changes.is_authenticated != 0;
  if (changes.touches_recency >= 0) client.touches_recency = changes.touches_recency != 0;
  connection.parser.SetLimited(!client.is_authenticated);
  const bool is_silent = connection.reply_mode != ReplyMode::kOn && changes.reply_mode != 0;
  if (connection.reply_mode == ReplyMode::kSkipNext) connection.reply_mode = ReplyMode::kOn;
  // A skip while replies are off leaves them off.
  if (changes.reply_mode >= 0 && !(connection.reply_mode == ReplyMode::kOff &&
                                   static_cast<ReplyMode>(changes.reply_mode) == ReplyMode::kSkipNext)) {
    connection.reply_mode = static_cast<ReplyMode>(changes.reply_mode);
  }
  if (!is_silent) connection.output.Append(message.bytes);
  connection.blocked = Blocked::kNone;
  if (changes.closes || connection.closes_after_answer) {
    connection.blocked = Blocked::kClosing;
    connection.close_reason = connection.closes_after_answer ? "killed" : "closed by the node";
  }
  QueueSend(connection);
  PutBack(connection);
}

void IoThread::HandlePush(const Message& message) {
  Connection* const connection = Find(message.connection);
  if (connection == nullptr || connection->blocked == Blocked::kClosing) return;
  if (connection->output.size_bytes() > shared_.soft_output_bytes()) return;  // a slow reader misses some
  connection->output.Append(message.bytes);
  QueueSend(*connection);
}

void IoThread::HandleKill(const Message& message) {
  Connection* const connection = Find(message.connection);
  if (connection == nullptr) return;
  if (!message.after_reply) return Close(*connection, "killed");
  if (connection->blocked == Blocked::kAnswer) {
    connection->closes_after_answer = true;
    return;
  }
  connection->blocked = Blocked::kClosing;
  connection->close_reason = "killed";
  QueueSend(*connection);
}

void IoThread::Report(uint32_t token) {
  for (const auto& [id, connection] : connections_) {
    if (connection->is_gone) continue;
    Event event = MakeEvent(EventKind::kReport, id);
    event.database = token;
    event.text = Row(*connection, monotonic_ms_);
    runner_.events().push_back(std::move(event));
  }
  Event last = MakeEvent(EventKind::kReport, 0);
  last.database = token;
  runner_.events().push_back(std::move(last));
}

// Looks again at a connection that waited for room, the end of a pause, or the log. Its replies go before it executes more: what
// comes next depends on newer records, and a client that never stops sending would never hear of the older ones.
void IoThread::Resume(Connection& connection) {
  if (connection.held_sequence > 0) SendOne(connection);
  if (connection.is_gone || connection.held_sequence > 0) return;
  const bool waited = connection.blocked == Blocked::kRoom || connection.blocked == Blocked::kPause ||
                      connection.blocked == Blocked::kDurable;
  if (!waited) return;
  const bool is_full = connection.output.size_bytes() > shared_.soft_output_bytes();
  connection.blocked = is_full ? Blocked::kOutput : Blocked::kNone;
  if (!is_full) QueueReady(connection);
}

void IoThread::ResumeAll() {
  if (blocked_list_.empty()) return;
  std::vector<Connection*> waiting;
  waiting.swap(blocked_list_);
  // Before the sequence is looked at again: whoever is still held sets it anew.
  holds_replies_.store(false, std::memory_order_seq_cst);
  for (Connection* connection : waiting) {
    connection->is_in_blocked_list = false;
    if (!connection->is_gone) Resume(*connection);
  }
}

}  // namespace distcache::net
