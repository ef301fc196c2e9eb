// A log that keeps what it is told, can be full, and can replay itself into a plain map.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/write_log.h"

namespace distcache::store {

struct LoggedEffect {
  EffectKind kind;
  uint32_t database;
  int64_t expires_at_ms;
  uint64_t offset;
  std::string key;
  std::string bytes;
};

class RecordingLog final : public WriteLog {
 public:
  bool Reserve(uint64_t payload_bytes, bool must_succeed) override {
    const std::lock_guard lock(mutex_);
    if (is_full && !must_succeed) return false;
    reserved_ += static_cast<int64_t>(payload_bytes);
    ++open_;
    return true;
  }
  void Unreserve(uint64_t payload_bytes) override {
    const std::lock_guard lock(mutex_);
    reserved_ -= static_cast<int64_t>(payload_bytes);
    --open_;
  }
  uint64_t Append(std::span<const Effect> effects, uint64_t reserved_payload_bytes) override {
    const std::lock_guard lock(mutex_);
    if (reserved_payload_bytes != kNoReservation) {
      reserved_ -= static_cast<int64_t>(reserved_payload_bytes);
      --open_;
    }
    std::vector<LoggedEffect>& record = records.emplace_back();
    for (const Effect& effect : effects) {
      record.push_back({effect.kind, effect.database, effect.expires_at_ms, effect.offset, std::string(effect.key),
                        std::string(effect.bytes)});
    }
    return records.size();
  }
  // Every reservation has ended.
  bool is_balanced() {
    const std::lock_guard lock(mutex_);
    return reserved_ == 0 && open_ == 0;
  }

  struct Value {
    std::string bytes;
    int64_t expires_at_ms;
    bool operator==(const Value&) const = default;
  };
  using Contents = std::map<std::pair<uint32_t, std::string>, Value>;

  Contents Replay() {
    const std::lock_guard lock(mutex_);
    Contents contents;
    for (const auto& record : records) {
      for (const LoggedEffect& effect : record) Apply(effect, &contents);
    }
    return contents;
  }

  std::vector<std::vector<LoggedEffect>> records;
  bool is_full = false;

 private:
  static void Apply(const LoggedEffect& effect, Contents* contents) {
    const std::pair key(effect.database, effect.key);
    switch (effect.kind) {
      case EffectKind::kPut:
        (*contents)[key] = {effect.bytes, effect.expires_at_ms};
        break;
      case EffectKind::kRemove:
        contents->erase(key);
        break;
      case EffectKind::kExpire:
        if (auto found = contents->find(key); found != contents->end())
          found->second.expires_at_ms = effect.expires_at_ms;
        break;
      case EffectKind::kWriteAt: {
        std::string& value = (*contents)[key].bytes;
        if (value.size() < effect.offset + effect.bytes.size()) value.resize(effect.offset + effect.bytes.size());
        value.replace(effect.offset, effect.bytes.size(), effect.bytes);
        break;
      }
      case EffectKind::kFlush:
        std::erase_if(*contents, [&](const auto& one) { return one.first.first == effect.database; });
        break;
      case EffectKind::kFlushAll:
        contents->clear();
        break;
      case EffectKind::kSwap: {
        const auto other = static_cast<uint32_t>(effect.offset);
        Contents swapped;
        for (auto& [place, value] : *contents) {
          const uint32_t database = place.first == effect.database ? other
                                    : place.first == other         ? effect.database
                                                                   : place.first;
          swapped[{database, place.second}] = value;
        }
        *contents = std::move(swapped);
        break;
      }
    }
  }

  std::mutex mutex_;
  int64_t reserved_ = 0;
  int64_t open_ = 0;
};

}  // namespace distcache::store
