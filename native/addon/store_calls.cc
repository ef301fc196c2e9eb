// Reads and writes of keys from JavaScript. Each is one Access; values are copied out under the shard's lock, and strings
// and buffers are made after it, so that no collection of garbage ever happens under a lock that I/O threads wait for.
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addon/arguments.h"
#include "addon/store_object.h"
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
    if (intent.writes && core_->refuses_writes()) {
      Throw(env, "WRITES_REFUSED", "writes are refused: the log can not be written");
      return false;
    }
    if (core_->store().Begin(access, {&key_, 1}, intent, port::CoarseUnixTimeMs(), touches) == Admission::kOk)
      return true;
    ThrowFull(env);
    return false;
  }

  static void ThrowFull(napi_env env) {
    Throw(env, "OUT_OF_MEMORY", "the store is full and nothing in it may be evicted");
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

// Stores bytes as they are, or in a block of their own, whose memory may not be had.
PutResult PutBytes(Access& access, const Key& key, std::string_view bytes, BlockRef block, TimeMs expires_at_ms) {
  return block ? access.PutBlock(key, std::move(block), expires_at_ms) : access.Put(key, bytes, expires_at_ms);
}

// A block with a copy of the bytes when they are many; empty for few. False: no memory.
bool BlockFor(std::string_view bytes, BlockRef* block) {
  if (bytes.size() <= kBlockThresholdBytes) return true;
  Block* made = Block::TryCreate(bytes.size());
  if (made == nullptr) return false;
  std::memcpy(made->data(), bytes.data(), bytes.size());
  *block = BlockRef(made);
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
    KeyCall::ThrowFull(env);
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
  KeyCall::ThrowFull(env);
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
  KeyCall::ThrowFull(env);
  return nullptr;
}

// An array of byte arguments, gathered in one piece of memory so that they outlive the engine's moves.
class BytesList {
 public:
  bool Read(napi_env env, napi_value array) {
    uint32_t length = 0;
    if (napi_get_array_length(env, array, &length) != napi_ok) {
      Throw(env, "INVALID_ARGUMENT", "expected an array");
      return false;
    }
    ends_.reserve(length);
    for (uint32_t index = 0; index < length; ++index) {
      BytesArgument bytes;
      napi_value item = nullptr;
      if (!Check(env, napi_get_element(env, array, index, &item)) || !bytes.Read(env, item)) return false;
      arena_.append(bytes.view());
      ends_.push_back(arena_.size());
    }
    return true;
  }

  size_t size() const { return ends_.size(); }
  size_t total_bytes() const { return arena_.size(); }
  std::string_view operator[](size_t index) const {
    const size_t begin = index == 0 ? 0 : ends_[index - 1];
    return {arena_.data() + begin, ends_[index] - begin};
  }

 private:
  std::string arena_;
  std::vector<size_t> ends_;
};

// The keys of a list, each `step` items apart, with their places.
bool LocateAll(napi_env env, Store& store, napi_value database, const BytesList& list, size_t step,
               std::vector<Key>* keys) {
  uint64_t number = 0;
  if (!ReadUnsigned(env, database, store.database_count() - 1, &number)) return false;
  keys->reserve(list.size() / step);
  for (size_t index = 0; index < list.size(); index += step) {
    keys->push_back(store.Locate(static_cast<uint32_t>(number), list[index]));
  }
  return true;
}

napi_value GetMany(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  BytesList list;
  std::vector<Key> keys;
  if (core == nullptr || !list.Read(env, arguments[1]) ||
      !LocateAll(env, (*core)->store(), arguments[2], list, 1, &keys)) {
    return nullptr;
  }
  std::vector<std::unique_ptr<std::string>> values(keys.size());
  if (!keys.empty()) {
    Access access;
    if ((*core)->store().Begin(&access, keys, Intent{}, port::CoarseUnixTimeMs()) != Admission::kOk) {
      KeyCall::ThrowFull(env);
      return nullptr;
    }
    for (size_t index = 0; index < keys.size(); ++index) {
      const ValueView* value = access.Get(keys[index]);
      if (value != nullptr) values[index] = std::make_unique<std::string>(value->bytes);
    }
  }
  napi_value array = nullptr, nothing = nullptr;
  napi_get_undefined(env, &nothing);
  if (!Check(env, napi_create_array_with_length(env, keys.size(), &array))) return nullptr;
  for (size_t index = 0; index < values.size(); ++index) {
    napi_value item = values[index] == nullptr ? nothing : MakeString(env, *values[index]);
    if (item == nullptr || !Check(env, napi_set_element(env, array, index, item))) return nullptr;
  }
  return array;
}

// False: a value had no room; those before it are stored.
bool PutAll(Access& access, const std::vector<Key>& keys, const BytesList& list, TimeMs expires_at_ms) {
  for (size_t index = 0; index < keys.size(); ++index) {
    const std::string_view value = list[2 * index + 1];
    BlockRef block;
    if (!BlockFor(value, &block)) return false;
    if (PutBytes(access, keys[index], value, std::move(block), expires_at_ms) != PutResult::kOk) return false;
  }
  return true;
}

napi_value SetMany(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  BytesList list;
  std::vector<Key> keys;
  int64_t expires_at_ms = 0;
  if (core == nullptr || !list.Read(env, arguments[1]) || !ReadInteger(env, arguments[2], &expires_at_ms))
    return nullptr;
  if (list.size() % 2 != 0) {
    Throw(env, "INVALID_ARGUMENT", "expected key, value, key, value ...");
    return nullptr;
  }
  if (!LocateAll(env, (*core)->store(), arguments[3], list, 2, &keys) || keys.empty()) return nullptr;
  if ((*core)->refuses_writes()) {
    Throw(env, "WRITES_REFUSED", "writes are refused: the log can not be written");
    return nullptr;
  }
  Access access;
  const Intent intent{.writes = true, .adds_keys = true, .must_succeed = true, .value_bytes = list.total_bytes()};
  bool is_stored = (*core)->store().Begin(&access, keys, intent, port::CoarseUnixTimeMs()) == Admission::kOk;
  if (is_stored) {
    is_stored = PutAll(access, keys, list, expires_at_ms);
    access.Commit();
  }
  access = Access();
  if (!is_stored) KeyCall::ThrowFull(env);
  return nullptr;
}

napi_value Flush(napi_env env, napi_callback_info info, bool is_all) {
  const Arguments<2> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  uint64_t database = 0;
  if (core == nullptr) return nullptr;
  Store& store = (*core)->store();
  if (!is_all && !ReadUnsigned(env, arguments[1], store.database_count() - 1, &database)) return nullptr;
  if ((*core)->refuses_writes()) {
    Throw(env, "WRITES_REFUSED", "writes are refused: the log can not be written");
    return nullptr;
  }
  bool is_begun = false;
  {
    Access access;
    const Intent intent{.writes = true, .all_shards = true, .must_succeed = true};
    is_begun = store.Begin(&access, {}, intent, port::CoarseUnixTimeMs()) == Admission::kOk;
    if (is_begun && is_all) access.FlushAll();
    if (is_begun && !is_all) access.Flush(static_cast<uint32_t>(database));
    if (is_begun) access.Commit();
  }
  if (!is_begun) KeyCall::ThrowFull(env);
  return nullptr;
}

napi_value FlushDatabase(napi_env env, napi_callback_info info) { return Flush(env, info, false); }
napi_value FlushAll(napi_env env, napi_callback_info info) { return Flush(env, info, true); }

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
      {"storeGetMany", GetMany},
      {"storeSetMany", SetMany},
      {"storeFlush", FlushDatabase},
      {"storeFlushAll", FlushAll},
  };
  Define(env, exports, kMethods);
}

}  // namespace distcache::addon
