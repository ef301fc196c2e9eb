#include "addon/store_writing.h"

#include <cstring>
#include <utility>

#include "addon/environment.h"
#include "addon/log_object.h"

namespace distcache::addon {

bool MayWrite(napi_env env, const StoreCore& core) {
  LogObject* log = core.log_object(env);
  if (log != nullptr && !log->DrainIfOverdue()) return false;
  if (!core.refuses_writes()) return true;
  Throw(env, "WRITES_REFUSED", "writes are refused: the log can not be written");
  return false;
}

void ThrowFull(napi_env env) { Throw(env, "OUT_OF_MEMORY", "the store is full and nothing in it may be evicted"); }

bool BlockFor(std::string_view bytes, BlockRef* block) {
  if (bytes.size() <= kBlockThresholdBytes) return true;
  Block* made = Block::TryCreate(bytes.size());
  if (made == nullptr) return false;
  std::memcpy(made->data(), bytes.data(), bytes.size());
  *block = BlockRef(made);
  return true;
}

store::PutResult PutBytes(store::Access& access, const store::Key& key, std::string_view bytes, BlockRef block,
                          store::TimeMs expires_at_ms) {
  return block ? access.PutBlock(key, std::move(block), expires_at_ms) : access.Put(key, bytes, expires_at_ms);
}

}  // namespace distcache::addon
