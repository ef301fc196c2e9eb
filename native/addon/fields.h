// Builds a plain JavaScript object field by field. A refusal of the engine leaves an exception pending; object() is null then.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "addon/arguments.h"

namespace distcache::addon {

class Fields {
 public:
  explicit Fields(napi_env env) : env_(env) {
    if (!Check(env, napi_create_object(env, &object_))) object_ = nullptr;
  }

  Fields& Value(const char* name, napi_value value) {
    if (object_ == nullptr) return *this;
    if (value == nullptr || !Check(env_, napi_set_named_property(env_, object_, name, value))) object_ = nullptr;
    return *this;
  }
  Fields& Number(const char* name, uint64_t number) {
    return Value(name, MakeNumber(env_, static_cast<double>(number)));
  }
  Fields& Time(const char* name, int64_t at_ms) { return Value(name, MakeNumber(env_, static_cast<double>(at_ms))); }
  Fields& Text(const char* name, std::string_view text) { return Value(name, MakeString(env_, text)); }
  Fields& Bytes(const char* name, std::string_view bytes) { return Value(name, MakeBuffer(env_, bytes)); }
  Fields& Hex(const char* name, std::span<const uint8_t> bytes);

  napi_value object() const { return object_; }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
};

}  // namespace distcache::addon
