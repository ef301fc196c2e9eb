// What the addon keeps for one JavaScript environment (the main thread, or one worker thread), and how it throws there.
// Nothing here is shared between environments.
#pragma once

#include <node_api.h>

#include <span>
#include <string_view>

#include "core/status.h"

namespace distcache::addon {

// Where in a file an error is; offset_bytes below zero: nowhere.
struct FilePlace {
  std::string_view file;
  int64_t offset_bytes = -1;
};

// Small values that TypeScript wants as a Buffer are written here, in the exported Uint8Array `scratch`, and copied from it into
// Node's own pool: making a Buffer from C++ costs several times that.
inline constexpr size_t kScratchBytes = 4096;

// Registers the state of `env`, the export `scratch` and the export `initialise(errorClass)`, which TypeScript calls first.
void RegisterEnvironment(napi_env env, napi_value exports);

// The memory of `scratch`; null when it could not be made.
char* Scratch(napi_env env);

// Each leaves an exception pending in env: a DistCacheError, a plain Error before `initialise`. The caller returns null then.
void Throw(napi_env env, const char* code, std::string_view message, int os_error = 0, FilePlace place = {});
void ThrowStatus(napi_env env, const Status& status, FilePlace place = {});
// As ThrowStatus, but the error is a value, for a promise that is rejected. Null when an exception is pending.
napi_value MakeError(napi_env env, const Status& status, FilePlace place = {});

// True when the call was fine. Otherwise an exception is pending, ours if the engine left none.
bool Check(napi_env env, napi_status status);

struct Method {
  const char* name;
  napi_callback call;
};
// Defines functions as properties of an object.
void Define(napi_env env, napi_value object, std::span<const Method> methods);
// Defines a class with methods and exports it.
void DefineClass(napi_env env, napi_value exports, const char* name, napi_callback construct,
                 std::span<const Method> methods);

}  // namespace distcache::addon
