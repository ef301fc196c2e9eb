// Listeners and connections over loopback and Unix sockets: what is accepted, refused, sent and told apart.
#include "port/socket.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>

#include "port/poller.h"
#include "port/thread.h"

namespace distcache::port {
namespace {

constexpr int kDeadlineMs = 30000;

Descriptor ConnectTcp(uint16_t port) {
  Descriptor descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(descriptor.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return descriptor;
}

bool ConnectUnix(const std::string& path) {
  Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  return ::connect(descriptor.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

// Waits until the poller tells of the token.
Ready WaitFor(Poller& poller, void* token) {
  std::array<Ready, 8> ready{};
  for (int rounds = 0; rounds < 100; ++rounds) {
    const int count = poller.Wait(ready, kDeadlineMs);
    for (int i = 0; i < count; ++i) {
      if (ready[static_cast<size_t>(i)].token == token) return ready[static_cast<size_t>(i)];
    }
    if (count == 0) break;
  }
  ADD_FAILURE() << "nothing came";
  return {};
}

TEST(SocketTest, AcceptsOnAnyFreePortAndSaysWhoCame) {
  Result<TcpListener> listener = ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  EXPECT_EQ(listener.value().host, "127.0.0.1");
  EXPECT_NE(listener.value().port, 0);
  Accepted accepted;
  EXPECT_EQ(Accept(listener.value().descriptor.number(), &accepted), AcceptResult::kNothing);
  const Descriptor client = ConnectTcp(listener.value().port);
  ASSERT_EQ(Accept(listener.value().descriptor.number(), &accepted), AcceptResult::kAccepted);
  EXPECT_TRUE(accepted.is_loopback);
  EXPECT_EQ(accepted.peer.rfind("127.0.0.1:", 0), 0u) << accepted.peer;
  EXPECT_EQ(accepted.local, "127.0.0.1:" + std::to_string(listener.value().port));
}

TEST(SocketTest, APortInUseIsRefused) {
  Result<TcpListener> first = ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(first.ok());
  const Result<TcpListener> second = ListenTcp("127.0.0.1", first.value().port);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().os_error(), EADDRINUSE);
}

TEST(SocketTest, StopListeningRefusesAtOnce) {
  Result<TcpListener> listener = ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(listener.ok());
  const uint16_t port = listener.value().port;
  StopListening(listener.value().descriptor.number());
  EXPECT_TRUE(ListenTcp("127.0.0.1", port).ok());
}

TEST(SocketTest, TransfersTellNotNowFromGone) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor here(ends[0]);
  Descriptor there(ends[1]);
  char bytes[100];
  EXPECT_EQ(Receive(here.number(), bytes, sizeof(bytes)).state, Transfer::State::kNotNow);
  std::string first = "abc";
  std::string second = "defg";
  const iovec vectors[] = {{first.data(), first.size()}, {second.data(), second.size()}};
  EXPECT_EQ(Send(here.number(), vectors, 2).bytes, 7u);
  EXPECT_EQ(Send(here.number(), vectors, 1).bytes, 3u);
  EXPECT_EQ(Receive(there.number(), bytes, sizeof(bytes)).bytes, 10u);
  EXPECT_EQ(std::string(bytes, 10), "abcdefgabc");
  std::string big(10'000'000, 'x');
  const iovec all{big.data(), big.size()};
  EXPECT_LT(Send(here.number(), &all, 1).bytes, big.size());
  EXPECT_EQ(Send(here.number(), &all, 1).state, Transfer::State::kNotNow);
  there = Descriptor();
  EXPECT_EQ(Send(here.number(), &all, 1).state, Transfer::State::kGone);
}

TEST(SocketTest, AStaleSocketFileIsReplacedAndALivingOneKept) {
  const std::string path = testing::TempDir() + "distcache_socket_test";
  std::filesystem::remove(path);
  {
    const Result<Descriptor> listener = ListenUnix(path);
    ASSERT_TRUE(listener.ok()) << listener.status().message();
    EXPECT_TRUE(ConnectUnix(path));
    const Result<Descriptor> second = ListenUnix(path);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.status().os_error(), EADDRINUSE);
    Accepted accepted;
    EXPECT_EQ(Accept(listener.value().number(), &accepted), AcceptResult::kAccepted);
    EXPECT_TRUE(accepted.is_loopback);
    EXPECT_EQ(accepted.local, path + ":0");
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(ConnectUnix(path));
  EXPECT_TRUE(ListenUnix(path).ok());
  EXPECT_TRUE(std::filesystem::remove(path));
}

TEST(SocketTest, AFileThatIsNoSocketIsNotTouched) {
  EXPECT_FALSE(ListenUnix(testing::TempDir()).ok());
  EXPECT_FALSE(ListenUnix("").ok());
  EXPECT_FALSE(ListenUnix(std::string(200, 'x')).ok());
}

TEST(PollerTest, TellsAnEdgeOnceAndTheEnd) {
  Result<Poller> poller = Poller::Create();
  ASSERT_TRUE(poller.ok());
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor here(ends[0]);
  Descriptor there(ends[1]);
  int token = 0;
  ASSERT_TRUE(poller.value().Add(here.number(), &token).ok());
  Ready ready = WaitFor(poller.value(), &token);
  EXPECT_TRUE(ready.is_writable);
  EXPECT_FALSE(ready.is_readable);
  std::array<Ready, 8> none{};
  EXPECT_EQ(poller.value().Wait(none, 0), 0);
  ASSERT_EQ(::send(there.number(), "x", 1, 0), 1);
  ready = WaitFor(poller.value(), &token);
  EXPECT_TRUE(ready.is_readable);
  EXPECT_FALSE(ready.has_ended);
  EXPECT_EQ(poller.value().Wait(none, 0), 0);
  there = Descriptor();
  EXPECT_TRUE(WaitFor(poller.value(), &token).has_ended);
}

TEST(PollerTest, WakeEndsTheWaitOfAnotherThreadEachTime) {
  Result<Poller> poller = Poller::Create();
  ASSERT_TRUE(poller.ok());
  for (int round = 0; round < 3; ++round) {
    Result<Thread> thread = Thread::Start("poller-test", [&] {
      std::array<Ready, 8> ready{};
      EXPECT_EQ(poller.value().Wait(ready, -1), 0);
    });
    ASSERT_TRUE(thread.ok());
    poller.value().Wake();
    thread.value().Join();
  }
}

TEST(ThreadTest, BlocksAllSignals) {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  Result<Thread> thread = Thread::Start("signals", [&] { ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked); });
  ASSERT_TRUE(thread.ok());
  thread.value().Join();
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGCHLD}) EXPECT_EQ(::sigismember(&blocked, signal), 1);
  sigset_t own;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &own);
  EXPECT_EQ(::sigismember(&own, SIGTERM), 0);
}

}  // namespace
}  // namespace distcache::port
