// The class Server for JavaScript: one net::Server over one store, and the way its I/O threads wake this environment.
#pragma once

#include <node_api.h>

#include <functional>
#include <memory>

#include "addon/store_core.h"
#include "net/server.h"
#include "wal/log_buffer.h"

namespace distcache::addon {

// Invariants:
// 1. I/O threads call the wake function only between the server's making and the end of Stop, so Stop comes before the
//    function's release, in every order of ends: stop(), collection, end of the environment.
// 2. The store outlives the server: the object holds it.
class ServerObject {
 public:
  // Null, with an exception pending, when the system gives no threads or descriptors.
  static ServerObject* Create(napi_env env, std::shared_ptr<StoreCore> core, const net::ServerOptions& options,
                              napi_value on_wake);
  // The object behind `self`; null, with an exception pending, when it is another kind of object.
  static ServerObject* Unwrap(napi_env env, napi_value self);
  ~ServerObject();

  bool Wrap(napi_env env, napi_value self);
  // The running server; null, with an exception pending, after Stop.
  net::Server* server(napi_env env);
  // Keeps the process alive from here to Stop.
  Status Start(napi_env env);
  // Connections wait for this log's room, and replies are held when it says so. After the store's log was attached.
  void AttachLog(std::shared_ptr<wal::LogBuffer> log);
  void Stop();

 private:
  ServerObject(napi_env env, std::shared_ptr<StoreCore> core) : env_(env), core_(std::move(core)) {}
  bool MakeWake(napi_value on_wake);
  void DetachLog();
  static void OnEnvironmentEnd(void* object);

  napi_env env_;
  std::shared_ptr<StoreCore> core_;
  std::shared_ptr<wal::LogBuffer> log_;
  napi_threadsafe_function wake_ = nullptr;
  std::unique_ptr<net::Server> server_;
  bool has_hook_ = false;
};

void RegisterServer(napi_env env, napi_value exports);

}  // namespace distcache::addon
