// Arguments of a call from JavaScript, checked and converted. A reader that answers false has left an exception pending.
#pragma once

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "addon/environment.h"

namespace distcache::addon {

// False, with an exception pending, when a constructor was called as a function.
bool IsConstructing(napi_env env, napi_callback_info info);

// What an object of ours with this tag wraps; null, without an exception, for anything else.
void* UnwrapTagged(napi_env env, napi_value value, const napi_type_tag& tag);

// Fetches up to N arguments; missing ones are undefined.
template <size_t N>
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = N;
    napi_get_cb_info(env, info, &count, values_.data(), &self_, nullptr);
  }

  napi_value operator[](size_t index) const { return values_[index]; }
  napi_value self() const { return self_; }

 private:
  std::array<napi_value, N> values_;
  napi_value self_ = nullptr;
};

// The bytes of a string (as UTF-8) or of a Uint8Array or Buffer. A string's bytes are copied, into the object itself when
// they are few; those of an array are borrowed: valid during the call, as long as no JavaScript runs.
class BytesArgument {
 public:
  BytesArgument() {}
  BytesArgument(const BytesArgument&) = delete;
  BytesArgument& operator=(const BytesArgument&) = delete;

  bool Read(napi_env env, napi_value value);
  std::string_view view() const { return view_; }

 private:
  bool ReadLongString(napi_env env, napi_value value);
  bool ReadArray(napi_env env, napi_value value);

  // Three times what a short string has characters: the engine then encodes without counting first.
  static constexpr size_t kInlineBytes = 1536;
  char inline_[kInlineBytes];  // not initialised on purpose: it is written before it is read
  std::unique_ptr<char[]> heap_;
  std::string_view view_;
};

bool ReadBool(napi_env env, napi_value value, bool* result);
// A whole number from 0 to max (at most 2^53).
bool ReadUnsigned(napi_env env, napi_value value, uint64_t max, uint64_t* result);
// A whole number between -2^53 and 2^53.
bool ReadInteger(napi_env env, napi_value value, int64_t* result);

inline constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;

// Values for the way back; null when the engine refused (an exception is pending then).
napi_value MakeNumber(napi_env env, double number);
napi_value MakeBool(napi_env env, bool value);
// A string from UTF-8; bytes that are none become U+FFFD.
napi_value MakeString(napi_env env, std::string_view bytes);
napi_value MakeBuffer(napi_env env, std::string_view bytes);

}  // namespace distcache::addon
