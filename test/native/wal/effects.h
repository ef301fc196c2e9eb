// Effects to write down and compare in the tests of the log and of snapshots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wal/record.h"
#include "wal/segment_header.h"

namespace distcache::wal {

inline bool IsSame(const store::Effect& a, const store::Effect& b) {
  return a.kind == b.kind && a.type == b.type && a.database == b.database && a.expires_at_ms == b.expires_at_ms &&
         a.offset == b.offset && a.key == b.key && a.bytes == b.bytes;
}

inline store::Effect Put(std::string_view key, std::string_view bytes, int64_t expires_at_ms = 0,
                         uint32_t database = 0) {
  return {.kind = store::EffectKind::kPut,
          .database = database,
          .expires_at_ms = expires_at_ms,
          .key = key,
          .bytes = bytes};
}

inline store::Effect Remove(std::string_view key, uint32_t database = 0) {
  return {.kind = store::EffectKind::kRemove, .database = database, .key = key};
}

inline store::Effect Expire(std::string_view key, int64_t expires_at_ms) {
  return {.kind = store::EffectKind::kExpire, .expires_at_ms = expires_at_ms, .key = key};
}

inline store::Effect WriteAt(std::string_view key, uint64_t offset, std::string_view bytes) {
  return {.kind = store::EffectKind::kWriteAt, .offset = offset, .key = key, .bytes = bytes};
}

inline store::Effect Flush(uint32_t database) { return {.kind = store::EffectKind::kFlush, .database = database}; }
inline store::Effect FlushAll() { return {.kind = store::EffectKind::kFlushAll}; }
inline store::Effect Swap(uint32_t a, uint32_t b) {
  return {.kind = store::EffectKind::kSwap, .database = a, .offset = b};
}

inline LogId TestLogId(uint8_t salt = 0) {
  LogId id;
  for (size_t i = 0; i < id.size(); ++i) id[i] = static_cast<uint8_t>(i * 17 + 1 + salt);
  return id;
}

inline std::string Encode(Format format, uint64_t sequence, const std::vector<store::Effect>& effects,
                          const LogId& log_id = TestLogId()) {
  std::string bytes(EncodedRecordBytes(format, sequence, effects), '\0');
  EncodeRecord(format, ChecksumSeed(log_id), sequence, effects, bytes.data());
  return bytes;
}

}  // namespace distcache::wal
