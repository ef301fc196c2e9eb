#include "addon/store_core.h"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace distcache::addon {
namespace {

struct HandleTable {
  std::mutex mutex;
  uint64_t last_handle = 0;
  std::unordered_map<uint64_t, std::weak_ptr<StoreCore>> cores;
};

// Never destroyed: worker threads may still let go of stores while the process ends.
HandleTable& Handles() {
  static HandleTable* table = new HandleTable;
  return *table;
}

}  // namespace

StoreCore::StoreCore(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}

Result<std::shared_ptr<StoreCore>> StoreCore::Create(const store::StoreOptions& options) {
  Result<std::unique_ptr<store::Store>> store = store::Store::Create(options);
  if (!store.ok()) return store.status();
  std::shared_ptr<StoreCore> core(new StoreCore(std::move(store.value())));
  HandleTable& table = Handles();
  const std::lock_guard lock(table.mutex);
  core->handle_ = ++table.last_handle;
  table.cores.emplace(core->handle_, core);
  return core;
}

std::shared_ptr<StoreCore> StoreCore::FindByHandle(uint64_t handle) {
  HandleTable& table = Handles();
  const std::lock_guard lock(table.mutex);
  const auto found = table.cores.find(handle);
  return found == table.cores.end() ? nullptr : found->second.lock();
}

StoreCore::~StoreCore() {
  HandleTable& table = Handles();
  const std::lock_guard lock(table.mutex);
  table.cores.erase(handle_);
}

void StoreCore::AttachLog(std::shared_ptr<store::WriteLog> log) {
  store_->SetLog(log.get());
  log_ = std::move(log);
}

}  // namespace distcache::addon
