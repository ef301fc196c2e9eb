#include "addon/file_lock.h"

#include <string>
#include <utility>

#include "addon/arguments.h"
#include "addon/environment.h"
#include "port/file_lock.h"

namespace distcache::addon {
namespace {

constexpr napi_type_tag kLockTag = {0x3b0f6d1ce58a4972, 0xa4d9027e6c1b5f83};

void Finalise(napi_env, void* data, void*) { delete static_cast<port::FileLock*>(data); }

napi_value Acquire(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  BytesArgument path;
  if (!path.Read(env, arguments[0])) return nullptr;
  auto lock = port::FileLock::Acquire(std::string(path.view()));
  if (!lock.ok()) {
    if (lock.status().code() != StatusCode::kNoRoom) {
      ThrowStatus(env, lock.status(), {path.view()});
      return nullptr;
    }
    napi_value undefined = nullptr;
    napi_get_undefined(env, &undefined);
    return undefined;
  }
  auto* held = new port::FileLock(std::move(lock.value()));
  napi_value external = nullptr;
  if (!Check(env, napi_create_external(env, held, Finalise, nullptr, &external))) {
    delete held;
    return nullptr;
  }
  if (!Check(env, napi_type_tag_object(env, external, &kLockTag))) return nullptr;
  return external;
}

napi_value Release(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  bool is_lock = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, arguments[0], &kLockTag, &is_lock) != napi_ok || !is_lock ||
      napi_get_value_external(env, arguments[0], &data) != napi_ok) {
    Throw(env, "INVALID_ARGUMENT", "this is no lock");
    return nullptr;
  }
  static_cast<port::FileLock*>(data)->Release();
  return nullptr;
}

}  // namespace

void RegisterFileLock(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {{"fileLockAcquire", Acquire}, {"fileLockRelease", Release}};
  Define(env, exports, kMethods);
}

}  // namespace distcache::addon
