// Random operations on a store and on a plain map, compared after every step; the seed is printed on failure.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/recording_log.h"
#include "store/store.h"

namespace distcache::store {
namespace {

using Model = RecordingLog::Contents;

constexpr uint32_t kDatabases = 3;

class ModelRun {
 public:
  ModelRun(uint64_t seed, StoreOptions options) : random_(seed) {
    options.databases = kDatabases;
    options.log = &log_;
    options.seed.fill(static_cast<uint8_t>(seed));
    store_ = std::move(Store::Create(options).value());
  }

  void Step() {
    now_ms_ += Below(20);
    switch (Below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return Put();
      case 5:
      case 6:
        return Get();
      case 7:
      case 8:
        return Remove();
      case 9:
        return SetExpiry();
      case 10:
      case 11:
        return WriteAt();
      case 12:
        return Transaction();
      case 13:
        return Below(60) == 0 ? FlushOrSwap() : Get();
      case 14:
        store_->SweepExpired(now_ms_, 1 + Below(50));
        return;
      case 15:
        return Below(20) == 0 ? RemoveMany() : Put();
      case 16:
        return Below(10) == 0 ? ScanAll() : Put();
      default:
        return Put();
    }
  }

  void Check() {
    const Status status = store_->CheckInvariants();
    ASSERT_TRUE(status.ok()) << status.message();
    for (const auto& [place, value] : model_) {
      if (value.expires_at_ms != 0 && value.expires_at_ms <= now_ms_) continue;
      Access access;
      const Key key = Open(&access, place.first, place.second, {});
      const ValueView* view = access.Peek(key);
      ASSERT_NE(view, nullptr) << place.second;
      ASSERT_EQ(view->bytes, value.bytes);
      ASSERT_EQ(view->expires_at_ms, value.expires_at_ms);
    }
    std::map<uint32_t, uint64_t> counts;
    for (const auto& [place, value] : model_) {
      if (value.expires_at_ms == 0 || value.expires_at_ms > now_ms_) ++counts[place.first];
    }
    for (uint32_t database = 0; database < kDatabases; ++database) {
      ASSERT_GE(store_->EntryCount(database), counts[database]);  // the store may hold expired ones, too
    }
    ASSERT_TRUE(log_.is_balanced());
    ASSERT_EQ(Live(log_.Replay()), Live(model_));
  }

 private:
  uint64_t Below(uint64_t end) { return random_() % end; }
  std::string RandomKey() {
    std::string key = "key:" + std::to_string(Below(Below(4) == 0 ? 3000 : 300));
    if (key.back() == '7') key += std::string(300, 'k');
    if (key == "key:13") key += std::string(6000, 'K');
    return key;
  }
  std::string RandomBytes() {
    static constexpr size_t kSizes[] = {0, 1, 7, 64, 65, 200, 1000, 4000, 16384, 16385, 40000};
    std::string bytes(kSizes[Below(Below(3) == 0 ? 11 : 6)] + Below(3), static_cast<char>('a' + Below(26)));
    return bytes;
  }
  TimeMs RandomDeadline() { return Below(3) == 0 ? now_ms_ + 1 + static_cast<TimeMs>(Below(2000)) : 0; }

  Model Live(Model contents) const {
    std::erase_if(contents, [this](const auto& one) {
      return one.second.expires_at_ms != 0 && one.second.expires_at_ms <= now_ms_;
    });
    return contents;
  }
  // The model's value, without one that has expired.
  RecordingLog::Value* Find(uint32_t database, const std::string& key) {
    const auto found = model_.find({database, key});
    if (found == model_.end()) return nullptr;
    if (found->second.expires_at_ms == 0 || found->second.expires_at_ms > now_ms_) return &found->second;
    model_.erase(found);
    return nullptr;
  }
  Key Open(Access* access, uint32_t database, const std::string& key, const Intent& intent) {
    const Key keys[] = {store_->Locate(database, key)};
    EXPECT_EQ(store_->Begin(access, keys, intent, now_ms_), Admission::kOk);
    return keys[0];
  }

