// Who is let in: the words for those who are not, and which thread gets a connection.
#include "net/acceptor.h"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <memory>
#include <string>

#include "net/io_thread.h"

namespace distcache::net {
namespace {

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() : store_(std::move(store::Store::Create({}).value())) {
    for (uint32_t index = 0; index < 2; ++index) {
      threads_.push_back(std::move(IoThread::Create(index, shared_, threads_).value()));
    }
  }

  // A connection from somewhere; the other end.
  port::Descriptor Admit(bool is_loopback) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    port::Accepted accepted;
    accepted.descriptor = port::Descriptor(ends[0]);
    accepted.peer = is_loopback ? "127.0.0.1:1" : "192.0.2.1:1";
    accepted.is_loopback = is_loopback;
    acceptor_.Admit(std::move(accepted));
    return port::Descriptor(ends[1]);
  }

  std::string ReadAll(const port::Descriptor& descriptor) {
    char bytes[4096];
    const port::Transfer transfer = port::Receive(descriptor.number(), bytes, sizeof(bytes));
    return {bytes, transfer.bytes};
  }

  std::unique_ptr<store::Store> store_;
  static ServerOptions TwoThreads() {
    ServerOptions options;
    options.io_threads = 2;
    return options;
  }

  SharedState shared_{*store_, TwoThreads(), [] {}};
  std::vector<std::unique_ptr<IoThread>> threads_;
  Acceptor acceptor_{shared_, threads_};
};

TEST_F(AcceptorTest, ProtectedModeRefusesStrangersInRedisWords) {
  shared_.is_protected = true;
  const port::Descriptor stranger = Admit(false);
  const std::string text = ReadAll(stranger);
  EXPECT_EQ(text.rfind("-DENIED Redis is running in protected mode because protected mode is enabled", 0), 0u) << text;
  EXPECT_EQ(text.substr(text.size() - 2), "\r\n");
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
  EXPECT_EQ(shared_.connection_count, 0u);
  const port::Descriptor neighbour = Admit(true);
  EXPECT_EQ(shared_.connection_count, 1u);
  shared_.is_protected = false;
  const port::Descriptor allowed = Admit(false);
  EXPECT_EQ(shared_.connection_count, 2u);
}

TEST_F(AcceptorTest, TheThreadWithTheFewestGetsTheNext) {
  std::vector<port::Descriptor> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(Admit(true));
  EXPECT_EQ(threads_[0]->connection_count(), 5u);
  EXPECT_EQ(threads_[1]->connection_count(), 5u);
}

TEST_F(AcceptorTest, TheLimitCountsAllThreads) {
  shared_.max_clients = 3;
  std::vector<port::Descriptor> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Admit(true));
  EXPECT_EQ(ReadAll(Admit(true)), "-ERR max number of clients reached\r\n");
  EXPECT_EQ(shared_.connection_count, 3u);
}

}  // namespace
}  // namespace distcache::net
