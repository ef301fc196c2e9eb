#include "addon/server_bridge.h"

#include <array>
#include <string>
#include <vector>

#include "addon/arguments.h"
#include "addon/server_object.h"

namespace distcache::addon {
namespace {

enum StateBit : uint32_t { kResp3 = 1, kAuthenticated = 2, kInMulti = 4 };

net::Server* SelfServer(napi_env env, napi_value self) {
  ServerObject* object = ServerObject::Unwrap(env, self);
  return object == nullptr ? nullptr : object->server(env);
}

napi_value MakeArguments(napi_env env, const std::vector<std::string>& arguments) {
  napi_value array = nullptr;
  if (!Check(env, napi_create_array_with_length(env, arguments.size(), &array))) return nullptr;
  for (size_t index = 0; index < arguments.size(); ++index) {
    napi_value buffer = MakeBuffer(env, arguments[index]);
    if (buffer == nullptr || !Check(env, napi_set_element(env, array, static_cast<uint32_t>(index), buffer))) {
      return nullptr;
    }
  }
  return array;
}

uint32_t StateBits(const net::Event& event) {
  return (event.protocol == resp::Protocol::kResp3 ? kResp3 : 0u) | (event.is_authenticated ? kAuthenticated : 0u) |
         (event.in_multi ? kInMulti : 0u);
}

// The six fields of an event, in the order that src/native/server.ts reads.
bool AppendEvent(napi_env env, napi_value array, uint32_t* length, const net::Event& event) {
  const std::array<napi_value, 6> fields = {
      MakeNumber(env, static_cast<double>(event.kind)),
      MakeNumber(env, static_cast<double>(event.connection)),
      MakeNumber(env, event.database),
      MakeNumber(env, StateBits(event)),
      MakeArguments(env, event.arguments),
      MakeString(env, event.text),
  };
  for (napi_value field : fields) {
    if (field == nullptr || !Check(env, napi_set_element(env, array, (*length)++, field))) return false;
  }
  return true;
}

// The fields of net::Changes as an array of numbers, in the order of the structure; undefined: nothing changes.
bool ReadChanges(napi_env env, napi_value value, net::Changes* changes) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (type == napi_undefined) return true;
  std::array<int64_t, 7> numbers{};
  for (uint32_t index = 0; index < numbers.size(); ++index) {
    napi_value item = nullptr;
    if (!Check(env, napi_get_element(env, value, index, &item)) || !ReadInteger(env, item, &numbers[index]))
      return false;
  }
  changes->protocol = static_cast<int>(numbers[0]);
  changes->database = static_cast<int>(numbers[1]);
  changes->is_authenticated = static_cast<int>(numbers[2]);
  changes->touches_recency = static_cast<int>(numbers[3]);
  changes->reply_mode = static_cast<int>(numbers[4]);
  changes->resets = numbers[5] != 0;
  changes->closes = numbers[6] != 0;
  return true;
}

}  // namespace

napi_value DrainEvents(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  uint64_t max = 0;
  napi_value array = nullptr;
  if (server == nullptr || !ReadUnsigned(env, arguments[0], UINT32_MAX, &max)) return nullptr;
  if (!Check(env, napi_create_array(env, &array))) return nullptr;
  std::vector<net::Event> events;
  server->Drain(&events, max);
  uint32_t length = 0;
  for (const net::Event& event : events) {
    // Handles of one event are let go before the next: a drain may bring thousands.
    napi_handle_scope scope = nullptr;
    if (!Check(env, napi_open_handle_scope(env, &scope))) return nullptr;
    const bool is_appended = AppendEvent(env, array, &length, event);
    napi_close_handle_scope(env, scope);
    if (!is_appended) return nullptr;
  }
  return array;
}

napi_value AnswerRequest(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  uint64_t connection = 0;
  BytesArgument reply;
  net::Changes changes;
  if (server == nullptr || !ReadUnsigned(env, arguments[0], kMaxSafeInteger, &connection) ||
      !reply.Read(env, arguments[1]) || !ReadChanges(env, arguments[2], &changes)) {
    return nullptr;
  }
  return MakeBool(env, server->Answer(connection, std::string(reply.view()), changes));
}

napi_value PushBytes(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  uint64_t connection = 0;
  BytesArgument bytes;
  if (server == nullptr || !ReadUnsigned(env, arguments[0], kMaxSafeInteger, &connection) ||
      !bytes.Read(env, arguments[1])) {
    return nullptr;
  }
  return MakeBool(env, server->Push(connection, std::string(bytes.view())));
}

napi_value KillConnection(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  net::Server* server = SelfServer(env, arguments.self());
  uint64_t connection = 0;
  bool after_reply = false;
  if (server == nullptr || !ReadUnsigned(env, arguments[0], kMaxSafeInteger, &connection) ||
      !ReadBool(env, arguments[1], &after_reply)) {
    return nullptr;
  }
  return MakeBool(env, server->Kill(connection, after_reply));
}

}  // namespace distcache::addon