  void Put() {
    const auto database = static_cast<uint32_t>(Below(kDatabases));
    const std::string name = RandomKey(), bytes = RandomBytes();
    const TimeMs deadline = RandomDeadline();
    Access access;
    const Key key = Open(&access, database, name, {.writes = true, .adds_keys = true, .value_bytes = bytes.size()});
    ASSERT_EQ(access.Put(key, bytes, deadline), PutResult::kOk);
    model_[{database, name}] = {bytes, deadline};
  }
  void Get() {
    const auto database = static_cast<uint32_t>(Below(kDatabases));
    const std::string name = RandomKey();
    Access access;
    const Key key = Open(&access, database, name, {});
    const ValueView* view = access.Get(key);
    const RecordingLog::Value* wanted = Find(database, name);
    ASSERT_EQ(view != nullptr, wanted != nullptr);
    if (view != nullptr) {
      ASSERT_EQ(view->bytes, wanted->bytes);
    }
  }
  void Remove() {
    const auto database = static_cast<uint32_t>(Below(kDatabases));
    const std::string name = RandomKey();
    Access access;
    const Key key = Open(&access, database, name, {.writes = true});
    ASSERT_EQ(access.Remove(key), Find(database, name) != nullptr);
    model_.erase({database, name});
  }
  void SetExpiry() {
    const auto database = static_cast<uint32_t>(Below(kDatabases));
    const std::string name = RandomKey();
    const TimeMs deadline = RandomDeadline();
    Access access;
    const Key key = Open(&access, database, name, {.writes = true});
    RecordingLog::Value* value = Find(database, name);
    ASSERT_EQ(access.SetExpiry(key, deadline), value != nullptr);
    if (value != nullptr) value->expires_at_ms = deadline;
  }
  void WriteAt() {
    const auto database = static_cast<uint32_t>(Below(kDatabases));
    const std::string name = RandomKey(), bytes = "<" + RandomBytes() + ">";
    const uint64_t offset = Below(2) == 0 ? Below(100) : Below(20000);
    Access access;
    const Key key =
        Open(&access, database, name,
             {.writes = true, .adds_keys = true, .copies_existing = true, .value_bytes = offset + bytes.size()});
    ASSERT_EQ(access.WriteAt(key, offset, bytes), PutResult::kOk);
    if (Find(database, name) == nullptr) model_[{database, name}] = {"", 0};
    std::string& value = model_[{database, name}].bytes;
    if (value.size() < offset + bytes.size()) value.resize(offset + bytes.size());
    value.replace(offset, bytes.size(), bytes);
  }
  // Several keys at once, with values copied between them, as one record.
  void Transaction() {
    std::vector<std::string> names;
    std::vector<uint32_t> databases;
    std::vector<Key> keys;
    for (int i = 0; i < 5; ++i) {
      names.push_back(RandomKey());
      databases.push_back(static_cast<uint32_t>(Below(kDatabases)));
    }
    for (int i = 0; i < 5; ++i) keys.push_back(store_->Locate(databases[i], names[i]));
    const size_t records = log_.records.size();
    Access access;
    ASSERT_EQ(store_->Begin(&access, keys,
                            {.writes = true, .adds_keys = true, .copies_existing = true, .value_bytes = 100}, now_ms_),
              Admission::kOk);
    for (int i = 0; i + 1 < 5; ++i) {
      if (const ValueView* view = access.Get(keys[i])) {
        const std::string bytes(view->bytes);
        const TimeMs deadline = view->expires_at_ms;
        ASSERT_EQ(view->block != nullptr ? access.PutBlock(keys[i + 1], *view->block, deadline)
                                         : access.Put(keys[i + 1], view->bytes, deadline),
                  PutResult::kOk);
        model_[{databases[i + 1], names[i + 1]}] = {bytes, deadline};
      } else {
        ASSERT_EQ(Find(databases[i], names[i]), nullptr);
        access.Remove(keys[i + 1]);
        model_.erase({databases[i + 1], names[i + 1]});
      }
    }
    access.Commit();
    ASSERT_LE(log_.records.size(), records + 1);
  }
  void FlushOrSwap() {
    Access access;
    ASSERT_EQ(store_->Begin(&access, {}, {.writes = true, .all_shards = true}, now_ms_), Admission::kOk);
    const auto a = static_cast<uint32_t>(Below(kDatabases));
    const auto b = static_cast<uint32_t>(Below(kDatabases));
    const uint64_t which = Below(8);
    if (which == 0) {
      access.FlushAll();
      model_.clear();
    } else if (which < 4) {
      access.Flush(a);
      std::erase_if(model_, [a](const auto& one) { return one.first.first == a; });
    } else {
      access.SwapDatabases(a, b);
      Model swapped;
      for (auto& [place, value] : model_) {
        swapped[{place.first == a ? b : place.first == b ? a : place.first, place.second}] = value;
      }
      model_ = std::move(swapped);
    }
  }
  void RemoveMany() {
    for (int i = 0; i < 300; ++i) Remove();
  }
  void ScanAll() {
    const auto database = static_cast<uint32_t>(Below(kDatabases));
    std::set<std::string> seen;
    uint64_t cursor = 0;
    do {
      cursor = store_->Scan(database, cursor, 1 + Below(50), now_ms_,
                            [&](std::string_view key, uint32_t of, const ValueView&) {
                              EXPECT_EQ(of, database);
                              EXPECT_TRUE(seen.insert(std::string(key)).second) << key;
                              return true;
                            });
    } while (cursor != 0);
    std::set<std::string> wanted;
    for (const auto& [place, value] : Live(model_)) {
      if (place.first == database) wanted.insert(place.second);
    }
    ASSERT_EQ(seen, wanted);
  }

  std::mt19937_64 random_;
  RecordingLog log_;
  std::unique_ptr<Store> store_;
  Model model_;
  TimeMs now_ms_ = 1000;
};

void RunModel(uint64_t seed, const StoreOptions& options) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  ModelRun run(seed, options);
  for (int i = 0; i < 6000; ++i) {
    run.Step();
    if (i % 500 == 499) run.Check();
    if (testing::Test::HasFatalFailure() || testing::Test::HasNonfatalFailure()) return;
  }
}

TEST(StoreModel, BehavesAsAMapInOneShard) {
  for (uint64_t seed = 1; seed <= 4; ++seed) RunModel(seed, {.shards = 1});
}

TEST(StoreModel, BehavesAsAMapInManyShards) {
  for (uint64_t seed = 10; seed <= 13; ++seed) RunModel(seed, {.shards = 16});
}

// Generous bounds take the admission's way through every command and must change nothing.
TEST(StoreModel, BehavesAsAMapWithinItsBounds) {
  for (uint64_t seed = 20; seed <= 23; ++seed) {
    RunModel(seed, {.shards = 4, .max_entries = 100000, .max_memory_bytes = 1ull << 32});
  }
}

}  // namespace
}  // namespace distcache::store
