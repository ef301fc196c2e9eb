#include "addon/environment.h"

#include <cerrno>
#include <vector>

namespace distcache::addon {
namespace {

struct EnvironmentState {
  napi_ref error_class = nullptr;
  napi_ref scratch = nullptr;  // keeps scratch_bytes alive
  char* scratch_bytes = nullptr;
};

const char* CodeName(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return "INTERNAL";
    case StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case StatusCode::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case StatusCode::kNoRoom:
      return "NO_ROOM";
    case StatusCode::kNotFound:
      return "NOT_FOUND";
    case StatusCode::kCorrupt:
      return "CORRUPT";
    case StatusCode::kIo:
      return status.os_error() == EADDRINUSE ? "ADDRESS_IN_USE" : "IO";
    case StatusCode::kClosed:
      return "CLOSED";
  }
  return "INTERNAL";
}

napi_value Text(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

void SetNumber(napi_env env, napi_value object, const char* name, double number) {
  napi_value value = nullptr;
  if (napi_create_double(env, number, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

napi_value Details(napi_env env, int os_error, FilePlace place) {
  napi_value details = nullptr;
  if (napi_create_object(env, &details) != napi_ok) return nullptr;
  if (os_error != 0) SetNumber(env, details, "osError", os_error);
  if (!place.file.empty()) napi_set_named_property(env, details, "file", Text(env, place.file));
  if (place.offset_bytes >= 0) SetNumber(env, details, "offset", static_cast<double>(place.offset_bytes));
  return details;
}

napi_value ErrorClass(napi_env env) {
  EnvironmentState* state = nullptr;
  napi_value error_class = nullptr;
  if (napi_get_instance_data(env, reinterpret_cast<void**>(&state)) != napi_ok || state == nullptr) return nullptr;
  if (state->error_class != nullptr) napi_get_reference_value(env, state->error_class, &error_class);
  return error_class;
}

napi_value NewError(napi_env env, const char* code, std::string_view message, int os_error, FilePlace place) {
  napi_value error_class = ErrorClass(env);
  napi_value error = nullptr;
  napi_value arguments[] = {Text(env, code), Text(env, message), Details(env, os_error, place)};
  if (error_class == nullptr) {
    napi_create_error(env, arguments[0], arguments[1], &error);
  } else {
    napi_new_instance(env, error_class, 3, arguments, &error);
  }
  return error;
}

napi_value Initialise(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value error_class = nullptr;
  napi_valuetype type = napi_undefined;
  napi_get_cb_info(env, info, &count, &error_class, nullptr, nullptr);
  napi_typeof(env, error_class, &type);
  EnvironmentState* state = nullptr;
  napi_get_instance_data(env, reinterpret_cast<void**>(&state));
  if (type != napi_function || state == nullptr) {
    Throw(env, "INVALID_ARGUMENT", "initialise takes the class of errors");
    return nullptr;
  }
  if (state->error_class != nullptr) napi_delete_reference(env, state->error_class);
  state->error_class = nullptr;
  Check(env, napi_create_reference(env, error_class, 1, &state->error_class));
  return nullptr;
}

void ExportScratch(napi_env env, napi_value exports, EnvironmentState* state) {
  void* data = nullptr;
  napi_value memory = nullptr, array = nullptr;
  if (!Check(env, napi_create_arraybuffer(env, kScratchBytes, &data, &memory)) ||
      !Check(env, napi_create_typedarray(env, napi_uint8_array, kScratchBytes, memory, 0, &array)) ||
      !Check(env, napi_create_reference(env, memory, 1, &state->scratch)) ||
      !Check(env, napi_set_named_property(env, exports, "scratch", array))) {
    return;
  }
  state->scratch_bytes = static_cast<char*>(data);
}

}  // namespace

void RegisterEnvironment(napi_env env, napi_value exports) {
  auto* state = new EnvironmentState;
  napi_set_instance_data(
      env, state, [](napi_env, void* data, void*) { delete static_cast<EnvironmentState*>(data); }, nullptr);
  ExportScratch(env, exports, state);
  static constexpr Method kMethods[] = {{"initialise", Initialise}};
  Define(env, exports, kMethods);
}

char* Scratch(napi_env env) {
  EnvironmentState* state = nullptr;
  napi_get_instance_data(env, reinterpret_cast<void**>(&state));
  return state == nullptr ? nullptr : state->scratch_bytes;
}

void Throw(napi_env env, const char* code, std::string_view message, int os_error, FilePlace place) {
  napi_value error = NewError(env, code, message, os_error, place);
  if (error != nullptr) napi_throw(env, error);
}

void ThrowStatus(napi_env env, const Status& status, FilePlace place) {
  Throw(env, CodeName(status), status.message(), status.os_error(), place);
}

napi_value MakeError(napi_env env, const Status& status, FilePlace place) {
  return NewError(env, CodeName(status), status.message(), status.os_error(), place);
}

bool Check(napi_env env, napi_status status) {
  if (status == napi_ok) return true;
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) Throw(env, "INTERNAL", "the JavaScript engine refused a call of the addon");
  return false;
}

void Define(napi_env env, napi_value object, std::span<const Method> methods) {
  std::vector<napi_property_descriptor> properties;
  for (const Method& method : methods) {
    properties.push_back({method.name, nullptr, method.call, nullptr, nullptr, nullptr, napi_default_method, nullptr});
  }
  Check(env, napi_define_properties(env, object, properties.size(), properties.data()));
}

void DefineClass(napi_env env, napi_value exports, const char* name, napi_callback construct,
                 std::span<const Method> methods) {
  std::vector<napi_property_descriptor> properties;
  for (const Method& method : methods) {
    properties.push_back({method.name, nullptr, method.call, nullptr, nullptr, nullptr, napi_default_method, nullptr});
  }
  napi_value constructor = nullptr;
  if (Check(env, napi_define_class(env, name, NAPI_AUTO_LENGTH, construct, nullptr, properties.size(),
                                   properties.data(), &constructor))) {
    Check(env, napi_set_named_property(env, exports, name, constructor));
  }
}

}  // namespace distcache::addon
