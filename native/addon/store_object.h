// A store for JavaScript: an opaque reference, and functions that take it first. Functions of the module in place of methods
// of a class: an external is read in a few nanoseconds, unwrapping an object costs several times that, and reads and
// writes of an embedded cache are counted in millions a second.
#pragma once

#include <node_api.h>

#include <memory>

#include "addon/store_core.h"

namespace distcache::addon {

void RegisterStore(napi_env env, napi_value exports);
// Reads and writes of a key, in store_calls.cc.
void RegisterStoreCalls(napi_env env, napi_value exports);
// Several keys at one moment, in store_many.cc.
void RegisterStoreMany(napi_env env, napi_value exports);
// Walking over keys, in store_scan.cc.
void RegisterStoreScan(napi_env env, napi_value exports);

// The store behind a reference; null (and an exception pending) for anything else.
const std::shared_ptr<StoreCore>* ReadStore(napi_env env, napi_value value);

}  // namespace distcache::addon
