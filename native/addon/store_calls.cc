// Reads and writes of keys from JavaScript. Each is one Access; values are copied out under the shard's lock, and strings
// and buffers are made after it, so that no collection of garbage ever happens under a lock that I/O threads wait for.
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "addon/arguments.h"
#include "addon/store_object.h"
#include "addon/store_writing.h"
#include "command/number_text.h"
#include "core/block.h"
#include "port/clock.h"

namespace distcache::addon {
namespace {

using store::Access;
using store::Admission;
using store::Intent;
using store::Key;
using store::PutResult;
using store::Store;
using store::TimeMs;
using store::ValueView;

enum SetFlag : uint64_t { kIfAbsent = 1, kIfPresent = 2, kKeepTtl = 4 };

// A store, a key and its database: what most calls begin with.
class KeyCall {
 public:
  bool Read(napi_env env, napi_value store, napi_value key, napi_value database) {
    const auto* core = ReadStore(env, store);
    if (core == nullptr || !bytes_.Read(env, key)) return false;
    core_ = core->get();
    uint32_t number = 0;
    if (napi_get_value_uint32(env, database, &number) != napi_ok || number >= core_->store().database_count()) {
      Throw(env, "INVALID_ARGUMENT", "no such database");
      return false;
    }
    key_ = core_->store().Locate(number, bytes_.view());
    return true;
  }

  // Opens the access; false: refused, an exception is pending.
  bool Begin(napi_env env, Access* access, const Intent& intent, bool touches = true) {
    if (intent.writes && !MayWrite(env, *core_)) return false;
    if (core_->store().Begin(access, {&key_, 1}, intent, port::CoarseUnixTimeMs(), touches) == Admission::kOk)
      return true;
    ThrowFull(env);
    return false;
  }

  const Key& key() const { return key_; }
  StoreCore& core() { return *core_; }

 private:
  BytesArgument bytes_;
  StoreCore* core_ = nullptr;
  Key key_{};
};

// A value taken out from under the lock: a copy of a small one, a reference to a big one.
class TakenValue {
 public:
  TakenValue() {}
  void Take(const ValueView& value) {
    if (value.block != nullptr) {
      block_ = *value.block;
      view_ = value.bytes;
    } else if (value.bytes.size() <= sizeof(small_)) {
      std::memcpy(small_, value.bytes.data(), value.bytes.size());
      view_ = {small_, value.bytes.size()};
    } else {
      copy_.assign(value.bytes);
      view_ = copy_;
    }
  }
  std::string_view view() const { return view_; }

