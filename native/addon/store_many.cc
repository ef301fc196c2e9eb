// Calls that touch several keys or all of them at one moment: one Access, and in the log one record.
#include <string>
#include <vector>

#include "addon/arguments.h"
#include "addon/store_object.h"
#include "addon/store_writing.h"
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

// A value taken out from under the locks: a copy of a small one, a reference to a big one.
struct FoundValue {
  bool is_there = false;
  std::string copy;
  BlockRef block;

  void Take(const ValueView& value) {
    is_there = true;
    if (value.block != nullptr) {
      block = *value.block;
    } else {
      copy.assign(value.bytes);
    }
  }
  std::string_view view() const { return block ? block->view() : std::string_view(copy); }
};

napi_value GetMany(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  BytesList list;
  std::vector<Key> keys;
  if (core == nullptr || !list.Read(env, arguments[1]) ||
      !LocateAll(env, (*core)->store(), arguments[2], list, 1, &keys)) {
    return nullptr;
  }
  std::vector<FoundValue> values(keys.size());
  if (!keys.empty()) {
    Access access;
    if ((*core)->store().Begin(&access, keys, Intent{}, port::CoarseUnixTimeMs()) != Admission::kOk) {
      ThrowFull(env);
      return nullptr;
    }
    for (size_t index = 0; index < keys.size(); ++index) {
      const ValueView* value = access.Get(keys[index]);
      if (value != nullptr) values[index].Take(*value);
    }
  }
  napi_value array = nullptr, nothing = nullptr;
  napi_get_undefined(env, &nothing);
  if (!Check(env, napi_create_array_with_length(env, keys.size(), &array))) return nullptr;
  for (size_t index = 0; index < values.size(); ++index) {
    napi_value item = values[index].is_there ? MakeString(env, values[index].view()) : nothing;
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
  if (!MayWrite(env, **core)) return nullptr;
  Access access;
  const Intent intent{.writes = true, .adds_keys = true, .must_succeed = true, .value_bytes = list.total_bytes()};
  bool is_stored = (*core)->store().Begin(&access, keys, intent, port::CoarseUnixTimeMs()) == Admission::kOk;
  if (is_stored) {
    is_stored = PutAll(access, keys, list, expires_at_ms);
    access.Commit();
  }
  access = Access();
  if (!is_stored) ThrowFull(env);
  return nullptr;
}

napi_value Flush(napi_env env, napi_callback_info info, bool is_all) {
  const Arguments<2> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  uint64_t database = 0;
  if (core == nullptr) return nullptr;
  Store& store = (*core)->store();
  if (!is_all && !ReadUnsigned(env, arguments[1], store.database_count() - 1, &database)) return nullptr;
  if (!MayWrite(env, **core)) return nullptr;
  bool is_begun = false;
  {
    Access access;
    const Intent intent{.writes = true, .all_shards = true, .must_succeed = true};
    is_begun = store.Begin(&access, {}, intent, port::CoarseUnixTimeMs()) == Admission::kOk;
    if (is_begun && is_all) access.FlushAll();
    if (is_begun && !is_all) access.Flush(static_cast<uint32_t>(database));
    if (is_begun) access.Commit();
  }
  if (!is_begun) ThrowFull(env);
  return nullptr;
}

napi_value FlushDatabase(napi_env env, napi_callback_info info) { return Flush(env, info, false); }
napi_value FlushAll(napi_env env, napi_callback_info info) { return Flush(env, info, true); }

}  // namespace

void RegisterStoreMany(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {
      {"storeGetMany", GetMany},
      {"storeSetMany", SetMany},
      {"storeFlush", FlushDatabase},
      {"storeFlushAll", FlushAll},
  };
  Define(env, exports, kMethods);
}

}  // namespace distcache::addon
