#include "port/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "port/os_error.h"

namespace distcache::port {
namespace {

constexpr int kBacklog = 511;
constexpr int kKeepAliveSeconds = 300;

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un unix_path;
  sockaddr_storage storage;
};

void SetOption(int socket, int level, int option, int value) {
  (void)::setsockopt(socket, level, option, &value, sizeof(value));
}

std::string HostOf(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* bytes = address.any.sa_family == AF_INET ? static_cast<const void*>(&address.v4.sin_addr)
                                                       : static_cast<const void*>(&address.v6.sin6_addr);
  (void)::inet_ntop(address.any.sa_family, bytes, text, sizeof(text));
  return text;
}

uint16_t PortOf(const Address& address) {
  return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

std::string TextOf(const Address& address) {
  const bool is_v6 = address.any.sa_family == AF_INET6;
  std::string text;
  if (is_v6) text.push_back('[');
  text.append(HostOf(address));
  if (is_v6) text.push_back(']');
  return text.append(":").append(std::to_string(PortOf(address)));
}

bool IsLoopback(const Address& address) {
  if (address.any.sa_family == AF_INET) return ntohl(address.v4.sin_addr.s_addr) >> 24 == 127;
  const in6_addr& v6 = address.v6.sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

Result<TcpListener> ListenOn(const addrinfo& candidate, const std::string& shown) {
  TcpListener listener;
  listener.descriptor = Descriptor(::socket(candidate.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int number = listener.descriptor.number();
  if (number < 0) return OsError("cannot make a socket for", shown, errno);
  SetOption(number, SOL_SOCKET, SO_REUSEADDR, 1);
  if (candidate.ai_family == AF_INET6) SetOption(number, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(number, candidate.ai_addr, candidate.ai_addrlen) != 0 || ::listen(number, kBacklog) != 0) {
    return OsError("cannot listen on", shown, errno);
  }
  Address bound{};
  socklen_t length = sizeof(bound);
  if (::getsockname(number, &bound.any, &length) != 0) return OsError("cannot name", shown, errno);
  listener.host = HostOf(bound);
  listener.port = PortOf(bound);
  return listener;
}

bool FillUnixAddress(const std::string& path, sockaddr_un* address) {
  if (path.empty() || path.size() >= sizeof(address->sun_path)) return false;
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path, path.c_str(), path.size() + 1);
  return true;
}

bool SomebodyListens(const sockaddr_un& address) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.is_open()) return true;
  const int result = ::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  return result == 0 || errno == EAGAIN || errno == EINPROGRESS;
}

Transfer Transferred(ssize_t bytes) {
  if (bytes >= 0) return {Transfer::State::kDone, static_cast<size_t>(bytes)};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transfer::State::kNotNow, 0};
  return {Transfer::State::kGone, 0};
}

}  // namespace

Result<TcpListener> ListenTcp(const std::string& host, uint16_t port) {
  const std::string shown = host + ":" + std::to_string(port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Status(StatusCode::kInvalidArgument, "cannot resolve " + host + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  Status status(StatusCode::kInvalidArgument, "no address for " + host);
  for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    Result<TcpListener> listener = ListenOn(*candidate, shown);
    if (listener.ok()) return listener;
    status = listener.status();
  }
  return status;
}

Result<Descriptor> ListenUnix(const std::string& path) {
  sockaddr_un address{};
  if (!FillUnixAddress(path, &address))
    return Status(StatusCode::kInvalidArgument, "not a path for a Unix socket: " + path);
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode)) return OsError("cannot listen on", path, EEXIST);
    if (SomebodyListens(address)) return OsError("cannot listen on", path, EADDRINUSE);
    (void)::unlink(path.c_str());
  }
  Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.is_open()) return OsError("cannot make a socket for", path, errno);
  if (::bind(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(descriptor.number(), kBacklog) != 0) {
    return OsError("cannot listen on", path, errno);
  }
  return descriptor;
}

void StopListening(int listener) { (void)::shutdown(listener, SHUT_RDWR); }

AcceptResult Accept(int listener, Accepted* accepted) {
  Address peer{};
  socklen_t length = sizeof(peer);
  int number;
  do {
    length = sizeof(peer);
    number = ::accept4(listener, &peer.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  } while (number < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (number < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return AcceptResult::kNothing;
    const bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return is_short ? AcceptResult::kNoDescriptors : AcceptResult::kFailed;
  }
  accepted->descriptor = Descriptor(number);
  Address local{};
  length = sizeof(local);
  (void)::getsockname(number, &local.any, &length);
  if (local.any.sa_family == AF_UNIX) {
    accepted->peer = accepted->local = std::string(local.unix_path.sun_path) + ":0";
    accepted->is_loopback = true;
    return AcceptResult::kAccepted;
  }
  accepted->peer = TextOf(peer);
  accepted->local = TextOf(local);
  accepted->is_loopback = IsLoopback(peer);
  SetOption(number, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(number, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(number, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
  SetOption(number, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds / 3);
  SetOption(number, IPPROTO_TCP, TCP_KEEPCNT, 3);
  return AcceptResult::kAccepted;
}

Transfer Receive(int socket, char* destination, size_t size_bytes) {
  ssize_t got;
  do {
    got = ::recv(socket, destination, size_bytes, 0);
  } while (got < 0 && errno == EINTR);
  return Transferred(got);
}

Transfer Send(int socket, const iovec* vectors, int count) {
  ssize_t sent;
  do {
    if (count == 1) {  // nearly always; the kernel has less to copy in
      sent = ::send(socket, vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(vectors);
      message.msg_iovlen = static_cast<size_t>(count);
      sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  return Transferred(sent);
}

}  // namespace distcache::port
