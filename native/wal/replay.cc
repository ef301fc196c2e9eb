#include "wal/replay.h"

#include <algorithm>
#include <array>
#include <string>

#include "resp/limits.h"

namespace distcache::wal {
namespace {

using store::Access;
using store::Effect;
using store::EffectKind;
using store::Intent;
using store::Key;

// A file is not believed when it asks for more memory than any command could.
constexpr uint64_t kLargestValueBytes = resp::kMaxBulkBytes;

constexpr store::TimeMs kReplaySlackMs = 10 * 60 * 1000;

bool IsKeyed(EffectKind kind) {
  return kind == EffectKind::kPut || kind == EffectKind::kRemove || kind == EffectKind::kExpire ||
         kind == EffectKind::kWriteAt;
}

Intent IntentOf(const Effect& effect) {
  return {.writes = true,
          .adds_keys = effect.kind == EffectKind::kPut || effect.kind == EffectKind::kWriteAt,
          .copies_existing = effect.kind == EffectKind::kWriteAt,
          .all_shards = !IsKeyed(effect.kind),
          .must_succeed = true,
          .value_bytes = effect.bytes.size()};
}

store::PutResult Perform(Access* access, const Key& key, const Effect& effect) {
  switch (effect.kind) {
    case EffectKind::kPut:
      return access->Put(key, effect.bytes, effect.expires_at_ms);
    case EffectKind::kWriteAt:
      return access->WriteAt(key, effect.offset, effect.bytes);
    case EffectKind::kRemove:
      access->Remove(key);
      break;
    case EffectKind::kExpire:
      access->SetExpiry(key, effect.expires_at_ms);
      break;
    case EffectKind::kFlush:
      access->Flush(effect.database);
      break;
    case EffectKind::kFlushAll:
      access->FlushAll();
      break;
    case EffectKind::kSwap:
      access->SwapDatabases(effect.database, static_cast<uint32_t>(effect.offset));
      break;
  }
  return store::PutResult::kOk;
}

Status ApplyEffect(store::Store* store, const Effect& effect, store::TimeMs now_ms) {
  const uint64_t databases = store->database_count();
  if (effect.database >= databases || (effect.kind == EffectKind::kSwap && effect.offset >= databases)) {
    return {StatusCode::kCorrupt, "it names database " +
                                      std::to_string(std::max<uint64_t>(effect.database, effect.offset)) +
                                      " but there are " + std::to_string(databases) + " (setting DATABASES)"};
  }
  if (effect.kind == EffectKind::kWriteAt &&
      (effect.offset > kLargestValueBytes || effect.bytes.size() > kLargestValueBytes - effect.offset)) {
    return {StatusCode::kCorrupt, "it makes a value larger than values can be"};
  }
  Key key{};
  const bool is_keyed = IsKeyed(effect.kind);
  if (is_keyed) key = store->Locate(effect.database, effect.key);
  Access access;
  const std::span<const Key> keys{&key, is_keyed ? 1u : 0u};
  if (store->Begin(&access, keys, IntentOf(effect), now_ms) != store::Admission::kOk ||
      Perform(&access, key, effect) != store::PutResult::kOk) {
    return {StatusCode::kOutOfMemory, "there is no memory for what it holds"};
  }
  access.Commit();
  return Status::Ok();
}

}  // namespace

Status ApplyEffects(store::Store* store, std::span<const Effect> effects, store::TimeMs now_ms) {
  for (const Effect& effect : effects) {
    Status status = ApplyEffect(store, effect, now_ms);
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

// Looks ahead at the first effect of each record only: nearly all records have no other.
Status ApplyRecords(store::Store* store, std::span<const Record> records, store::TimeMs now_ms) {
  std::array<Key, kReplayAhead> keys;
  size_t count = 0;
  for (const Record& record : records) {
    const Effect& effect = record.effects.front();
    if (count < keys.size() && IsKeyed(effect.kind) && effect.database < store->database_count()) {
      keys[count++] = store->Locate(effect.database, effect.key);
    }
  }
  store->PrefetchAll({keys.data(), count});
  for (const Record& record : records) {
    Status status = ApplyEffects(store, record.effects, now_ms);
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

store::TimeMs ReplayTimeMs(store::TimeMs begun_at_ms) {
  return std::max<store::TimeMs>(begun_at_ms - kReplaySlackMs, 1);
}

}  // namespace distcache::wal
