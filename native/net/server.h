// The data plane of a node: I/O threads with an event loop each, listeners, connections, and the bridge to TypeScript.
// Methods are called from one controlling thread (Node's main thread, or the standalone binary's) and never block on an I/O
// thread, except Stop, which joins them all. WakeAll alone may come from any thread: a log's waiter calls it. Threads block all
// signals; descriptors are close-on-exec.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "command/executor.h"
#include "core/status.h"
#include "metrics/node_metrics.h"
#include "net/bridge.h"
#include "port/descriptor.h"
#include "store/store.h"
#include "wal/log_buffer.h"

namespace distcache::net {

struct ServerOptions {
  uint32_t io_threads = 1;
  uint32_t max_clients = 10000;
  uint64_t output_limit_bytes = 64ull << 20;  // a reader that does not read: disconnected beyond this
  uint32_t output_patience_ms = 10000;        // how long it may be beyond the soft limit (a quarter)
  bool is_protected = false;                  // refuse peers that are not on loopback, in Redis's protected-mode words
};

struct SharedState;
class IoThread;
struct Message;

class Server {
 public:
  // wake_main is called from I/O threads, at most once between two Drains; it must only schedule Drain on the main thread.
  static Result<std::unique_ptr<Server>> Create(store::Store& store, const ServerOptions& options,
                                                std::function<void()> wake_main);
  ~Server();  // stops

  Status Start();
  void Stop();  // closes listeners and connections, joins; idempotent

  struct Listening {
    uint32_t listener;
    std::string host;
    uint16_t port;
  };
  Result<Listening> ListenTcp(std::string_view host, uint16_t port);  // port 0: any free one
  Result<Listening> ListenUnix(std::string_view path);
  void CloseListener(uint32_t listener);

  // Takes what I/O threads posted since the last call. At most max events.
  void Drain(std::vector<Event>* events, size_t max);
  // Answers the request a connection waits for: reply bytes (RESP, may be empty) and changes. False: it is gone.
  bool Answer(ConnectionId connection, std::string reply, const Changes& changes);
  // Sends bytes that answer no request (MONITOR); dropped when the reader is slow. False: it is gone.
  bool Push(ConnectionId connection, std::string bytes);
  bool Kill(ConnectionId connection, bool after_reply);
  // Each I/O thread posts kReport events: one row a connection (for CLIENT LIST); `token` comes back in Event::database.
  void RequestReport(uint32_t token);

  command::NodeState& node_state();
  void SetMonitoring(bool is_on);  // kMonitor events are posted only while on
  void SetMaxClients(uint32_t max_clients);
  void SetProtected(bool is_protected);
  void WakeAll();  // room in the log again, pause over, or replies became durable

  // Under `always`, replies with a log_sequence above this are held. UINT64_MAX: nothing is held (other policies, healthy).
  void SetDurableSequence(uint64_t sequence);
  // In every policy, replies are held that the log holds back (LogBuffer::HoldsReply) until it calls its waiter, which is to
  // call WakeAll. The log outlives the I/O threads.
  void SetLog(wal::LogBuffer* log);
  // The log failed: a connection that holds a reply to a write above this sequence is closed in its place, for that write may be lost.
  // UINT64_MAX: it works again. To be called before SetDurableSequence or the log lets replies go.
  void FailRepliesAbove(uint64_t sequence);

  uint32_t ConnectionCount() const;

  // What the I/O threads count; its last thread is the caller's, for commands answered through the bridge.
  metrics::NodeMetrics& metrics();

 private:
  struct OpenListener {
    int descriptor;         // the first I/O thread owns it; valid until it is told to close it
    std::string unix_path;  // the socket file to remove, if any
  };

  Server(store::Store& store, const ServerOptions& options, std::function<void()> wake_main);
  uint32_t Hand(port::Descriptor socket, std::string unix_path);
  bool Send(ConnectionId connection, Message message);

  std::unique_ptr<SharedState> shared_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::unordered_map<uint32_t, OpenListener> listeners_;
  std::unordered_map<ConnectionId, uint32_t> owners_;  // which I/O thread has a connection, of those that Drain told of
  uint32_t last_listener_ = 0;
  bool is_stopped_ = false;
};

}  // namespace distcache::net
