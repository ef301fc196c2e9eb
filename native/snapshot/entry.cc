#include "snapshot/entry.h"

#include "core/bytes.h"
#include "snapshot/format.h"
#include "wal/varint.h"

namespace distcache::snapshot {
namespace {

constexpr size_t kLongestHeadBytes = 1 + 1 + 8 + 4 * wal::kLongestVarintBytes;

bool ReadString(const char** at, const char* end, std::string_view* bytes) {
  uint64_t size = 0;
  if (!wal::ReadVarint(at, end, &size) || size > static_cast<uint64_t>(end - *at)) return false;
  *bytes = {*at, static_cast<size_t>(size)};
  *at += size;
  return true;
}

}  // namespace

void AppendEntryHead(const Entry& entry, uint64_t value_bytes, std::string* out) {
  char head[kLongestHeadBytes];
  char* at = head;
  *at++ = static_cast<char>((entry.expires_at_ms != 0 ? kEntryHasDeadline : 0) | (entry.type != 0 ? kEntryHasType : 0));
  at = wal::WriteVarint(at, entry.database);
  if (entry.type != 0) *at++ = static_cast<char>(entry.type);
  if (entry.expires_at_ms != 0) {
    StoreUnaligned(at, entry.expires_at_ms);
    at += sizeof(entry.expires_at_ms);
  }
  at = wal::WriteVarint(at, entry.idle_s);
  at = wal::WriteVarint(at, entry.key.size());
  out->append(head, static_cast<size_t>(at - head)).append(entry.key);
  at = wal::WriteVarint(head, value_bytes);
  out->append(head, static_cast<size_t>(at - head));
}

bool ReadEntry(std::string_view* rest, Entry* entry) {
  const char* at = rest->data();
  const char* const end = at + rest->size();
  if (at == end) return false;
  const auto tag = static_cast<uint8_t>(*at++);
  uint64_t database = 0;
  if ((tag & kEntryUnknownMask) != 0 || !wal::ReadVarint(&at, end, &database) || database > UINT32_MAX) return false;
  *entry = {};
  entry->database = static_cast<uint32_t>(database);
  if ((tag & kEntryHasType) != 0) {
    if (at == end) return false;
    entry->type = static_cast<uint8_t>(*at++);
  }
  if ((tag & kEntryHasDeadline) != 0) {
    if (static_cast<size_t>(end - at) < sizeof(entry->expires_at_ms)) return false;
    entry->expires_at_ms = LoadUnaligned<store::TimeMs>(at);
    at += sizeof(entry->expires_at_ms);
  }
  if (!wal::ReadVarint(&at, end, &entry->idle_s)) return false;
  if (!ReadString(&at, end, &entry->key) || !ReadString(&at, end, &entry->value)) return false;
  *rest = {at, static_cast<size_t>(end - at)};
  return true;
}

}  // namespace distcache::snapshot