 private:
  char small_[1024];  // not initialised on purpose
  std::string copy_;
  BlockRef block_;
  std::string_view view_;
};

enum class As : uint8_t { kString, kBuffer };
enum class Touch : bool { kNo, kYes };

// A Buffer, or the length of what was written to the scratch.
napi_value MakeBytes(napi_env env, std::string_view bytes) {
  char* scratch = bytes.size() <= kScratchBytes ? Scratch(env) : nullptr;
  if (scratch == nullptr) return MakeBuffer(env, bytes);
  std::memcpy(scratch, bytes.data(), bytes.size());
  return MakeNumber(env, static_cast<double>(bytes.size()));
}

template <As as, Touch touch>
napi_value Read(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  KeyCall call;
  if (!call.Read(env, arguments[0], arguments[1], arguments[2])) return nullptr;
  TakenValue taken;
  {
    Access access;
    if (!call.Begin(env, &access, Intent{}, touch == Touch::kYes)) return nullptr;
    const ValueView* value = touch == Touch::kYes ? access.Get(call.key()) : access.Peek(call.key());
    if (value == nullptr) return nullptr;
    taken.Take(*value);
  }
  return as == As::kString ? MakeString(env, taken.view()) : MakeBytes(env, taken.view());
}

// Whether SET's conditions hold; fills in the deadline that KEEP_TTL keeps.
bool MayPut(Access& access, const Key& key, uint64_t flags, TimeMs* expires_at_ms) {
  if (flags == 0) return true;
  const ValueView* present = access.Peek(key);
  if ((flags & kIfAbsent) != 0 && present != nullptr) return false;
  if ((flags & kIfPresent) != 0 && present == nullptr) return false;
  if ((flags & kKeepTtl) != 0 && present != nullptr) *expires_at_ms = present->expires_at_ms;
  return true;
}

napi_value Set(napi_env env, napi_callback_info info) {
  const Arguments<6> arguments(env, info);
  KeyCall call;
  BytesArgument value;
  int64_t expires_at_ms = 0;
  uint32_t flags = 0;
  BlockRef block;
  if (!call.Read(env, arguments[0], arguments[1], arguments[4]) || !value.Read(env, arguments[2]) ||
      !ReadInteger(env, arguments[3], &expires_at_ms)) {
    return nullptr;
  }
  if (!Check(env, napi_get_value_uint32(env, arguments[5], &flags))) return nullptr;
  if (!BlockFor(value.view(), &block)) {
    ThrowFull(env);
    return nullptr;
  }
  bool is_put = false;
  PutResult result = PutResult::kOk;
  {
    Access access;
    const Intent intent{.writes = true, .adds_keys = true, .must_succeed = true, .value_bytes = value.view().size()};
    if (!call.Begin(env, &access, intent)) return nullptr;
    is_put = MayPut(access, call.key(), flags, &expires_at_ms);
    if (is_put) result = PutBytes(access, call.key(), value.view(), std::move(block), expires_at_ms);
    access.Commit();
  }
  if (result == PutResult::kOk) return MakeBool(env, is_put);
  ThrowFull(env);
  return nullptr;
}

napi_value Has(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  KeyCall call;
  if (!call.Read(env, arguments[0], arguments[1], arguments[2])) return nullptr;
  Access access;
  if (!call.Begin(env, &access, Intent{}, false)) return nullptr;
  return MakeBool(env, access.Peek(call.key()) != nullptr);
}

napi_value Remove(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  KeyCall call;
  if (!call.Read(env, arguments[0], arguments[1], arguments[2])) return nullptr;
  bool is_removed = false;
  {
    Access access;
    if (!call.Begin(env, &access, Intent{.writes = true, .must_succeed = true})) return nullptr;
    is_removed = access.Remove(call.key());
    access.Commit();
  }
  return MakeBool(env, is_removed);
}

napi_value ExpiresAt(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  KeyCall call;
  if (!call.Read(env, arguments[0], arguments[1], arguments[2])) return nullptr;
  Access access;
  if (!call.Begin(env, &access, Intent{}, false)) return nullptr;
  const ValueView* value = access.Peek(call.key());
  return value == nullptr ? nullptr : MakeNumber(env, static_cast<double>(value->expires_at_ms));
}

napi_value Expire(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  KeyCall call;
  int64_t expires_at_ms = 0;
  if (!call.Read(env, arguments[0], arguments[1], arguments[3]) || !ReadInteger(env, arguments[2], &expires_at_ms)) {
    return nullptr;
  }
  bool is_present = false;
  {
    Access access;
    if (!call.Begin(env, &access, Intent{.writes = true, .copies_existing = true, .must_succeed = true}))
      return nullptr;
    const bool is_past = expires_at_ms != 0 && expires_at_ms <= access.now_ms();
    is_present = is_past ? access.Remove(call.key()) : access.SetExpiry(call.key(), expires_at_ms);
    access.Commit();
  }
  return MakeBool(env, is_present);
}

// Adds under the access. False: not an integer, or the sum is not exact in a double.
bool AddTo(Access& access, const Key& key, int64_t by, int64_t* sum, PutResult* result) {
  const ValueView* value = access.Get(key);
  const TimeMs expires_at_ms = value == nullptr ? 0 : value->expires_at_ms;
  const std::optional<int64_t> number = value == nullptr ? 0 : command::ParseInteger(value->bytes);
  if (!number.has_value() || __builtin_add_overflow(*number, by, sum)) return false;
  constexpr auto kMax = static_cast<int64_t>(kMaxSafeInteger);
  if (*sum > kMax || *sum < -kMax) return false;
  std::array<char, command::kMaxIntegerChars> digits;
  const size_t length = command::FormatInteger(*sum, digits.data());
  *result = access.Put(key, {digits.data(), length}, expires_at_ms);
  return true;
}

napi_value Increment(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  KeyCall call;
  int64_t by = 0, sum = 0;
  if (!call.Read(env, arguments[0], arguments[1], arguments[3]) || !ReadInteger(env, arguments[2], &by)) return nullptr;
  bool is_added = false;
  PutResult result = PutResult::kOk;
  {
    Access access;
    const Intent intent{.writes = true, .adds_keys = true, .must_succeed = true, .value_bytes = 24};
    if (!call.Begin(env, &access, intent)) return nullptr;
    is_added = AddTo(access, call.key(), by, &sum, &result);
    access.Commit();
  }
  if (!is_added) {
    Throw(env, "NOT_AN_INTEGER", "the value, or the sum, is not a whole number within the safe range");
    return nullptr;
  }
  if (result == PutResult::kOk) return MakeNumber(env, static_cast<double>(sum));
  ThrowFull(env);
  return nullptr;
}

}  // namespace

void RegisterStoreCalls(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {
      {"storeGet", Read<As::kString, Touch::kYes>},
      {"storeGetBuffer", Read<As::kBuffer, Touch::kYes>},
      {"storePeek", Read<As::kString, Touch::kNo>},
      {"storePeekBuffer", Read<As::kBuffer, Touch::kNo>},
      {"storeSet", Set},
      {"storeHas", Has},
      {"storeRemove", Remove},
      {"storeExpiresAt", ExpiresAt},
      {"storeExpire", Expire},
      {"storeIncrement", Increment},
  };
  Define(env, exports, kMethods);
}

}  // namespace distcache::addon
