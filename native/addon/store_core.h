// A store as the addon shares it: between a Cache, a node's I/O threads and worker threads that attach by handle. The table
// of handles is the one process-wide thing of the addon; it keeps nothing alive.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/status.h"
#include "store/store.h"

namespace distcache::addon {

class LogObject;

class StoreCore {
 public:
  static Result<std::shared_ptr<StoreCore>> Create(const store::StoreOptions& options);
  // The core behind a handle; null when it is gone or never was.
  static std::shared_ptr<StoreCore> FindByHandle(uint64_t handle);
  ~StoreCore();

  store::Store& store() { return *store_; }
  uint64_t handle() const { return handle_; }

  // Writes of this process's programs are refused (the log's disk failed); clients are refused by the data plane.
  bool refuses_writes() const { return refuses_writes_.load(std::memory_order_relaxed); }
  void set_refuses_writes(bool refuses) { refuses_writes_.store(refuses, std::memory_order_relaxed); }

  // The log's object, for the environment that drains it; null for every other. Set and taken away on that environment's thread.
  LogObject* log_object(const void* environment) const {
    return draining_environment_.load(std::memory_order_relaxed) == environment ? log_object_ : nullptr;
  }
  void set_log_object(const void* environment, LogObject* object) {
    log_object_ = object;
    draining_environment_.store(environment, std::memory_order_relaxed);
  }

  // Attaches a log before traffic; it lives as long as the store may call it.
  void AttachLog(std::shared_ptr<store::WriteLog> log);

 private:
  explicit StoreCore(std::unique_ptr<store::Store> store);

  std::shared_ptr<store::WriteLog> log_;  // before store_: goes after it
  std::unique_ptr<store::Store> store_;
  // A flag of its own: it orders nothing else, so every access is relaxed.
  std::atomic<bool> refuses_writes_{false};
  std::atomic<const void*> draining_environment_{nullptr};
  LogObject* log_object_ = nullptr;  // of that environment's thread alone
  uint64_t handle_ = 0;
};

}  // namespace distcache::addon
