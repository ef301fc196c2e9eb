// The versions of the keys of one shard that somebody watches (WATCH). Holds nothing while nobody does. Called with the shard's
// lock held.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace distcache::store {

struct WatchedKey {
  uint64_t hash;
  uint64_t version;
  uint32_t watchers;
  uint8_t database;  // physical
  std::string key;
};

class WatchTable {
 public:
  // Versions come from one counter for all shards of a store, so that a key may change its shard (SWAPDB) and none repeats.
  static uint64_t NextVersion(std::atomic<uint64_t>* versions) {
    return versions->fetch_add(1, std::memory_order_relaxed) + 1;
  }

  bool empty() const { return watched_.empty(); }
  uint64_t Watch(uint64_t hash, uint8_t database, std::string_view key, std::atomic<uint64_t>* versions) {
    for (WatchedKey& watched : watched_) {
      if (watched.hash != hash || watched.key != key) continue;
      ++watched.watchers;
      return watched.version;
    }
    watched_.push_back({hash, NextVersion(versions), 1, database, std::string(key)});
    return watched_.back().version;
  }
  void Unwatch(uint64_t hash, std::string_view key) {
    for (size_t i = 0; i < watched_.size(); ++i) {
      if (watched_[i].hash != hash || watched_[i].key != key) continue;
      if (--watched_[i].watchers > 0) return;
      if (i + 1 < watched_.size()) watched_[i] = std::move(watched_.back());
      watched_.pop_back();
      return;
    }
  }
  // 0 when nobody watches the key. Two keys of one hash share their fate: a transaction too many is aborted.
  uint64_t VersionOf(uint64_t hash) const {
    for (const WatchedKey& watched : watched_) {
      if (watched.hash == hash) return watched.version;
    }
    return 0;
  }
  void Touch(uint64_t hash, std::atomic<uint64_t>* versions) {
    for (WatchedKey& watched : watched_) {
      if (watched.hash == hash) watched.version = NextVersion(versions);
    }
  }
  template <typename Predicate>
  void TouchIf(const Predicate& should_touch, std::atomic<uint64_t>* versions) {
    for (WatchedKey& watched : watched_) {
      if (should_touch(watched)) watched.version = NextVersion(versions);
    }
  }
  // Moves the watched keys of a database to the end of *taken.
  void TakeDatabase(uint8_t database, std::vector<WatchedKey>* taken) {
    for (size_t i = watched_.size(); i-- > 0;) {
      if (watched_[i].database != database) continue;
      taken->push_back(std::move(watched_[i]));
      if (i + 1 < watched_.size()) watched_[i] = std::move(watched_.back());
      watched_.pop_back();
    }
  }
  void Put(WatchedKey watched) { watched_.push_back(std::move(watched)); }

 private:
  std::vector<WatchedKey> watched_;
};

}  // namespace distcache::store
