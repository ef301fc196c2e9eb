// A running server with its store, and clients that talk to it over sockets. The test's thread is the controlling thread: while
// it waits for anything, it drains events and answers requests as the test says. Every wait has a deadline.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/server.h"
#include "port/descriptor.h"
#include "store/store.h"
#include "store/write_log.h"

namespace distcache::net {

// A log in memory that a test can make full.
class FakeLog final : public store::WriteLog {
 public:
  bool Reserve(uint64_t, bool must_succeed) override { return must_succeed || !is_full.load(); }
  void Unreserve(uint64_t) override {}
  uint64_t Append(std::span<const store::Effect>, uint64_t) override { return last_sequence.fetch_add(1) + 1; }

  std::atomic<bool> is_full{false};
  std::atomic<uint64_t> last_sequence{0};
};

class ServerTest : public testing::Test {
 protected:
  // Makes store and server and listens; call first.
  void StartServer(ServerOptions options = {}, store::WriteLog* log = nullptr);
  void TearDown() override;

  // Drains once; kRequest events go to on_request, all events to `events`.
  void Pump();
  // Pumps until the claim holds; fails the test at the deadline.
  bool WaitUntil(const std::function<bool()>& holds, const char* what);
  size_t CountEvents(EventKind kind) const;
  const Event* FindEvent(EventKind kind, ConnectionId connection) const;

  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Server> server_;
  uint16_t port_ = 0;
  uint32_t listener_ = 0;
  std::vector<Event> events_;
  // By default every request is answered "+POSTED name".
  std::function<void(const Event&)> on_request_;
  std::atomic<int> wakes_{0};
};

class Client {
 public:
  explicit Client(uint16_t port);
  explicit Client(const std::string& unix_path);

  bool is_connected() const { return is_connected_; }
  int descriptor() const { return descriptor_.number(); }
  void Send(std::string_view bytes);        // whole; the server must be reading
  size_t SendSome(std::string_view bytes);  // what the socket takes now
  void FinishSending();
  void Close() { descriptor_ = port::Descriptor(); }
  // Takes what has come.
  void Poll();
  std::string received;
  bool has_ended = false;  // the server closed

 private:
  port::Descriptor descriptor_;
  bool is_connected_ = false;
};

std::string Command(const std::vector<std::string>& arguments);

}  // namespace distcache::net
