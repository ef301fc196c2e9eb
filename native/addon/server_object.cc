#include "addon/server_object.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "addon/arguments.h"
#include "addon/server_bridge.h"
#include "addon/store_object.h"

namespace distcache::addon {
namespace {

constexpr napi_type_tag kServerTag = {0x6a5c8f0b3e1d4c27, 0x91b7d2e05f6a4830};

net::Server* SelfServer(napi_env env, napi_value self) {
  ServerObject* object = ServerObject::Unwrap(env, self);
  return object == nullptr ? nullptr : object->server(env);
}

napi_value Construct(napi_env env, napi_callback_info info) {
  const Arguments<6> arguments(env, info);
  napi_value new_target = nullptr;
  napi_get_new_target(env, info, &new_target);
  if (new_target == nullptr) {
    Throw(env, "INVALID_ARGUMENT", "Server is a class: call it with new");
    return nullptr;
  }
  const auto* core = ReadStore(env, arguments[0]);
  uint64_t io_threads = 0, max_clients = 0;
  net::ServerOptions options;
  napi_valuetype type = napi_undefined;
  if (core == nullptr || !ReadUnsigned(env, arguments[1], 1024, &io_threads) ||
      !ReadUnsigned(env, arguments[2], UINT32_MAX, &max_clients) ||
      !ReadBool(env, arguments[3], &options.is_protected) ||
      !ReadUnsigned(env, arguments[4], kMaxSafeInteger, &options.output_limit_bytes)) {
    return nullptr;
  }
  napi_typeof(env, arguments[5], &type);
  if (type != napi_function || io_threads == 0) {
    Throw(env, "INVALID_ARGUMENT", "Server needs at least one I/O thread and a function to wake");
    return nullptr;
  }
  options.io_threads = static_cast<uint32_t>(io_threads);
  options.max_clients = static_cast<uint32_t>(max_clients);
  ServerObject* object = ServerObject::Create(env, *core, options, arguments[5]);
  if (object == nullptr) return nullptr;
  if (object->Wrap(env, arguments.self())) return arguments.self();
  delete object;
  return nullptr;
}

napi_value Start(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  ServerObject* object = ServerObject::Unwrap(env, arguments.self());
  if (object == nullptr || object->server(env) == nullptr) return nullptr;
  const Status status = object->Start(env);
  if (!status.ok()) ThrowStatus(env, status);
  return nullptr;
}

napi_value Stop(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  ServerObject* object = ServerObject::Unwrap(env, arguments.self());
  if (object != nullptr) object->Stop();
  return nullptr;
}

napi_value MakeListening(napi_env env, const net::Server::Listening& listening) {
  napi_value array = nullptr;
  const std::array<napi_value, 3> fields = {MakeNumber(env, listening.listener), MakeString(env, listening.host),
                                            MakeNumber(env, listening.port)};
  if (!Check(env, napi_create_array_with_length(env, fields.size(), &array))) return nullptr;
  for (uint32_t index = 0; index < fields.size(); ++index) {
    if (fields[index] == nullptr || !Check(env, napi_set_element(env, array, index, fields[index]))) return nullptr;
  }
  return array;
}

napi_value ListenTcp(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  BytesArgument host;
  uint64_t port = 0;
  if (server == nullptr || !host.Read(env, arguments[0]) || !ReadUnsigned(env, arguments[1], 65535, &port)) {
    return nullptr;
  }
  const auto listening = server->ListenTcp(host.view(), static_cast<uint16_t>(port));
  if (listening.ok()) return MakeListening(env, listening.value());
  ThrowStatus(env, listening.status());
  return nullptr;
}

napi_value ListenUnix(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  BytesArgument path;
  if (server == nullptr || !path.Read(env, arguments[0])) return nullptr;
  const auto listening = server->ListenUnix(path.view());
  if (listening.ok()) return MakeNumber(env, listening.value().listener);
  ThrowStatus(env, listening.status());
  return nullptr;
}

napi_value CloseListener(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  uint64_t listener = 0;
  if (server == nullptr || !ReadUnsigned(env, arguments[0], UINT32_MAX, &listener)) return nullptr;
  server->CloseListener(static_cast<uint32_t>(listener));
  return nullptr;
}

napi_value RequestReport(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  uint64_t token = 0;
  if (server == nullptr || !ReadUnsigned(env, arguments[0], UINT32_MAX, &token)) return nullptr;
  server->RequestReport(static_cast<uint32_t>(token));
  return nullptr;
}

// Stores a flag of the node's state: below zero leaves it. Relaxed: I/O threads read it once a command, nothing depends on it.
bool StoreFlag(napi_env env, napi_value value, std::atomic<bool>* flag) {
  int64_t number = 0;
  if (!ReadInteger(env, value, &number)) return false;
  if (number >= 0) flag->store(number != 0, std::memory_order_relaxed);
  return true;
}

napi_value SetState(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  if (server == nullptr) return nullptr;
  command::NodeState& state = server->node_state();
  std::atomic<bool>* flags[] = {&state.requires_auth, &state.refuses_writes, &state.is_loading, &state.pauses_all,
                                &state.pauses_writes};
  for (size_t index = 0; index < std::size(flags); ++index) {
    if (!StoreFlag(env, arguments[index], flags[index])) return nullptr;
  }
  return nullptr;
}

template <void (net::Server::*set)(bool)>
napi_value SetSwitch(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  bool is_on = false;
  if (server != nullptr && ReadBool(env, arguments[0], &is_on)) (server->*set)(is_on);
  return nullptr;
}

napi_value SetMaxClients(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  uint64_t max_clients = 0;
  if (server == nullptr || !ReadUnsigned(env, arguments[0], UINT32_MAX, &max_clients)) return nullptr;
  server->SetMaxClients(static_cast<uint32_t>(max_clients));
  return nullptr;
}

napi_value SetDurableSequence(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  double sequence = 0;
  if (server == nullptr || !Check(env, napi_get_value_double(env, arguments[0], &sequence))) return nullptr;
  const bool is_number = sequence >= 0 && sequence <= static_cast<double>(kMaxSafeInteger);
  server->SetDurableSequence(is_number ? static_cast<uint64_t>(sequence) : UINT64_MAX);
  return nullptr;
}

// failRepliesAbove(sequence): Infinity ends it.
napi_value FailRepliesAbove(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  double sequence = 0;
  if (server == nullptr || !Check(env, napi_get_value_double(env, arguments[0], &sequence))) return nullptr;
  const bool is_number = sequence >= 0 && sequence <= static_cast<double>(kMaxSafeInteger);
  server->FailRepliesAbove(is_number ? static_cast<uint64_t>(sequence) : UINT64_MAX);
  return nullptr;
}

napi_value WakeAll(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  if (server != nullptr) server->WakeAll();
  return nullptr;
}

napi_value ConnectionCount(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  return server == nullptr ? nullptr : MakeNumber(env, server->ConnectionCount());
}

}  // namespace

ServerObject* ServerObject::Create(napi_env env, std::shared_ptr<StoreCore> core, const net::ServerOptions& options,
                                   napi_value on_wake) {
  std::unique_ptr<ServerObject> object(new ServerObject(env, std::move(core)));
  if (!object->MakeWake(on_wake)) return nullptr;
  // The hook comes after the wake function: hooks run in reverse, so threads are joined before the function goes.
  if (!Check(env, napi_add_env_cleanup_hook(env, OnEnvironmentEnd, object.get()))) return nullptr;
  object->has_hook_ = true;
  napi_threadsafe_function wake = object->wake_;
  auto server = net::Server::Create(object->core_->store(), options,
                                    [wake] { napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking); });
  if (!server.ok()) {
    ThrowStatus(env, server.status());
    return nullptr;
  }
  object->server_ = std::move(server.value());
  return object.release();
}

