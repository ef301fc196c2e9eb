#include "addon/log_object.h"

#include <cstring>
#include <utility>

#include "addon/arguments.h"
#include "addon/fields.h"
#include "addon/server_object.h"
#include "addon/store_object.h"
#include "port/clock.h"
#include "wal/segment_header.h"
#include "wal/text_record.h"

namespace distcache::addon {
namespace {

constexpr napi_type_tag kLogTag = {0x2f9d4be7c1a05836, 0xe80b7c35a9d2146f};

wal::LogBuffer* SelfBuffer(napi_env env, napi_value self) {
  LogObject* object = LogObject::Unwrap(env, self);
  return object == nullptr ? nullptr : object->buffer().get();
}

bool ReadOptions(napi_env env, const Arguments<9>& arguments, wal::LogBufferOptions* options) {
  return ReadFormat(env, arguments[1], &options->format) && ReadLogId(env, arguments[2], &options->log_id) &&
         ReadUnsigned(env, arguments[3], wal::kLargestSequence, &options->next_sequence) &&
         ReadUnsigned(env, arguments[4], kMaxSafeInteger, &options->capacity_bytes) &&
         ReadUnsigned(env, arguments[5], kMaxSafeInteger, &options->wake_bytes) &&
         ReadBool(env, arguments[6], &options->keeps_records);
}

bool IsFunction(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_function;
}

// new Log(store, format, logId, nextSequence, capacityBytes, wakeBytes, keepsRecords, onWake, onOverdue)
napi_value Construct(napi_env env, napi_callback_info info) {
  const Arguments<9> arguments(env, info);
  if (!IsConstructing(env, info)) return nullptr;
  wal::LogBufferOptions options;
  const auto* core = ReadStore(env, arguments[0]);
  if (core == nullptr || !ReadOptions(env, arguments, &options)) return nullptr;
  if (!IsFunction(env, arguments[7]) || !IsFunction(env, arguments[8]) || options.next_sequence == 0) {
    Throw(env, "INVALID_ARGUMENT", "Log takes a first sequence number above zero and two functions to drain it");
    return nullptr;
  }
  std::unique_ptr<LogObject> object(LogObject::Create(env, *core, options, arguments[7], arguments[8]));
  if (object == nullptr || !object->Wrap(env, arguments.self())) return nullptr;
  object.release();  // the engine's to delete
  return arguments.self();
}

// take(target, maxBytes) -> undefined | [first, last, bytes in target] | [first, last, a Buffer that did not fit the target]
napi_value Take(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  wal::LogBuffer* buffer = SelfBuffer(env, arguments.self());
  void* target = nullptr;
  size_t target_bytes = 0;
  uint64_t max_bytes = 0;
  if (buffer == nullptr || !ReadUnsigned(env, arguments[1], kMaxSafeInteger, &max_bytes) ||
      !Check(env, napi_get_buffer_info(env, arguments[0], &target, &target_bytes))) {
    return nullptr;
  }
  const wal::LogBuffer::Prefix prefix = buffer->Take(max_bytes);
  if (prefix.spans.empty()) return nullptr;
  napi_value bytes = nullptr;
  if (prefix.bytes > target_bytes) {
    if (!Check(env, napi_create_buffer(env, prefix.bytes, &target, &bytes))) return nullptr;
  } else {
    bytes = MakeNumber(env, static_cast<double>(prefix.bytes));
  }
  auto* at = static_cast<char*>(target);
  for (const std::string_view span : prefix.spans)
    at = static_cast<char*>(std::memcpy(at, span.data(), span.size())) + span.size();
  napi_value fields[] = {MakeNumber(env, static_cast<double>(prefix.first_sequence)),
                         MakeNumber(env, static_cast<double>(prefix.last_sequence)), bytes};
  napi_value array = nullptr;
  if (!Check(env, napi_create_array_with_length(env, std::size(fields), &array))) return nullptr;
  for (uint32_t i = 0; i < std::size(fields); ++i) {
    if (fields[i] == nullptr || !Check(env, napi_set_element(env, array, i, fields[i]))) return nullptr;
  }
  return array;
}

napi_value Release(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  wal::LogBuffer* buffer = SelfBuffer(env, arguments.self());
  if (buffer != nullptr) buffer->Release();
  return nullptr;
}

napi_value LastSequence(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const wal::LogBuffer* buffer = SelfBuffer(env, arguments.self());
  return buffer == nullptr ? nullptr : MakeNumber(env, static_cast<double>(buffer->last_sequence()));
}

napi_value PendingBytes(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const wal::LogBuffer* buffer = SelfBuffer(env, arguments.self());
  return buffer == nullptr ? nullptr : MakeNumber(env, static_cast<double>(buffer->PendingBytes()));
}

napi_value OldestPendingAgeMs(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const wal::LogBuffer* buffer = SelfBuffer(env, arguments.self());
  if (buffer == nullptr) return nullptr;
  return MakeNumber(env, static_cast<double>(buffer->OldestPendingAgeMs(port::MonotonicTimeMs())));
}

// segmentHeader(firstSequence, createdAtMs) -> Buffer
napi_value EncodeHeader(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const wal::LogBuffer* buffer = SelfBuffer(env, arguments.self());
  wal::SegmentHeader header;
  if (buffer == nullptr || !ReadUnsigned(env, arguments[0], wal::kLargestSequence, &header.first_sequence) ||
      !ReadInteger(env, arguments[1], &header.created_at_ms)) {
    return nullptr;
  }
  header.format = buffer->format();
  header.log_id = buffer->log_id();
  return MakeBuffer(env, wal::EncodeSegmentHeader(header));
}

napi_value SetFailed(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  wal::LogBuffer* buffer = SelfBuffer(env, arguments.self());
  bool is_failed = false;
  if (buffer != nullptr && ReadBool(env, arguments[0], &is_failed)) buffer->SetFailed(is_failed);
  return nullptr;
}

// serve(server): the server's connections wait for this log's room, and hold replies back when it says so.
napi_value Serve(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  LogObject* object = LogObject::Unwrap(env, arguments.self());
  ServerObject* server = object == nullptr ? nullptr : ServerObject::Unwrap(env, arguments[0]);
  if (server != nullptr && server->server(env) != nullptr) server->AttachLog(object->buffer());
  return nullptr;
}

}  // namespace

bool DrainerWake::Open(napi_env env, napi_value on_wake) {
  napi_value name = MakeString(env, "distcache log");
  if (name == nullptr || !Check(env, napi_create_threadsafe_function(env, on_wake, nullptr, name, 0, 1, nullptr,
                                                                     nullptr, nullptr, nullptr, &function_))) {
    return false;
  }
  return Check(env, napi_unref_threadsafe_function(env, function_));
}

void DrainerWake::Call() {
  const std::lock_guard lock(mutex_);
  if (function_ != nullptr) napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

// An environment that ends frees the function itself.
void DrainerWake::Close(bool environment_ends) {
  const std::lock_guard lock(mutex_);
  if (function_ != nullptr && !environment_ends) napi_release_threadsafe_function(function_, napi_tsfn_release);
  function_ = nullptr;
}

LogObject* LogObject::Create(napi_env env, const std::shared_ptr<StoreCore>& core, const wal::LogBufferOptions& options,
                             napi_value on_wake, napi_value on_overdue) {
  std::unique_ptr<LogObject> object(new LogObject(env, core));
  if (!object->wake_->Open(env, on_wake)) return nullptr;
  if (!Check(env, napi_create_reference(env, on_overdue, 1, &object->on_overdue_))) return nullptr;
  // The hook comes after the function: hooks run in reverse, so nobody calls a function that is gone.
  if (!Check(env, napi_add_env_cleanup_hook(env, OnEnvironmentEnd, object.get()))) return nullptr;
  object->has_hook_ = true;
  object->buffer_ = std::make_shared<wal::LogBuffer>(options, [wake = object->wake_] { wake->Call(); });
  core->AttachLog(object->buffer_);
  core->set_log_object(env, object.get());
  return object.release();
}

bool LogObject::DrainIfOverdue() {
  const bool is_full = buffer_->is_full();
  if (!is_full) {
    const uint64_t now_ms = port::CoarseMonotonicTimeMs();
    if (buffer_->OldestPendingAgeMs(now_ms) <= wal::LogBuffer::kHeldBackAfterMs || now_ms < next_try_ms_) return true;
    next_try_ms_ = now_ms + wal::LogBuffer::kHeldBackAfterMs / 2;
  }
  napi_value receiver = nullptr;
  napi_value on_overdue = nullptr;
  napi_value argument = nullptr;
  napi_value ignored = nullptr;
  return Check(env_, napi_get_undefined(env_, &receiver)) &&
         Check(env_, napi_get_reference_value(env_, on_overdue_, &on_overdue)) &&
         Check(env_, napi_get_boolean(env_, is_full, &argument)) &&
         Check(env_, napi_call_function(env_, receiver, on_overdue, 1, &argument, &ignored));
}

LogObject* LogObject::Unwrap(napi_env env, napi_value self) {
  if (void* data = UnwrapTagged(env, self, kLogTag)) return static_cast<LogObject*>(data);
  Throw(env, "INVALID_ARGUMENT", "expected a Log");
  return nullptr;
}

bool LogObject::Wrap(napi_env env, napi_value self) {
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<LogObject*>(data); };
  return Check(env, napi_type_tag_object(env, self, &kLogTag)) &&
         Check(env, napi_wrap(env, self, this, finalize, nullptr, nullptr));
}

LogObject::~LogObject() {
  core_->set_log_object(nullptr, nullptr);
  if (on_overdue_ != nullptr) napi_delete_reference(env_, on_overdue_);
  if (has_hook_) napi_remove_env_cleanup_hook(env_, OnEnvironmentEnd, this);
  wake_->Close(!has_hook_);
}

void LogObject::OnEnvironmentEnd(void* data) {
  auto* object = static_cast<LogObject*>(data);
  object->has_hook_ = false;
  object->core_->set_log_object(nullptr, nullptr);
  object->wake_->Close(true);
}

bool ReadLogId(napi_env env, napi_value value, wal::LogId* log_id) {
  BytesArgument digits;
  if (!digits.Read(env, value)) return false;
  if (wal::ReadHex(digits.view(), *log_id)) return true;
  Throw(env, "INVALID_ARGUMENT", "a log id is 32 lowercase hex digits");
  return false;
}

bool ReadFormat(napi_env env, napi_value value, wal::Format* format) {
  uint64_t number = 0;
  if (!ReadUnsigned(env, value, static_cast<uint64_t>(wal::Format::kText), &number)) return false;
  *format = static_cast<wal::Format>(number);
  if (number != 0) return true;
  Throw(env, "INVALID_ARGUMENT", "a log's format is 1 (binary) or 2 (text)");
  return false;
}

void RegisterLog(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {
      {"take", Take},
      {"release", Release},
      {"lastSequence", LastSequence},
      {"pendingBytes", PendingBytes},
      {"oldestPendingAgeMs", OldestPendingAgeMs},
      {"segmentHeader", EncodeHeader},
      {"setFailed", SetFailed},
      {"serve", Serve},
  };
  DefineClass(env, exports, "Log", Construct, kMethods);
}

}  // namespace distcache::addon
