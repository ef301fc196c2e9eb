// What the main thread asks of connections, and what makes them wait: answers, pushes, ends, pauses, a full log, durability.
#include "net/bridge.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixture.h"
#include "net/main_queue.h"

namespace distcache::net {
namespace {

class BridgeTest : public ServerTest {
 protected:
  void Expect(Client& client, const std::string& reply) {
    WaitUntil(
        [&] {
          client.Poll();
          return client.received.size() >= reply.size() || client.has_ended;
        },
        reply.c_str());
    EXPECT_EQ(client.received, reply);
    client.received.clear();
  }
  void ExpectEnd(Client& client) {
    WaitUntil(
        [&] {
          client.Poll();
          return client.has_ended;
        },
        "the end of a connection");
  }
  // A round trip of another connection: what its thread was to do before is done.
  void RoundTrip() {
    Client client(port_);
    client.Send("PING\r\n");
    Expect(client, "+PONG\r\n");
  }
  // The next requests are answered with these changes.
  void AnswerWith(const std::string& reply, const Changes& changes) {
    on_request_ = [this, reply, changes](const Event& request) { server_->Answer(request.connection, reply, changes); };
  }
};

TEST_F(BridgeTest, AnAnswerChangesWhatFollows) {
  StartServer();
  Client client(port_);
  AnswerWith("+changed\r\n", {.protocol = 3, .database = 5});
  client.Send("HELLO 3\r\nGET missing\r\nSET k v\r\n");
  Expect(client, "+changed\r\n_\r\n+OK\r\n");
  EXPECT_EQ(store_->EntryCount(5), 1u);
  client.Send("INFO\r\n");
  Expect(client, "+changed\r\n");
  const Event& last = events_.back();
  EXPECT_EQ(last.database, 5u);
  EXPECT_EQ(last.protocol, resp::Protocol::kResp3);
  AnswerWith("+RESET\r\n", {.resets = true});
  client.Send("RESET\r\nGET missing\r\nGET k\r\n");
  Expect(client, "+RESET\r\n$-1\r\n$-1\r\n");
}

TEST_F(BridgeTest, ClientReplyOffAndSkipSilenceReplies) {
  StartServer();
  Client client(port_);
  AnswerWith("", {.reply_mode = 2});
  client.Send("CLIENT REPLY SKIP\r\nSET k 1\r\nGET k\r\n");
  Expect(client, "$1\r\n1\r\n");
  AnswerWith("", {.reply_mode = 1});
  client.Send("CLIENT REPLY OFF\r\nSET k 2\r\nGET k\r\nGET k\r\n");
  WaitUntil([&] { return CountEvents(EventKind::kRequest) == 2; }, "the request");
  AnswerWith("+OK\r\n", {.reply_mode = 0});
  client.Send("CLIENT REPLY ON\r\nGET k\r\n");
  Expect(client, "+OK\r\n$1\r\n2\r\n");
}

TEST_F(BridgeTest, UnauthenticatedClientsMaySendLittle) {
  StartServer();
  server_->node_state().requires_auth = true;
  Client client(port_);
  client.Send("GET k\r\n");
  Expect(client, "-NOAUTH Authentication required.\r\n");
  AnswerWith("+OK\r\n", {.is_authenticated = 1});
  client.Send("AUTH password\r\n" + Command({"SET", "k", std::string(20'000, 'v')}));
  Expect(client, "+OK\r\n+OK\r\n");
  Client other(port_);
  other.Send("*11\r\n");
  Expect(other, "-ERR Protocol error: unauthenticated multibulk length\r\n");
  ExpectEnd(other);
}

TEST_F(BridgeTest, AnAnswerMayClose) {
  StartServer();
  Client client(port_);
  AnswerWith("+bye\r\n", {.closes = true});
  client.Send("SHUTDOWN\r\nPING\r\n");
  Expect(client, "+bye\r\n");
  ExpectEnd(client);
}

TEST_F(BridgeTest, KillsNowOrAfterTheReply) {
  StartServer();
  Client first(port_);
  WaitUntil([&] { return CountEvents(EventKind::kOpened) == 1; }, "a connection");
  EXPECT_TRUE(server_->Kill(1, false));
  ExpectEnd(first);
  WaitUntil([&] { return FindEvent(EventKind::kClosed, 1) != nullptr; }, "the closing");
  EXPECT_EQ(FindEvent(EventKind::kClosed, 1)->text, "killed");
  EXPECT_FALSE(server_->Kill(1, false));
  Client second(port_);
  on_request_ = [&](const Event& request) {
    EXPECT_TRUE(server_->Kill(request.connection, true));
    EXPECT_TRUE(server_->Answer(request.connection, "+last words\r\n", {}));
  };
  second.Send("CLIENT KILL ID 1\r\nPING\r\n");
  Expect(second, "+last words\r\n");
  ExpectEnd(second);
}

TEST_F(BridgeTest, PushesAnswerNoRequest) {
  StartServer();
  Client client(port_);
  client.Send("PING\r\n");
  Expect(client, "+PONG\r\n");
  EXPECT_TRUE(server_->Push(1, "+a line\r\n"));
  Expect(client, "+a line\r\n");
  EXPECT_FALSE(server_->Push(77, "+nobody\r\n"));
}

TEST_F(BridgeTest, MonitoringShowsCommandsOnlyWhileOn) {
  StartServer();
  Client client(port_);
  client.Send("SET k v\r\n");
  Expect(client, "+OK\r\n");
  EXPECT_EQ(CountEvents(EventKind::kMonitor), 0u);
  server_->SetMonitoring(true);
  client.Send("GET k\r\n");
  Expect(client, "$1\r\nv\r\n");
  WaitUntil([&] { return CountEvents(EventKind::kMonitor) == 1; }, "a monitor line");
  EXPECT_EQ(FindEvent(EventKind::kMonitor, 1)->arguments, (std::vector<std::string>{"GET", "k"}));
  server_->SetMonitoring(false);
  client.Send("GET k\r\n");
  Expect(client, "$1\r\nv\r\n");
  Pump();
  EXPECT_EQ(CountEvents(EventKind::kMonitor), 1u);
}

TEST_F(BridgeTest, ReportsARowForEachConnectionAndAnEndForEachThread) {
  ServerOptions options;
  options.io_threads = 2;
  StartServer(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(std::make_unique<Client>(port_));
  for (auto& client : clients) client->Send("GET k\r\n");
  for (auto& client : clients) Expect(*client, "$-1\r\n");
  server_->RequestReport(42);
  WaitUntil([&] { return CountEvents(EventKind::kReport) == 7; }, "rows and ends");
  size_t ends = 0;
  for (const Event& event : events_) {
    if (event.kind != EventKind::kReport) continue;
    EXPECT_EQ(event.database, 42u);
    ends += event.connection == 0;
    if (event.connection == 0) continue;
    EXPECT_NE(event.text.find(" cmd=get"), std::string::npos) << event.text;
  }
  EXPECT_EQ(ends, 2u);
}

TEST_F(BridgeTest, AFullLogHoldsWritersAndNobodyElse) {
  FakeLog log;
  StartServer({}, &log);
  log.is_full = true;
  Client writer(port_);
  Client reader(port_);
  writer.Send(Command({"SET", "k", std::string(50'000, 'v')}) + Command({"STRLEN", "k"}));
  reader.Send("GET k\r\n");
  Expect(reader, "$-1\r\n");
  server_->WakeAll();
  RoundTrip();
  writer.Poll();
  EXPECT_EQ(writer.received, "");
  log.is_full = false;
  server_->WakeAll();
  Expect(writer, "+OK\r\n:50000\r\n");
}

TEST_F(BridgeTest, RepliesWaitForTheDurableSequence) {
  FakeLog log;
  StartServer({}, &log);
  server_->SetDurableSequence(0);
  Client client(port_);
  client.Send("SET k v\r\n");
  WaitUntil([&] { return log.last_sequence == 1; }, "a record");
  // A read waits for the write it has seen.
  Client reader(port_);
  reader.Send("GET k\r\n");
  client.Send("PING\r\n");
  RoundTrip();
  client.Poll();
  reader.Poll();
  EXPECT_EQ(client.received, "");
  EXPECT_EQ(reader.received, "");
  server_->SetDurableSequence(1);
  Expect(client, "+OK\r\n+PONG\r\n");
  Expect(reader, "$1\r\nv\r\n");
  client.Send("SET k w\r\n");
  WaitUntil([&] { return log.last_sequence == 2; }, "a second record");
  server_->SetDurableSequence(UINT64_MAX);
  Expect(client, "+OK\r\n");
}

TEST_F(BridgeTest, PausesHoldCommandsBack) {
  StartServer();
  Client client(port_);
  server_->node_state().pauses_writes = true;
  client.Send("GET k\r\nSET k v\r\nGET k\r\n");
  Expect(client, "$-1\r\n");
  RoundTrip();
  client.Poll();
  EXPECT_EQ(client.received, "");
  EXPECT_EQ(store_->EntryCount(0), 0u);
  server_->node_state().pauses_writes = false;
  server_->WakeAll();
  Expect(client, "+OK\r\n$1\r\nv\r\n");
  server_->node_state().pauses_writes = true;
  client.Send("MULTI\r\nSET k w\r\nEXEC\r\n");
  Expect(client, "+OK\r\n+QUEUED\r\n");
  server_->node_state().pauses_all = true;
  server_->node_state().pauses_writes = false;
  server_->WakeAll();
  server_->node_state().pauses_all = false;
  server_->WakeAll();
  Expect(client, "*1\r\n+OK\r\n");
}

TEST(MainQueueTest, WakesOnceBetweenTwoDrains) {
  int wakes = 0;
  MainQueue queue([&] { ++wakes; });
  std::vector<Event> events(3);
  queue.Post(&events);
  EXPECT_TRUE(events.empty());
  events.resize(2);
  queue.Post(&events);
  EXPECT_EQ(wakes, 1);
  std::vector<Event> drained;
  queue.Drain(&drained, 4);
  EXPECT_EQ(drained.size(), 4u);
  EXPECT_EQ(wakes, 2) << "one event stays: it wakes again";
  queue.Drain(&drained, 4);
  EXPECT_EQ(drained.size(), 5u);
  EXPECT_EQ(wakes, 2);
  events.resize(1);
  queue.Post(&events);
  EXPECT_EQ(wakes, 3);
  queue.Close();
  queue.Drain(&drained, 4);
  events.resize(1);
  queue.Post(&events);
  EXPECT_EQ(wakes, 3);
}

}  // namespace
}  // namespace distcache::net
