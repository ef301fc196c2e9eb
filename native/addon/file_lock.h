// The lock of a data directory for JavaScript: fileLockAcquire(path) and fileLockRelease(lock).
#pragma once

#include <node_api.h>

namespace distcache::addon {

void RegisterFileLock(napi_env env, napi_value exports);

}  // namespace distcache::addon
