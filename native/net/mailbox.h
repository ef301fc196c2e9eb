// Messages from the main thread (or the accepting thread) to one I/O thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/bridge.h"
#include "port/poller.h"
#include "port/socket.h"

namespace distcache::net {

struct Message {
  enum class Kind : uint8_t { kAdopt, kAnswer, kPush, kKill, kReport, kListen, kCloseListener };
  Kind kind;
  ConnectionId connection = 0;  // kAdopt: its new id
  uint32_t number = 0;          // kReport: token; kListen, kCloseListener: listener
  bool after_reply = false;     // kKill
  std::string bytes;            // kAnswer, kPush
  Changes changes;              // kAnswer
  port::Accepted accepted;      // kAdopt
  port::Descriptor listener;    // kListen
};

// Invariants:
// 1. A message that was posted is seen by the Take before the next sleep, or the sleep is cut short: the poster writes
//    has_mail_ and then reads is_asleep_, the sleeper writes is_asleep_ and then reads has_mail_, all in one total order.
// 2. An eventfd write (a system call) happens only when the thread sleeps or is about to.
class Mailbox {
 public:
  explicit Mailbox(port::Poller& poller) : poller_(poller) {}

  void Post(Message message) {
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
    }
    Nudge();
  }

  // Makes the thread look at what changed, without a message.
  void Nudge() {
    has_mail_.store(true, std::memory_order_seq_cst);                           // invariant 1
    if (is_asleep_.exchange(false, std::memory_order_seq_cst)) poller_.Wake();  // invariant 1
  }

  // The owner, before it waits: false when there is mail, so that it must not sleep.
  bool MaySleep() {
    is_asleep_.store(true, std::memory_order_seq_cst);            // invariant 1
    if (!has_mail_.load(std::memory_order_seq_cst)) return true;  // invariant 1
    is_asleep_.store(false, std::memory_order_seq_cst);
    return false;
  }
  void WokeUp() { is_asleep_.store(false, std::memory_order_seq_cst); }

  // The owner: whether anything was posted or nudged since the last call; the messages.
  bool Take(std::vector<Message>* messages) {
    // Relaxed: a nudge missed here is found before the next sleep.
    if (!has_mail_.load(std::memory_order_relaxed)) return false;
    if (!has_mail_.exchange(false, std::memory_order_seq_cst)) return false;
    const std::lock_guard lock(mutex_);
    messages->swap(messages_);
    return true;
  }

 private:
  port::Poller& poller_;
  std::atomic<bool> has_mail_{false};
  std::atomic<bool> is_asleep_{false};
  std::mutex mutex_;
  std::vector<Message> messages_;
};

}  // namespace distcache::net
