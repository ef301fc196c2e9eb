// Functions that read what a server counts, and the few that the main thread records with. Each takes a Server first.
#pragma once

#include <node_api.h>

namespace distcache::addon {

void RegisterMetrics(napi_env env, napi_value exports);

}  // namespace distcache::addon
