#include "net/io_thread.h"

#include <algorithm>
#include <array>
#include <utility>

#include "port/clock.h"

namespace distcache::net {
namespace {

constexpr size_t kReadBufferBytes = 64 * 1024;
constexpr size_t kMaxReadyPerTurn = 256;
constexpr uint64_t kTickMs = 100;
constexpr int kMaxSleepMs = 1000;

// Expired entries go in slices while time allows, on the first thread alone.
constexpr uint64_t kSweepEntries = 64;
constexpr uint64_t kSweepBudgetNs = 1'000'000;

}  // namespace

Result<std::unique_ptr<IoThread>> IoThread::Create(uint32_t index, SharedState& shared,
                                                   const std::vector<std::unique_ptr<IoThread>>& threads) {
  Result<port::Poller> poller = port::Poller::Create();
  if (!poller.ok()) return poller.status();
  return std::unique_ptr<IoThread>(new IoThread(index, shared, threads, std::move(poller.value())));
}

IoThread::IoThread(uint32_t index, SharedState& shared, const std::vector<std::unique_ptr<IoThread>>& threads,
                   port::Poller poller)
    : index_(index),
      shared_(shared),
      poller_(std::move(poller)),
      mailbox_(poller_),
      acceptor_(shared, threads),
      runner_(shared, shared.metrics.thread(index)),
      traffic_(shared.metrics.thread(index).connections()),
      read_buffer_(new char[kReadBufferBytes]) {}

Status IoThread::Start() {
  Result<port::Thread> thread = port::Thread::Start("distcache-io-" + std::to_string(index_), [this] { Run(); });
  if (!thread.ok()) return thread.status();
  thread_ = std::move(thread.value());
  return Status::Ok();
}

void IoThread::Stop() {
  stops_.store(true, std::memory_order_release);
  mailbox_.Nudge();
  thread_.Join();
  DropMessages();
  for (auto& [id, connection] : connections_) runner_.Forget(*connection);
  // Relaxed, both: counts.
  connection_count_.store(0, std::memory_order_relaxed);
  shared_.connection_count.fetch_sub(static_cast<uint32_t>(connections_.size()), std::memory_order_relaxed);
  connections_.clear();
  acceptor_.CloseAll();
}

void IoThread::Run() {
  ReadClocks();
  while (!stops_.load(std::memory_order_acquire)) Turn();
}

void IoThread::ReadClocks() {
  runner_.SetTime(port::UnixTimeMs());
  monotonic_ms_ = port::MonotonicTimeMs();
}

int IoThread::WaitLimitMs() const {
  if (!ready_list_.empty() || !send_list_.empty() || accepts_again_) return 0;
  if (index_ != 0 && connections_.empty()) return -1;
  const uint64_t until_tick = next_tick_ms_ > monotonic_ms_ ? next_tick_ms_ - monotonic_ms_ : 0;
  return static_cast<int>(std::min<uint64_t>(until_tick, kMaxSleepMs));
}

void IoThread::Turn() {
  std::array<port::Ready, kMaxReadyPerTurn> ready;
  int limit_ms = WaitLimitMs();
  if (limit_ms != 0 && !mailbox_.MaySleep()) limit_ms = 0;
  const int count = poller_.Wait(ready, limit_ms);
  if (limit_ms != 0) mailbox_.WokeUp();
  ReadClocks();
  TakeMessages();
  turn_list_.swap(ready_list_);
  for (Connection* connection : turn_list_) connection->is_in_ready_list = false;
  for (const port::Ready& event : std::span(ready).first(static_cast<size_t>(count))) {
    auto* watched = static_cast<Watched*>(event.token);
    if (watched->is_listener) {
      static_cast<Listener*>(watched)->is_ready = static_cast<Listener*>(watched)->socket.is_open();
      accepts_again_ = true;
      continue;
    }
    auto& connection = *static_cast<Connection*>(watched);
    connection.is_readable |= event.is_readable;
    connection.has_ended |= event.has_ended;
    if (event.is_writable && !connection.is_writable) {
      connection.is_writable = true;
      QueueSend(connection);
    }
    if (event.is_readable) Serve(connection);
  }
  for (Connection* connection : turn_list_) Serve(*connection);
  turn_list_.clear();
  if (accepts_again_) accepts_again_ = acceptor_.AcceptAll() == Acceptor::Rest::kMore;
  SendAll();
  if (IsLater(next_tick_ms_)) Tick();
  shared_.main_queue.Post(&runner_.events());
  if (!gone_list_.empty()) FreeGone();
  acceptor_.FreeClosed();
}

void IoThread::Tick() {
  CloseSlowReaders();
  next_tick_ms_ = monotonic_ms_ + kMaxSleepMs;
  if (!send_list_.empty() || !blocked_list_.empty()) next_tick_ms_ = monotonic_ms_ + kTickMs;
  if (index_ != 0) return;
  accepts_again_ = true;  // what was put off, if anything
  if (shared_.store.Stats().entries_with_expiry == 0) return;
  next_tick_ms_ = monotonic_ms_ + kTickMs;
  const uint64_t end_ns = port::MonotonicTimeNs() + kSweepBudgetNs;
  const store::TimeMs now_ms = port::UnixTimeMs();
  while (shared_.store.SweepExpired(now_ms, kSweepEntries) > 0 && port::MonotonicTimeNs() < end_ns) {
  }
}

void IoThread::QueueReady(Connection& connection) {
  if (connection.is_in_ready_list || connection.is_gone) return;
  connection.is_in_ready_list = true;
  ready_list_.push_back(&connection);
}

Connection* IoThread::Find(ConnectionId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() || found->second->is_gone ? nullptr : found->second.get();
}

void IoThread::Close(Connection& connection, const char* reason) {
  if (connection.is_gone) return;
  connection.is_gone = true;
  traffic_.closed.Add(1);
  runner_.Forget(connection);
  poller_.Remove(connection.socket.number());
  connection.socket = port::Descriptor();
  connection.output.Clear();
  Event event{};
  event.kind = EventKind::kClosed;
  event.connection = connection.id;
  event.text = reason;
  runner_.events().push_back(std::move(event));
  // Relaxed: counts, read for choices and limits only.
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  shared_.connection_count.fetch_sub(1, std::memory_order_relaxed);
  gone_list_.push_back(&connection);
}

// The turn is over: no event or list of it names a connection any more, but those that live across turns may.
void IoThread::FreeGone() {
  const auto is_gone = [](const Connection* connection) { return connection->is_gone; };
  std::erase_if(ready_list_, is_gone);
  std::erase_if(send_list_, is_gone);
  std::erase_if(blocked_list_, is_gone);
  for (const Connection* connection : gone_list_) connections_.erase(connection->id);
  gone_list_.clear();
}

}  // namespace distcache::net
