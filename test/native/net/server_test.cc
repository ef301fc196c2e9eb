// Connections as clients see them: order, errors, limits, ends.
#include "net/server.h"

#include <gtest/gtest.h>

#include <dirent.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fixture.h"

namespace distcache::net {
namespace {

class ServerConnectionTest : public ServerTest {
 protected:
  void Expect(Client& client, const std::string& reply) {
    WaitUntil(
        [&] {
          client.Poll();
          return client.received.size() >= reply.size() || client.has_ended;
        },
        reply.substr(0, 60).c_str());
    EXPECT_TRUE(client.received == reply)
        << "got " << client.received.substr(0, 200) << "\nwanted " << reply.substr(0, 200);
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
};

TEST_F(ServerConnectionTest, ExecutesAPipelineInOrderWithPostedCommandsInIt) {
  StartServer();
  Client client(port_);
  std::string stream;
  std::string replies;
  for (int i = 0; i < 50; ++i) {
    const std::string key = "key" + std::to_string(i);
    stream += Command({"SET", key, std::to_string(i)}) + Command({"INFO"}) + Command({"GET", key}) + "TIME\r\n";
    replies += "+OK\r\n+POSTED INFO\r\n$" + std::to_string(i < 10 ? 1 : 2) + "\r\n" + std::to_string(i) +
               "\r\n+POSTED TIME\r\n";
  }
  client.Send(stream);
  Expect(client, replies);
}

TEST_F(ServerConnectionTest, AConnectionWaitsForItsAnswerAndOthersGoOn) {
  StartServer();
  std::vector<Event> requests;
  on_request_ = [&](const Event& request) { requests.push_back(request); };
  Client waiting(port_);
  Client other(port_);
  waiting.Send(Command({"INFO", "server"}) + Command({"SET", "k", "after"}));
  ASSERT_TRUE(WaitUntil([&] { return requests.size() == 1; }, "a request"));
  EXPECT_EQ(requests[0].arguments, (std::vector<std::string>{"INFO", "server"}));
  other.Send(Command({"SET", "k", "before"}) + Command({"GET", "k"}));
  Expect(other, "+OK\r\n$6\r\nbefore\r\n");
  waiting.Poll();
  EXPECT_EQ(waiting.received, "");
  EXPECT_TRUE(server_->Answer(requests[0].connection, "+done\r\n", {}));
  Expect(waiting, "+done\r\n+OK\r\n");
  other.Send(Command({"GET", "k"}));
  Expect(other, "$5\r\nafter\r\n");
  EXPECT_FALSE(server_->Answer(999'999, "+nobody\r\n", {}));
}

TEST_F(ServerConnectionTest, TakesCommandsByteByByte) {
  StartServer();
  Client client(port_);
  const std::string stream = Command({"SET", "k", "value"}) + "GET k\r\n";
  for (const char byte : stream) {
    client.Send({&byte, 1});
    Pump();
  }
  Expect(client, "+OK\r\n$5\r\nvalue\r\n");
}

TEST_F(ServerConnectionTest, CarriesBigValuesBothWays) {
  StartServer();
  Client client(port_);
  std::string big(20'000'000, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 7 + i / 65536);
  const std::string stream = Command({"SET", "big", big}) + Command({"GET", "big"}) + Command({"PING"});
  const std::string reply = "+OK\r\n$20000000\r\n" + big + "\r\n+PONG\r\n";
  size_t sent = 0;
  WaitUntil(
      [&] {
        sent += client.SendSome(std::string_view(stream).substr(sent));
        client.Poll();
        return client.received.size() == reply.size();
      },
      "a big value");
  EXPECT_TRUE(client.received == reply);
}

TEST_F(ServerConnectionTest, AProtocolErrorEndsItsConnectionAlone) {
  StartServer();
  Client bad(port_);
  Client good(port_);
  bad.Send(Command({"PING"}) + "*1\r\n:5\r\n" + Command({"PING"}));
  Expect(bad, "+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n");
  ExpectEnd(bad);
  good.Send("PING\r\n");
  Expect(good, "+PONG\r\n");
  WaitUntil([&] { return CountEvents(EventKind::kClosed) == 1; }, "the closing");
  EXPECT_EQ(FindEvent(EventKind::kClosed, 1)->text, "protocol error");
}

TEST_F(ServerConnectionTest, AnHttpRequestIsNotExecuted) {
  StartServer();
  for (const std::string line : {"POST / HTTP/1.1\r\n", "host: localhost:6379\r\n", "*1\r\n$4\r\nPost\r\n"}) {
    Client client(port_);
    client.Send(line + "SET k v\r\n");
    ExpectEnd(client);
    EXPECT_EQ(client.received, "");
  }
  EXPECT_EQ(store_->EntryCount(0), 0u);
}

TEST_F(ServerConnectionTest, MoreClientsThanAllowedAreTurnedAway) {
  ServerOptions options;
  options.max_clients = 2;
  StartServer(options);
  Client first(port_);
  Client second(port_);
  WaitUntil([&] { return CountEvents(EventKind::kOpened) == 2; }, "two connections");
  Client third(port_);
  Expect(third, "-ERR max number of clients reached\r\n");
  ExpectEnd(third);
  first.Close();
  WaitUntil([&] { return server_->ConnectionCount() == 1; }, "a place");
  Client fourth(port_);
  fourth.Send("PING\r\n");
  Expect(fourth, "+PONG\r\n");
}

TEST_F(ServerConnectionTest, QuitIsAnsweredAndEnds) {
  StartServer();
  Client client(port_);
  client.Send(Command({"QUIT"}) + Command({"PING"}));
  Expect(client, "+OK\r\n");
  ExpectEnd(client);
  EXPECT_EQ(client.received, "");
}

TEST_F(ServerConnectionTest, APeerThatFinishedSendingGetsItsReplies) {
  StartServer();
  Client client(port_);
  client.Send(Command({"SET", "k", "v"}) + Command({"INFO"}) + Command({"GET", "k"}));
  client.FinishSending();
  Expect(client, "+OK\r\n+POSTED INFO\r\n$1\r\nv\r\n");
  ExpectEnd(client);
}

TEST_F(ServerConnectionTest, AReaderThatDoesNotReadIsBoundedAndThenDisconnected) {
  ServerOptions options;
  options.output_limit_bytes = 4 << 20;
  options.output_patience_ms = 1;
  StartServer(options);
  Client client(port_);
  client.Send(Command({"SET", "k", std::string(15'000, 'v')}));
  std::string stream;
  for (int i = 0; i < 10'000; ++i) stream += Command({"GET", "k"});
  size_t sent = 0;
  WaitUntil(
      [&] {
        sent += client.SendSome(std::string_view(stream).substr(sent));
        return CountEvents(EventKind::kClosed) == 1;
      },
      "the disconnect of a slow reader");
  EXPECT_EQ(FindEvent(EventKind::kClosed, 1)->text, "output limit");
}

TEST_F(ServerConnectionTest, ASlowReaderThatReadsGetsEverything) {
  ServerOptions options;
  options.output_limit_bytes = 4 << 20;
  StartServer(options);
  Client client(port_);
  const std::string value(15'000, 'v');
  constexpr size_t kGets = 2000;
  client.Send(Command({"SET", "k", value}));
  std::string stream;
  for (size_t i = 0; i < kGets; ++i) stream += Command({"GET", "k"});
  size_t sent = 0;
  WaitUntil([&] { return (sent += client.SendSome(std::string_view(stream).substr(sent))) == stream.size(); },
            "sending");
  const size_t expected = 5 + kGets * (8 + value.size() + 2);
  WaitUntil(
      [&] {
        client.Poll();
        return client.received.size() >= expected;
      },
      "all replies");
  EXPECT_EQ(client.received.size(), expected);
}

TEST_F(ServerConnectionTest, ConnectionsAreSpreadEvenlyOverThreads) {
  ServerOptions options;
  options.io_threads = 4;
  StartServer(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<Client>(port_));
  WaitUntil([&] { return CountEvents(EventKind::kOpened) == 40; }, "forty connections");
  std::map<uint32_t, int> counts;
  for (const Event& event : events_) ++counts[event.io_thread];
  EXPECT_EQ(counts, (std::map<uint32_t, int>{{0, 10}, {1, 10}, {2, 10}, {3, 10}}));
  for (auto& client : clients) client->Send(Command({"INCR", "n"}) + "INFO\r\n");
  for (auto& client : clients) {
    WaitUntil(
        [&] {
          client->Poll();
          return client->received.find("POSTED INFO\r\n") != std::string::npos;
        },
        "a reply of every thread");
  }
  clients[0]->received.clear();
  clients[0]->Send(Command({"GET", "n"}));
  Expect(*clients[0], "$2\r\n40\r\n");
}

TEST_F(ServerConnectionTest, AUnixSocketServesAndItsFileGoes) {
  StartServer();
  const std::string path = testing::TempDir() + "distcache_server_test.sock";
  const auto listening = server_->ListenUnix(path);
  ASSERT_TRUE(listening.ok()) << listening.status().message();
  Client client(path);
  client.Send("PING\r\n");
  Expect(client, "+PONG\r\n");
  EXPECT_EQ(FindEvent(EventKind::kOpened, 1)->text, path + ":0 " + path + ":0");
  server_->CloseListener(listening.value().listener);
  EXPECT_FALSE(std::filesystem::exists(path));
  client.Send("PING\r\n");
  Expect(client, "+PONG\r\n");
}

TEST_F(ServerConnectionTest, AClosedListenerFreesItsPort) {
  StartServer();
  server_->CloseListener(listener_);
  const auto again = server_->ListenTcp("127.0.0.1", port_);
  ASSERT_TRUE(again.ok()) << again.status().message();
  Client client(port_);
  client.Send("PING\r\n");
  Expect(client, "+PONG\r\n");
}

size_t OpenDescriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST_F(ServerConnectionTest, StopEndsConnectionsAndLeavesNoDescriptor) {
  const size_t before = OpenDescriptors();
  for (int round = 0; round < 3; ++round) {
    ServerOptions options;
    options.io_threads = 3;
    StartServer(options);
    on_request_ = [](const Event&) {};
    {
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < 9; ++i) {
        clients.push_back(std::make_unique<Client>(port_));
        clients.back()->Send(i % 3 == 0 ? "INFO\r\n" : i % 3 == 1 ? "*2\r\n$3\r\nGET\r\n$100000\r\nabc" : "PING\r\nPI");
      }
      WaitUntil([&] { return CountEvents(EventKind::kRequest) == 3; }, "requests under way");
      server_->Stop();
      for (auto& client : clients) ExpectEnd(*client);
      EXPECT_EQ(server_->ConnectionCount(), 0u);
      EXPECT_FALSE(server_->ListenTcp("127.0.0.1", 0).ok());
    }
    server_.reset();
    store_.reset();
    events_.clear();
    EXPECT_EQ(OpenDescriptors(), before);
  }
}

TEST_F(ServerConnectionTest, ConnectionsThatComeBeforeTheStartAreServed) {
  store::StoreOptions store_options;
  store_ = std::move(store::Store::Create(store_options).value());
  server_ = std::move(Server::Create(*store_, {}, [] {}).value());
  const auto listening = server_->ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(listening.ok());
  Client client(listening.value().port);
  ASSERT_TRUE(client.is_connected());
  client.Send("PING\r\n");
  ASSERT_TRUE(server_->Start().ok());
  Expect(client, "+PONG\r\n");
}

}  // namespace
}  // namespace distcache::net
