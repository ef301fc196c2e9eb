#include "addon/arguments.h"

#include <cmath>
#include <cstring>
#include <new>

namespace distcache::addon {
namespace {

// Whether every byte is below 128: such bytes are the same in Latin-1, which the engine copies without decoding.
bool IsAscii(std::string_view bytes) {
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t seen = 0;
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    seen |= word;
  }
  for (; left > 0; ++at, --left) seen |= static_cast<unsigned char>(*at);
  return (seen & kHighBits) == 0;
}

}  // namespace

bool BytesArgument::Read(napi_env env, napi_value value) {
  size_t written = 0;
  if (napi_get_value_string_utf8(env, value, inline_, kInlineBytes, &written) != napi_ok) return ReadArray(env, value);
  // A character is at most 4 bytes, so with 4 bytes to spare nothing was cut off.
  if (written + 4 > kInlineBytes) return ReadLongString(env, value);
  view_ = {inline_, written};
  return true;
}

bool BytesArgument::ReadLongString(napi_env env, napi_value value) {
  size_t length = 0;
  if (!Check(env, napi_get_value_string_utf8(env, value, nullptr, 0, &length))) return false;
  heap_.reset(new (std::nothrow) char[length + 1]);
  if (heap_ == nullptr) {
    Throw(env, "OUT_OF_MEMORY", "no memory for a string argument");
    return false;
  }
  if (!Check(env, napi_get_value_string_utf8(env, value, heap_.get(), length + 1, &length))) return false;
  view_ = {heap_.get(), length};
  return true;
}

bool BytesArgument::ReadArray(napi_env env, napi_value value) {
  bool is_array = false;
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  void* data = nullptr;
  napi_is_typedarray(env, value, &is_array);
  if (is_array) napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (!is_array || (type != napi_uint8_array && type != napi_uint8_clamped_array)) {
    Throw(env, "INVALID_ARGUMENT", "expected a string, a Buffer or a Uint8Array");
    return false;
  }
  // An empty array may have no address, which copying and comparing do not allow even for no bytes.
  view_ = {length == 0 ? inline_ : static_cast<const char*>(data), length};
  return true;
}

bool IsConstructing(napi_env env, napi_callback_info info) {
  napi_value new_target = nullptr;
  if (napi_get_new_target(env, info, &new_target) == napi_ok && new_target != nullptr) return true;
  Throw(env, "INVALID_ARGUMENT", "a class of the addon is called with new");
  return false;
}

void* UnwrapTagged(napi_env env, napi_value value, const napi_type_tag& tag) {
  napi_valuetype type = napi_undefined;
  bool is_tagged = false;
  void* data = nullptr;
  // The type first: looking for a tag converts to an object, and undefined cannot be converted.
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &tag, &is_tagged) != napi_ok || !is_tagged) return nullptr;
  return napi_unwrap(env, value, &data) == napi_ok ? data : nullptr;
}

bool ReadBool(napi_env env, napi_value value, bool* result) {
  if (napi_get_value_bool(env, value, result) == napi_ok) return true;
  Throw(env, "INVALID_ARGUMENT", "expected true or false");
  return false;
}

bool ReadUnsigned(napi_env env, napi_value value, uint64_t max, uint64_t* result) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= 0) || number > static_cast<double>(max) ||
      number != std::floor(number)) {
    Throw(env, "INVALID_ARGUMENT", "expected a whole number that is not negative and not too large");
    return false;
  }
  *result = static_cast<uint64_t>(number);
  return true;
}

bool ReadInteger(napi_env env, napi_value value, int64_t* result) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok ||
      !(std::fabs(number) <= static_cast<double>(kMaxSafeInteger)) || number != std::floor(number)) {
    Throw(env, "INVALID_ARGUMENT", "expected a whole number within the safe range");
    return false;
  }
  *result = static_cast<int64_t>(number);
  return true;
}

napi_value MakeNumber(napi_env env, double number) {
  napi_value value = nullptr;
  return Check(env, napi_create_double(env, number, &value)) ? value : nullptr;
}

napi_value MakeBool(napi_env env, bool truth) {
  napi_value value = nullptr;
  return Check(env, napi_get_boolean(env, truth, &value)) ? value : nullptr;
}

napi_value MakeString(napi_env env, std::string_view bytes) {
  napi_value value = nullptr;
  const napi_status status = IsAscii(bytes) ? napi_create_string_latin1(env, bytes.data(), bytes.size(), &value)
                                            : napi_create_string_utf8(env, bytes.data(), bytes.size(), &value);
  if (status == napi_ok) return value;
  Throw(env, "OUT_OF_MEMORY", "the value is too long for a string: use getBuffer");
  return nullptr;
}

napi_value MakeBuffer(napi_env env, std::string_view bytes) {
  napi_value value = nullptr;
  return Check(env, napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value)) ? value : nullptr;
}

}  // namespace distcache::addon
