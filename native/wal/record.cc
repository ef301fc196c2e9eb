#include "wal/record.h"

#include <bit>
#include <cstring>

#include "core/crc32c.h"
#include "wal/text_record.h"
#include "wal/varint.h"

namespace distcache::wal {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

namespace {

using store::Effect;
using store::EffectKind;

uint64_t StringBytes(std::string_view bytes) { return VarintBytes(bytes.size()) + bytes.size(); }

bool HasKey(EffectKind kind) {
  return kind == EffectKind::kPut || kind == EffectKind::kRemove || kind == EffectKind::kExpire ||
         kind == EffectKind::kWriteAt;
}

bool HasBytes(EffectKind kind) { return kind == EffectKind::kPut || kind == EffectKind::kWriteAt; }

bool HasOffset(EffectKind kind) { return kind == EffectKind::kWriteAt || kind == EffectKind::kSwap; }

uint64_t EffectBytes(const Effect& effect) {
  uint64_t size = 1 + VarintBytes(effect.database);
  if (effect.type != 0) size += 1;
  if (effect.expires_at_ms != 0) size += sizeof(effect.expires_at_ms);
  if (HasOffset(effect.kind)) size += VarintBytes(effect.offset);
  if (HasKey(effect.kind)) size += StringBytes(effect.key);
  if (HasBytes(effect.kind)) size += StringBytes(effect.bytes);
  return size;
}

char* WriteString(char* out, std::string_view bytes) {
  out = WriteVarint(out, bytes.size());
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

char* WriteEffect(char* out, const Effect& effect) {
  auto tag = static_cast<uint8_t>(effect.kind);
  if (effect.expires_at_ms != 0) tag |= kTagHasDeadline;
  if (effect.type != 0) tag |= kTagHasType;
  *out++ = static_cast<char>(tag);
  out = WriteVarint(out, effect.database);
  if (effect.type != 0) *out++ = static_cast<char>(effect.type);
  if (effect.expires_at_ms != 0) {
    std::memcpy(out, &effect.expires_at_ms, sizeof(effect.expires_at_ms));
    out += sizeof(effect.expires_at_ms);
  }
  if (HasOffset(effect.kind)) out = WriteVarint(out, effect.offset);
  if (HasKey(effect.kind)) out = WriteString(out, effect.key);
  if (HasBytes(effect.kind)) out = WriteString(out, effect.bytes);
  return out;
}

// The header's 16 bytes as two words: checksum and size share the first, size and sequence the second.
struct Header {
  uint64_t low;
  uint64_t high;

  uint32_t checksum() const { return static_cast<uint32_t>(low); }
  uint64_t size_bytes() const { return low >> 32 | (high & 0xff) << 32; }
  uint64_t sequence() const { return high >> 8; }
};
static_assert(sizeof(Header) == kRecordHeaderBytes);

Header LoadHeader(std::string_view bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return header;
}

bool ReadString(const char** at, const char* end, std::string_view* bytes) {
  uint64_t size = 0;
  if (!ReadVarint(at, end, &size) || size > static_cast<uint64_t>(end - *at)) return false;
  *bytes = {*at, static_cast<size_t>(size)};
  *at += size;
  return true;
}

bool ReadNumber32(const char** at, const char* end, uint32_t* number) {
  uint64_t wide = 0;
  if (!ReadVarint(at, end, &wide) || wide > UINT32_MAX) return false;
  *number = static_cast<uint32_t>(wide);
  return true;
}

bool ReadEffect(const char** at, const char* end, Effect* effect) {
  if (*at == end) return false;
  const auto tag = static_cast<uint8_t>(*(*at)++);
  const uint8_t kind = tag & kTagKindMask;
  if ((tag & kTagUnknownMask) != 0 || kind < static_cast<uint8_t>(EffectKind::kPut) ||
      kind > static_cast<uint8_t>(EffectKind::kSwap)) {
    return false;
  }
  effect->kind = static_cast<EffectKind>(kind);
  if (!HasKey(effect->kind) && (tag & (kTagHasType | kTagHasDeadline)) != 0) return false;
  if (!ReadNumber32(at, end, &effect->database)) return false;
  if (effect->kind == EffectKind::kFlushAll && effect->database != 0) return false;
  if ((tag & kTagHasType) != 0) {
    if (*at == end) return false;
    effect->type = static_cast<uint8_t>(*(*at)++);
  }
  if ((tag & kTagHasDeadline) != 0) {
    if (static_cast<size_t>(end - *at) < sizeof(effect->expires_at_ms)) return false;
    std::memcpy(&effect->expires_at_ms, *at, sizeof(effect->expires_at_ms));
    *at += sizeof(effect->expires_at_ms);
  }
  if (HasOffset(effect->kind) && !ReadVarint(at, end, &effect->offset)) return false;
  if (HasKey(effect->kind) && !ReadString(at, end, &effect->key)) return false;
  return !HasBytes(effect->kind) || ReadString(at, end, &effect->bytes);
}

bool PeekBinary(std::string_view bytes, RecordClaim* claim) {
  if (bytes.size() < kRecordHeaderBytes) return false;
  const Header header = LoadHeader(bytes);
  *claim = {header.size_bytes(), header.sequence()};
  return claim->size_bytes >= kSmallestRecordBytes && claim->sequence >= 1 && claim->sequence <= kLargestSequence;
}

ParseResult Bad(std::string_view* reason, std::string_view why) {
  *reason = why;
  return ParseResult::kBad;
}

ParseResult ParseBinary(uint32_t checksum_seed, std::string_view bytes, Record* record, std::string_view* reason) {
  if (bytes.size() < kRecordHeaderBytes) return ParseResult::kIncomplete;
  RecordClaim claim;
  if (!PeekBinary(bytes, &claim)) return Bad(reason, "size or sequence number out of range");
  if (claim.size_bytes > bytes.size()) return ParseResult::kIncomplete;
  const std::string_view whole = bytes.substr(0, claim.size_bytes);
  const uint32_t checksum = Crc32c(whole.substr(sizeof(uint32_t)), checksum_seed);
  if (checksum != LoadHeader(whole).checksum()) return Bad(reason, "checksum does not match");

  record->sequence = claim.sequence;
  record->size_bytes = claim.size_bytes;
  const char* at = whole.data() + kRecordHeaderBytes;
  const char* const end = whole.data() + whole.size();
  while (at != end) {
    Effect effect{};
    if (!ReadEffect(&at, end, &effect)) return Bad(reason, "content is not a list of effects");
    record->effects.push_back(effect);
  }
  return ParseResult::kOk;
}

char* EncodeBinary(uint32_t checksum_seed, uint64_t sequence, std::span<const Effect> effects, char* out) {
  char* at = out + kRecordHeaderBytes;
  for (const Effect& effect : effects) at = WriteEffect(at, effect);
  const auto size = static_cast<uint64_t>(at - out);
  Header header{size << 32, size >> 32 | sequence << 8};
  std::memcpy(out, &header, sizeof(header));
  header.low |= Crc32c({out + sizeof(uint32_t), size - sizeof(uint32_t)}, checksum_seed);
  std::memcpy(out, &header.low, sizeof(header.low));
  return at;
}

}  // namespace

uint32_t ChecksumSeed(const LogId& log_id) {
  return Crc32c({reinterpret_cast<const char*>(log_id.data()), log_id.size()});
}

uint64_t EncodedRecordBytes(Format format, uint64_t sequence, std::span<const Effect> effects) {
  if (format == Format::kText) return TextRecordBytes(sequence, effects);
  uint64_t size = kRecordHeaderBytes;
  for (const Effect& effect : effects) size += EffectBytes(effect);
  return size;
}

char* EncodeRecord(Format format, uint32_t checksum_seed, uint64_t sequence, std::span<const Effect> effects,
                   char* out) {
  return format == Format::kText ? EncodeTextRecord(checksum_seed, sequence, effects, out)
                                 : EncodeBinary(checksum_seed, sequence, effects, out);
}

ParseResult ParseRecord(Format format, uint32_t checksum_seed, std::string_view bytes, Record* record,
                        std::string_view* reason) {
  std::string_view unread_reason;
  if (reason == nullptr) reason = &unread_reason;
  *reason = {};
  record->effects.clear();
  return format == Format::kText ? ParseTextRecord(checksum_seed, bytes, record, reason)
                                 : ParseBinary(checksum_seed, bytes, record, reason);
}

bool PeekRecord(Format format, std::string_view bytes, RecordClaim* claim) {
  return format == Format::kText ? PeekTextRecord(bytes, claim) : PeekBinary(bytes, claim);
}

}  // namespace distcache::wal
