// Stream sockets: TCP and Unix listeners, accepted connections, and transfers that never block, never raise a signal and
// tell "not now" from "gone".
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"
#include "port/descriptor.h"

namespace distcache::port {

struct TcpListener {
  Descriptor descriptor;
  std::string host;  // the address it is bound to
  uint16_t port = 0;
};

// host: an address or a name; port 0: any free one. The Status of a port in use says so.
Result<TcpListener> ListenTcp(const std::string& host, uint16_t port);
// A socket file that nobody listens on is replaced; one that somebody does is refused.
Result<Descriptor> ListenUnix(const std::string& path);
// Refuses new connections at once, from any thread; the descriptor stays valid until it is closed.
void StopListening(int listener);

struct Accepted {
  Descriptor descriptor;
  std::string peer;  // "127.0.0.1:50000", "[::1]:50000", or the path of a Unix socket with ":0"
  std::string local;
  bool is_loopback = false;  // a peer on this machine, Unix sockets included
};

enum class AcceptResult : uint8_t { kAccepted, kNothing, kNoDescriptors, kFailed };
// One connection: not blocking, close-on-exec, without delay (TCP_NODELAY), with keep-alive probes.
AcceptResult Accept(int listener, Accepted* accepted);

struct Transfer {
  enum class State : uint8_t { kDone, kNotNow, kGone } state;
  size_t bytes;  // kDone with 0 bytes received: the peer finished sending
};
Transfer Receive(int socket, char* destination, size_t size_bytes);
Transfer Send(int socket, const iovec* vectors, int count);

}  // namespace distcache::port
