// An I/O thread: a loop that reads all that is ready, executes it, then writes. Each connection belongs to one of them.
//
// A turn: wait; take messages; for each ready connection read once and execute; send once for each connection that has
// something; hand events to the main thread. A connection that has more to do than a turn's share comes again in the next
// one, without a wait between.
//
// Invariants:
// 1. A connection is in each list at most once (its is_in_ flags); a connection that is gone is freed only at the end of a
//    turn, when no list has it.
// 2. A connection with unsent bytes is in the send list, or waits for its socket (not is_writable), or is kDurable.
// 3. A connection that could go on (not blocked, and is_readable or has_commands) is in the ready list between turns.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/acceptor.h"
#include "net/command_runner.h"
#include "net/connection.h"
#include "net/mailbox.h"
#include "net/shared_state.h"
#include "port/poller.h"
#include "port/thread.h"
#include "resp/output.h"

namespace distcache::net {

class IoThread {
 public:
  static Result<std::unique_ptr<IoThread>> Create(uint32_t index, SharedState& shared,
                                                  const std::vector<std::unique_ptr<IoThread>>& threads);

  // From the controlling thread.
  Status Start();
  void Stop();  // joins
  void Post(Message message) { mailbox_.Post(std::move(message)); }
  void Nudge() { mailbox_.Nudge(); }
  // Nudges only when replies of this thread's connections wait for the log.
  void NudgeIfHolding() {
    // Sequentially consistent: the thread sets it before it looks at the durable sequence a last time.
    if (holds_replies_.load(std::memory_order_seq_cst)) Nudge();
  }

  // From the accepting thread: the connection is this thread's from here on.
  void Adopt(ConnectionId id, port::Accepted accepted);
  uint32_t connection_count() const { return connection_count_.load(std::memory_order_relaxed); }

 private:
  IoThread(uint32_t index, SharedState& shared, const std::vector<std::unique_ptr<IoThread>>& threads,
           port::Poller poller);

  void Run();
  void Turn();
  int WaitLimitMs() const;
  void ReadClocks();
  bool IsLater(uint64_t at_ms) const { return monotonic_ms_ >= at_ms; }

  // Reading and executing (io_thread_input.cc).
  void Serve(Connection& connection);
  void ReadOnce(Connection& connection);
  void ReceiveBig(Connection& connection);
  void Execute(Connection& connection, std::string_view bytes, bool is_own_buffer);
  void KeepRest(Connection& connection, std::string_view rest, bool is_own_buffer);
  void PutBack(Connection& connection);
  bool HasRead(Connection& connection, port::Transfer transfer, size_t asked_bytes);

  // Sending (io_thread_output.cc).
  void QueueSend(Connection& connection);
  void SendAll();
  void SendOne(Connection& connection);
  bool MustHold(uint64_t sequence) const;
  bool HoldsReplies(Connection& connection);
  void CloseSlowReaders();

  // Messages (io_thread_messages.cc).
  void TakeMessages();
  void DropMessages();  // after the thread has ended: connections that it was to adopt
  void Handle(Message& message);
  void AdoptNow(ConnectionId id, port::Accepted accepted);
  void HandleAnswer(Message& message);
  void HandlePush(const Message& message);
  void HandleKill(const Message& message);
  void Report(uint32_t token);
  void Resume(Connection& connection);
  void ResumeAll();

  void QueueReady(Connection& connection);
  void Close(Connection& connection, const char* reason);
  void FreeGone();
  void Tick();
  Connection* Find(ConnectionId id);

  const uint32_t index_;
  SharedState& shared_;
  port::Poller poller_;
  Mailbox mailbox_;
  port::Thread thread_;
  std::atomic<bool> stops_{false};
  std::atomic<uint32_t> connection_count_{0};
  std::atomic<bool> holds_replies_{false};

  // Below: this thread alone.
  Acceptor acceptor_;
  bool accepts_again_ = false;  // with the next turn
  uint64_t monotonic_ms_ = 0;
  uint64_t next_tick_ms_ = 0;
  resp::ChunkPool chunks_;
  CommandRunner runner_;
  metrics::ConnectionCounters& traffic_;
  std::unique_ptr<char[]> read_buffer_;
  std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> ready_list_, send_list_, blocked_list_, gone_list_, turn_list_;
  std::vector<Message> messages_;
};

}  // namespace distcache::net
