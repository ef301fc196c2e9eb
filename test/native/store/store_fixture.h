// A store with calls of one line each, and an exact LRU to compare with.
#pragma once

#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

namespace distcache::store {

class StoreUnderTest {
 public:
  explicit StoreUnderTest(StoreOptions options) {
    options.seed.fill(42);
    store_ = std::move(Store::Create(options).value());
  }
  Store& store() { return *store_; }

  void Set(std::string_view key, std::string_view value, TimeMs expires_at_ms = 0) {
    SetIn(0, key, value, expires_at_ms);
  }
  void SetIn(uint32_t database, std::string_view name, std::string_view value, TimeMs expires_at_ms = 0) {
    const Key key = store_->Locate(database, name);
    Access access;
    ASSERT_EQ(
        store_->Begin(&access, {&key, 1}, {.writes = true, .adds_keys = true, .value_bytes = value.size()}, now_ms),
        Admission::kOk);
    ASSERT_EQ(access.Put(key, value, expires_at_ms), PutResult::kOk);
  }
  Admission SetMany(const std::vector<std::string>& names, std::string_view value) {
    std::vector<Key> keys;
    for (const std::string& name : names) keys.push_back(store_->Locate(0, name));
    Access access;
    const Admission admission = store_->Begin(
        &access, keys, {.writes = true, .adds_keys = true, .value_bytes = value.size() * names.size()}, now_ms);
    if (admission != Admission::kOk) return admission;
    for (const Key& key : keys) EXPECT_EQ(access.Put(key, value, 0), PutResult::kOk);
    return admission;
  }
  std::optional<std::string> Get(std::string_view name) { return Read(name, true); }
  std::optional<std::string> Peek(std::string_view name) { return Read(name, false); }
  bool Remove(std::string_view name) {
    const Key key = store_->Locate(0, name);
    Access access;
    EXPECT_EQ(store_->Begin(&access, {&key, 1}, {.writes = true}, now_ms), Admission::kOk);
    return access.Remove(key);
  }
  bool Expire(std::string_view name, TimeMs expires_at_ms) {
    const Key key = store_->Locate(0, name);
    Access access;
    EXPECT_EQ(store_->Begin(&access, {&key, 1}, {.writes = true}, now_ms), Admission::kOk);
    return access.SetExpiry(key, expires_at_ms);
  }
  void Flush(uint32_t database) { OpenAll().Flush(database); }
  void FlushAll() { OpenAll().FlushAll(); }
  void Swap(uint32_t a, uint32_t b) { OpenAll().SwapDatabases(a, b); }
  uint64_t Watch(std::string_view name) {
    bool is_missing = false;
    return store_->Watch(store_->Locate(0, name), now_ms, &is_missing);
  }
  uint64_t WatchVersion(std::string_view name) {
    const Key key = store_->Locate(0, name);
    Access access;
    EXPECT_EQ(store_->Begin(&access, {&key, 1}, {}, now_ms), Admission::kOk);
    return access.WatchVersion(key);
  }

  TimeMs now_ms = 10'000;

 private:
  std::optional<std::string> Read(std::string_view name, bool touches) {
    const Key key = store_->Locate(0, name);
    Access access;
    EXPECT_EQ(store_->Begin(&access, {&key, 1}, {}, now_ms), Admission::kOk);
    const ValueView* view = touches ? access.Get(key) : access.Peek(key);
    if (view == nullptr) return std::nullopt;
    return std::string(view->bytes);
  }
  Access OpenAll() {
    Access access;
    EXPECT_EQ(store_->Begin(&access, {}, {.writes = true, .all_shards = true}, now_ms), Admission::kOk);
    return access;
  }

  std::unique_ptr<Store> store_;
};

// The least recently used of a number of keys goes first, always.
class ExactLru {
 public:
  explicit ExactLru(size_t bound) : bound_(bound) {}
  // Uses a key, which is put if it is missing; whether it was there.
  bool Touch(const std::string& key) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    if (order_.size() == bound_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(key);
    places_[key] = order_.begin();
    return false;
  }

 private:
  size_t bound_;
  std::list<std::string> order_;
  std::unordered_map<std::string, std::list<std::string>::iterator> places_;
};

}  // namespace distcache::store
