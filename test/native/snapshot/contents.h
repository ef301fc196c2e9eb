// A store's whole contents as plain data, and short ways to change it, for the tests of logs and snapshots.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "store/store.h"

namespace distcache::store {

struct Held {
  std::string value;
  TimeMs expires_at_ms = 0;
  bool operator==(const Held&) const = default;
};

// (database, key) -> value
using Contents = std::map<std::pair<uint32_t, std::string>, Held>;

inline std::unique_ptr<Store> MakeStore(WriteLog* log = nullptr, uint32_t shards = 0, uint64_t max_entries = 0) {
  StoreOptions options;
  options.shards = shards;
  options.max_entries = max_entries;
  options.seed = {1, 2, 3};
  options.log = log;
  return std::move(Store::Create(options).value());
}

inline Contents ContentsOf(Store& store, TimeMs now_ms) {
  Contents contents;
  for (uint32_t database = 0; database < store.database_count(); ++database) {
    uint64_t cursor = 0;
    do {
      cursor = store.Scan(
          database, cursor, 1000, now_ms, [&](std::string_view key, uint32_t found_in, const ValueView& value) {
            const std::string_view bytes = value.block == nullptr ? value.bytes : (*value.block)->view();
            contents[{found_in, std::string(key)}] = {std::string(bytes), value.expires_at_ms};
            return true;
          });
    } while (cursor != 0);
  }
  return contents;
}

// Runs `change(access, key)` as one command on one key. Writers that are refused room spin: the drainer is another thread.
template <typename Change>
void Command(Store& store, uint32_t database, std::string_view key, uint64_t value_bytes, TimeMs now_ms,
             Change change) {
  const Key located = store.Locate(database, key);
  const Intent intent{.writes = true, .adds_keys = true, .copies_existing = true, .value_bytes = value_bytes};
  Access access;
  while (store.Begin(&access, {&located, 1}, intent, now_ms) != Admission::kOk) {
  }
  change(access, located);
  access.Commit();
}

inline void SetKey(Store& store, std::string_view key, std::string_view value, TimeMs now_ms, TimeMs expires_at_ms = 0,
                   uint32_t database = 0) {
  Command(store, database, key, value.size(), now_ms,
          [&](Access& access, const Key& located) { (void)access.Put(located, value, expires_at_ms); });
}

inline void RemoveKey(Store& store, std::string_view key, TimeMs now_ms, uint32_t database = 0) {
  Command(store, database, key, 0, now_ms, [](Access& access, const Key& located) { access.Remove(located); });
}

template <typename Change>
void OnAllShards(Store& store, TimeMs now_ms, Change change) {
  Access access;
  const Intent intent{.writes = true, .all_shards = true};
  while (store.Begin(&access, {}, intent, now_ms) != Admission::kOk) {
  }
  change(access);
  access.Commit();
}

}  // namespace distcache::store
