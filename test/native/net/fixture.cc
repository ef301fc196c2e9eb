#include "fixture.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "port/clock.h"

namespace distcache::net {
namespace {

constexpr uint64_t kDeadlineMs = 60'000;

}  // namespace

std::string Command(const std::vector<std::string>& arguments) {
  std::string stream = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& argument : arguments) {
    stream += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return stream;
}

void ServerTest::StartServer(ServerOptions options, store::WriteLog* log) {
  store::StoreOptions store_options;
  store_options.log = log;
  auto store = store::Store::Create(store_options);
  ASSERT_TRUE(store.ok());
  store_ = std::move(store.value());
  auto server = Server::Create(*store_, options, [this] { ++wakes_; });
  ASSERT_TRUE(server.ok()) << server.status().message();
  server_ = std::move(server.value());
  const auto listening = server_->ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(listening.ok()) << listening.status().message();
  port_ = listening.value().port;
  listener_ = listening.value().listener;
  ASSERT_TRUE(server_->Start().ok());
  on_request_ = [this](const Event& request) {
    server_->Answer(request.connection, "+POSTED " + request.arguments[0] + "\r\n", {});
  };
}

void ServerTest::TearDown() {
  if (server_ != nullptr) server_->Stop();
  server_.reset();
}

void ServerTest::Pump() {
  std::vector<Event> drained;
  server_->Drain(&drained, 100);
  for (Event& event : drained) {
    events_.push_back(event);
    if (event.kind == EventKind::kRequest) on_request_(event);
  }
}

bool ServerTest::WaitUntil(const std::function<bool()>& holds, const char* what) {
  const uint64_t end_ms = port::MonotonicTimeMs() + kDeadlineMs;
  for (;;) {
    Pump();
    if (holds()) return true;
    if (port::MonotonicTimeMs() > end_ms) break;
    (void)::poll(nullptr, 0, 1);
  }
  ADD_FAILURE() << "never came: " << what;
  return false;
}

size_t ServerTest::CountEvents(EventKind kind) const {
  size_t count = 0;
  for (const Event& event : events_) count += event.kind == kind;
  return count;
}

const Event* ServerTest::FindEvent(EventKind kind, ConnectionId connection) const {
  for (const Event& event : events_) {
    if (event.kind == kind && event.connection == connection) return &event;
  }
  return nullptr;
}

Client::Client(uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  is_connected_ = ::connect(descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

Client::Client(const std::string& unix_path) : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, unix_path.c_str());
  is_connected_ = ::connect(descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

void Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

size_t Client::SendSome(std::string_view bytes) {
  const ssize_t sent = ::send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<size_t>(sent) : 0;
}

void Client::FinishSending() { (void)::shutdown(descriptor(), SHUT_WR); }

void Client::Poll() {
  char bytes[65536];
  while (!has_ended) {
    const ssize_t got = ::recv(descriptor(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got > 0) {
      received.append(bytes, static_cast<size_t>(got));
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    has_ended = true;
  }
}

}  // namespace distcache::net
