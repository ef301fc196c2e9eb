// What writes from JavaScript share: when they are refused, and how bytes are stored.
#pragma once

#include <node_api.h>

#include <string_view>

#include "addon/store_core.h"
#include "core/block.h"
#include "store/store.h"

namespace distcache::addon {

// What a write from JavaScript does first. Lets the log be written when it is full or has waited too long, for the event loop that would
// do so waits for this call. False, with an exception pending, while the log can not be written.
bool MayWrite(napi_env env, const StoreCore& core);
// Leaves the exception of a store that is full.
void ThrowFull(napi_env env);

// A block with a copy of the bytes when they are many; empty for few. False: no memory.
bool BlockFor(std::string_view bytes, BlockRef* block);
// Stores the block, or the bytes when there is none.
store::PutResult PutBytes(store::Access& access, const store::Key& key, std::string_view bytes, BlockRef block,
                          store::TimeMs expires_at_ms);

}  // namespace distcache::addon
