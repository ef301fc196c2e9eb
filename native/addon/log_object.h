// The class Log for JavaScript: a store's log buffer, whose bytes TypeScript writes to segment files.
#pragma once

#include <node_api.h>

#include <memory>
#include <mutex>
#include <utility>

#include "addon/store_core.h"
#include "wal/log_buffer.h"

namespace distcache::addon {

// How appending threads wake the environment that drains. They may outlive it (a worker thread attached to the store), so the
// function is called and taken away under a lock.
class DrainerWake {
 public:
  bool Open(napi_env env, napi_value on_wake);
  void Call();
  void Close(bool environment_ends);

 private:
  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
};

class LogObject {
 public:
  // Makes the buffer and attaches it to the store. Null, with an exception pending, when the engine refuses.
  static LogObject* Create(napi_env env, const std::shared_ptr<StoreCore>& core, const wal::LogBufferOptions& options,
                           napi_value on_wake, napi_value on_overdue);
  static LogObject* Unwrap(napi_env env, napi_value self);
  ~LogObject();

  bool Wrap(napi_env env, napi_value self);
  const std::shared_ptr<wal::LogBuffer>& buffer() const { return buffer_; }

  // Calls on_overdue(isFull) when the buffer is full, or its oldest record has waited longer than a kill may take back. False: that threw.
  bool DrainIfOverdue();

 private:
  LogObject(napi_env env, std::shared_ptr<StoreCore> core) : env_(env), core_(std::move(core)) {}
  static void OnEnvironmentEnd(void* data);

  napi_env env_;
  std::shared_ptr<StoreCore> core_;
  napi_ref on_overdue_ = nullptr;
  uint64_t next_try_ms_ = 0;
  std::shared_ptr<DrainerWake> wake_ = std::make_shared<DrainerWake>();
  std::shared_ptr<wal::LogBuffer> buffer_;
  bool has_hook_ = false;
};

void RegisterLog(napi_env env, napi_value exports);

// 32 hex digits. False, with an exception pending, for anything else.
bool ReadLogId(napi_env env, napi_value value, wal::LogId* log_id);
// 1 binary, 2 text.
bool ReadFormat(napi_env env, napi_value value, wal::Format* format);

}  // namespace distcache::addon
