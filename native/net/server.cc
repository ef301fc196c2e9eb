#include "net/server.h"

#include <utility>

#include "net/io_thread.h"
#include "net/shared_state.h"
#include "port/file.h"
#include "port/socket.h"

namespace distcache::net {

Result<std::unique_ptr<Server>> Server::Create(store::Store& store, const ServerOptions& options,
                                               std::function<void()> wake_main) {
  if (options.io_threads == 0) return Status(StatusCode::kInvalidArgument, "a server needs at least one I/O thread");
  std::unique_ptr<Server> server(new Server(store, options, std::move(wake_main)));
  for (uint32_t index = 0; index < options.io_threads; ++index) {
    Result<std::unique_ptr<IoThread>> thread = IoThread::Create(index, *server->shared_, server->threads_);
    if (!thread.ok()) return thread.status();
    server->threads_.push_back(std::move(thread.value()));
  }
  return server;
}

Server::Server(store::Store& store, const ServerOptions& options, std::function<void()> wake_main)
    : shared_(std::make_unique<SharedState>(store, options, std::move(wake_main))) {}

Server::~Server() { Stop(); }

Status Server::Start() {
  if (is_stopped_) return Status(StatusCode::kClosed, "the server was stopped");
  for (const auto& thread : threads_) {
    Status status = thread->Start();
    if (status.ok()) continue;
    Stop();
    return status;
  }
  return Status::Ok();
}

void Server::Stop() {
  if (std::exchange(is_stopped_, true)) return;
  while (!listeners_.empty()) CloseListener(listeners_.begin()->first);
  shared_->main_queue.Close();
  for (const auto& thread : threads_) thread->Stop();
}

Result<Server::Listening> Server::ListenTcp(std::string_view host, uint16_t port) {
  if (is_stopped_) return Status(StatusCode::kClosed, "the server was stopped");
  Result<port::TcpListener> listener = port::ListenTcp(std::string(host), port);
  if (!listener.ok()) return listener.status();
  port::TcpListener& bound = listener.value();
  return Listening{Hand(std::move(bound.descriptor), ""), bound.host, bound.port};
}

Result<Server::Listening> Server::ListenUnix(std::string_view path) {
  if (is_stopped_) return Status(StatusCode::kClosed, "the server was stopped");
  Result<port::Descriptor> socket = port::ListenUnix(std::string(path));
  if (!socket.ok()) return socket.status();
  return Listening{Hand(std::move(socket.value()), std::string(path)), std::string(path), 0};
}

// Gives a listening socket to the first I/O thread; its number.
uint32_t Server::Hand(port::Descriptor socket, std::string unix_path) {
  const uint32_t number = ++last_listener_;
  listeners_.emplace(number, OpenListener{socket.number(), std::move(unix_path)});
  Message message{};
  message.kind = Message::Kind::kListen;
  message.number = number;
  message.listener = std::move(socket);
  threads_.front()->Post(std::move(message));
  return number;
}

void Server::CloseListener(uint32_t listener) {
  const auto found = listeners_.find(listener);
  if (found == listeners_.end()) return;
  // The file goes before the socket: afterwards another server may have put its own there.
  if (!found->second.unix_path.empty()) (void)port::RemoveFile(found->second.unix_path);
  port::StopListening(found->second.descriptor);
  listeners_.erase(found);
  Message message{};
  message.kind = Message::Kind::kCloseListener;
  message.number = listener;
  threads_.front()->Post(std::move(message));
}

void Server::Drain(std::vector<Event>* events, size_t max) {
  const size_t before = events->size();
  shared_->main_queue.Drain(events, max);
  for (size_t i = before; i < events->size(); ++i) {
    const Event& event = (*events)[i];
    if (event.kind == EventKind::kOpened) owners_[event.connection] = event.io_thread;
    if (event.kind == EventKind::kClosed) owners_.erase(event.connection);
  }
}

bool Server::Send(ConnectionId connection, Message message) {
  const auto found = owners_.find(connection);
  if (found == owners_.end() || is_stopped_) return false;
  message.connection = connection;
  threads_[found->second]->Post(std::move(message));
  return true;
}

bool Server::Answer(ConnectionId connection, std::string reply, const Changes& changes) {
  Message message{};
  message.kind = Message::Kind::kAnswer;
  message.bytes = std::move(reply);
  message.changes = changes;
  return Send(connection, std::move(message));
}

bool Server::Push(ConnectionId connection, std::string bytes) {
  Message message{};
  message.kind = Message::Kind::kPush;
  message.bytes = std::move(bytes);
  return Send(connection, std::move(message));
}

bool Server::Kill(ConnectionId connection, bool after_reply) {
  Message message{};
  message.kind = Message::Kind::kKill;
  message.after_reply = after_reply;
  return Send(connection, std::move(message));
}

void Server::RequestReport(uint32_t token) {
  for (const auto& thread : threads_) {
    Message message{};
    message.kind = Message::Kind::kReport;
    message.number = token;
    thread->Post(std::move(message));
  }
}

command::NodeState& Server::node_state() { return shared_->node; }

metrics::NodeMetrics& Server::metrics() { return shared_->metrics; }

// Relaxed, the three: switches that hold for what comes next, nothing else is published with them.
void Server::SetMonitoring(bool is_on) { shared_->is_monitored.store(is_on, std::memory_order_relaxed); }
void Server::SetMaxClients(uint32_t max_clients) { shared_->max_clients.store(max_clients, std::memory_order_relaxed); }
void Server::SetProtected(bool is_protected) { shared_->is_protected.store(is_protected, std::memory_order_relaxed); }

void Server::WakeAll() {
  for (const auto& thread : threads_) thread->Nudge();
}

void Server::SetDurableSequence(uint64_t sequence) {
  // Sequentially consistent: before the look at whether a thread holds replies (IoThread::HoldsReplies is the other side).
  shared_->durable_sequence.store(sequence, std::memory_order_seq_cst);
  for (const auto& thread : threads_) thread->NudgeIfHolding();
}

// Release: a thread that sees the log sees it whole.
void Server::SetLog(wal::LogBuffer* log) { shared_->log.store(log, std::memory_order_release); }

void Server::FailRepliesAbove(uint64_t sequence) {
  // Sequentially consistent: before the durable sequence is raised (IoThread::HoldsReplies reads them the other way round).
  shared_->failed_above.store(sequence, std::memory_order_seq_cst);
  WakeAll();
}

// Relaxed: a count.
uint32_t Server::ConnectionCount() const { return shared_->connection_count.load(std::memory_order_relaxed); }

}  // namespace distcache::net