bool ServerObject::MakeWake(napi_value on_wake) {
  napi_value name = MakeString(env_, "distcache server");
  if (name == nullptr || !Check(env_, napi_create_threadsafe_function(env_, on_wake, nullptr, name, 0, 1, nullptr,
                                                                      nullptr, nullptr, nullptr, &wake_))) {
    return false;
  }
  return Check(env_, napi_unref_threadsafe_function(env_, wake_));
}

ServerObject* ServerObject::Unwrap(napi_env env, napi_value self) {
  if (void* data = UnwrapTagged(env, self, kServerTag)) return static_cast<ServerObject*>(data);
  Throw(env, "INVALID_ARGUMENT", "expected a Server");
  return nullptr;
}

bool ServerObject::Wrap(napi_env env, napi_value self) {
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<ServerObject*>(data); };
  return Check(env, napi_type_tag_object(env, self, &kServerTag)) &&
         Check(env, napi_wrap(env, self, this, finalize, nullptr, nullptr));
}

net::Server* ServerObject::server(napi_env env) {
  if (server_ == nullptr) Throw(env, "CLOSED", "the server was stopped");
  return server_.get();
}

Status ServerObject::Start(napi_env env) {
  Status status = server_->Start();
  if (status.ok()) napi_ref_threadsafe_function(env, wake_);
  return status;
}

void ServerObject::AttachLog(std::shared_ptr<wal::LogBuffer> log) {
  DetachLog();
  log_ = std::move(log);
  server_->SetLog(log_.get());
  log_->SetWaiter([server = server_.get()] { server->WakeAll(); });
}

// Before the server goes: other threads may still write to the store, and so wake whoever waits for its log.
void ServerObject::DetachLog() {
  if (log_ != nullptr) log_->SetWaiter({});
}

void ServerObject::Stop() {
  DetachLog();
  if (server_ != nullptr) server_->Stop();
  server_.reset();
  if (has_hook_) napi_remove_env_cleanup_hook(env_, OnEnvironmentEnd, this);
  has_hook_ = false;
  if (wake_ != nullptr) napi_release_threadsafe_function(wake_, napi_tsfn_release);
  wake_ = nullptr;
}

// The environment frees the wake function itself, right after this.
void ServerObject::OnEnvironmentEnd(void* data) {
  auto* object = static_cast<ServerObject*>(data);
  object->has_hook_ = false;
  object->DetachLog();
  object->server_.reset();
  object->wake_ = nullptr;
}

ServerObject::~ServerObject() { Stop(); }

void RegisterServer(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {
      {"start", Start},
      {"stop", Stop},
      {"listenTcp", ListenTcp},
      {"listenUnix", ListenUnix},
      {"closeListener", CloseListener},
      {"requestReport", RequestReport},
      {"setState", SetState},
      {"setMonitoring", SetSwitch<&net::Server::SetMonitoring>},
      {"setProtected", SetSwitch<&net::Server::SetProtected>},
      {"setMaxClients", SetMaxClients},
      {"setDurableSequence", SetDurableSequence},
      {"failRepliesAbove", FailRepliesAbove},
      {"wakeAll", WakeAll},
      {"connectionCount", ConnectionCount},
      {"drain", DrainEvents},
      {"answer", AnswerRequest},
      {"push", PushBytes},
      {"kill", KillConnection},
  };
  DefineClass(env, exports, "Server", Construct, kMethods);
}

}  // namespace distcache::addon
