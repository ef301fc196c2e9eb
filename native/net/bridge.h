// The bridge between I/O threads and the main thread: commands that the data plane does not execute, connections that come
// and go, and the way back. Bounded: the place for a reply is reserved when a request is posted; the main thread never waits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/block.h"
#include "resp/reply_writer.h"

namespace distcache::net {

using ConnectionId = uint64_t;  // from 1, never used twice in a process's life of a server

enum class EventKind : uint8_t {
  kRequest,  // `arguments` wait for an answer; the connection executes nothing further until Server::Answer
  kOpened,  // a connection was accepted; `text` is "PEER LOCAL": "127.0.0.1:40112 127.0.0.1:6379", "PATH:0 PATH:0" on a Unix socket
  kClosed,   // it is gone; `text` is the reason ("peer closed", "output limit", "protocol error", ...)
  kMonitor,  // a command line for MONITOR, only while somebody monitors
  // The answer to Server::RequestReport: one row a connection, `text` as CLIENT LIST has it, of what the data plane knows:
  // "fd=8 idle_ms=12 db=0 multi=-1 watch=0 qbuf=0 obl=0 oll=0 omem=0 tot-mem=2048 cmd=get". After its last row each I/O
  // thread posts one with connection 0.
  kReport,
};

struct Event {
  EventKind kind;
  ConnectionId connection = 0;
  uint32_t database = 0;
  resp::Protocol protocol = resp::Protocol::kResp2;
  bool is_authenticated = false;
  bool in_multi = false;
  uint32_t io_thread = 0;  // of kOpened: which has the connection
  std::vector<std::string> arguments;
  std::string text;
};

// What an answer changes for its connection before the next command of it runs. Absent = unchanged.
struct Changes {
  int protocol = 0;  // 2 or 3
  int database = -1;
  int is_authenticated = -1;
  int touches_recency = -1;
  int reply_mode = -1;  // CLIENT REPLY: 0 on, 1 off, 2 skip the next
  bool resets = false;  // RESET: leave MULTI and WATCH, database 0, RESP2
  bool closes = false;  // after the reply was sent
};

}  // namespace distcache::net
