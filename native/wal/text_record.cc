#include "wal/text_record.h"

#include <bit>
#include <charconv>
#include <cstring>

#include "core/crc32c.h"

namespace distcache::wal {
namespace {

using store::Effect;
using store::EffectKind;

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::string_view kSeparator = "; ";
constexpr size_t kChecksumDigits = 8;
constexpr size_t kLongestDecimal = 20;

std::string_view Verb(EffectKind kind) {
  switch (kind) {
    case EffectKind::kPut:
      return "PUT";
    case EffectKind::kRemove:
      return "REMOVE";
    case EffectKind::kExpire:
      return "EXPIRE";
    case EffectKind::kWriteAt:
      return "WRITEAT";
    case EffectKind::kFlush:
      return "FLUSH";
    case EffectKind::kFlushAll:
      return "FLUSHALL";
    case EffectKind::kSwap:
      return "SWAP";
  }
  return {};
}

bool IsPlain(char byte) { return byte >= 0x20 && byte <= 0x7e && byte != '"' && byte != '\\'; }

// Two ways to use one description of a line: Counter adds sizes up, Writer writes.
struct Counter {
  uint64_t size = 0;
  void Literal(std::string_view text) { size += text.size(); }
  void Number(uint64_t number) { size += DecimalDigits(number); }
  void Quoted(std::string_view bytes) {
    size += 2 + bytes.size();
    for (const char byte : bytes) {
      if (!IsPlain(byte)) size += byte == '"' || byte == '\\' ? 1 : 3;
    }
  }
};

struct Writer {
  char* out;
  void Literal(std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  }
  void Number(uint64_t number) { out = WriteDecimal(out, number); }
  void Quoted(std::string_view bytes) {
    *out++ = '"';
    for (const char byte : bytes) {
      if (IsPlain(byte)) {
        *out++ = byte;
      } else if (byte == '"' || byte == '\\') {
        *out++ = '\\';
        *out++ = byte;
      } else {
        const auto value = static_cast<uint8_t>(byte);
        *out++ = '\\';
        *out++ = 'x';
        *out++ = kHexDigits[value >> 4];
        *out++ = kHexDigits[value & 15];
      }
    }
    *out++ = '"';
  }
};

template <typename Sink>
void Describe(Sink* sink, const Effect& effect) {
  sink->Literal(Verb(effect.kind));
  if (effect.kind == EffectKind::kFlushAll) return;
  sink->Literal(" ");
  sink->Number(effect.database);
  if (effect.kind == EffectKind::kFlush) return;
  sink->Literal(" ");
  if (effect.kind == EffectKind::kSwap) return sink->Number(effect.offset);
  sink->Quoted(effect.key);
  if (effect.kind == EffectKind::kWriteAt) {
    sink->Literal(" ");
    sink->Number(effect.offset);
  }
  if (effect.kind == EffectKind::kPut || effect.kind == EffectKind::kWriteAt) {
    sink->Literal(" ");
    sink->Quoted(effect.bytes);
  }
  if (effect.expires_at_ms != 0) {
    sink->Literal(effect.expires_at_ms < 0 ? " PXAT -" : " PXAT ");
    const auto deadline = static_cast<uint64_t>(effect.expires_at_ms);
    sink->Number(effect.expires_at_ms < 0 ? ~deadline + 1 : deadline);
  }
  if (effect.type != 0) {
    sink->Literal(" TYPE ");
    sink->Number(effect.type);
  }
}

template <typename Sink>
void DescribeAll(Sink* sink, std::span<const Effect> effects) {
  for (size_t i = 0; i < effects.size(); ++i) {
    if (i != 0) sink->Literal(kSeparator);
    Describe(sink, effects[i]);
  }
}

uint64_t EffectsBytes(std::span<const Effect> effects) {
  Counter counter;
  DescribeAll(&counter, effects);
  return counter.size;
}

bool EatNumber32(LineCursor* line, uint64_t largest, uint32_t* number) {
  uint64_t wide = 0;
  if (!line->EatDecimal(&wide) || wide > largest) return false;
  *number = static_cast<uint32_t>(wide);
  return true;
}

bool EatDeadline(LineCursor* line, int64_t* expires_at_ms) {
  const bool is_negative = line->Eat("-");
  uint64_t magnitude = 0;
  if (!line->EatDecimal(&magnitude) || magnitude == 0) return false;
  if (magnitude > static_cast<uint64_t>(INT64_MAX) + (is_negative ? 1 : 0)) return false;
  *expires_at_ms = static_cast<int64_t>(is_negative ? ~magnitude + 1 : magnitude);
  return true;
}

bool KindOfVerb(std::string_view verb, EffectKind* kind) {
  for (auto i = static_cast<uint8_t>(EffectKind::kPut); i <= static_cast<uint8_t>(EffectKind::kSwap); ++i) {
    *kind = static_cast<EffectKind>(i);
    if (Verb(*kind) == verb) return true;
  }
  return false;
}

bool EatKeyed(LineCursor* line, std::string* unescaped, Effect* effect) {
  if (!line->EatQuoted(unescaped, &effect->key)) return false;
  if (effect->kind == EffectKind::kWriteAt && !(line->Eat(" ") && line->EatDecimal(&effect->offset))) return false;
  if (effect->kind == EffectKind::kPut || effect->kind == EffectKind::kWriteAt) {
    if (!line->Eat(" ") || !line->EatQuoted(unescaped, &effect->bytes)) return false;
  }
  if (line->Eat(" PXAT ") && !EatDeadline(line, &effect->expires_at_ms)) return false;
  uint32_t type = 0;
  if (line->Eat(" TYPE ") && !(EatNumber32(line, UINT8_MAX, &type) && type != 0)) return false;
  effect->type = static_cast<uint8_t>(type);
  return true;
}

bool EatEffect(LineCursor* line, std::string* unescaped, Effect* effect) {
  if (!KindOfVerb(line->Word(), &effect->kind)) return false;
  if (effect->kind == EffectKind::kFlushAll) return true;
  if (!line->Eat(" ") || !EatNumber32(line, UINT32_MAX, &effect->database)) return false;
  if (effect->kind == EffectKind::kFlush) return true;
  if (!line->Eat(" ")) return false;
  if (effect->kind == EffectKind::kSwap) return line->EatDecimal(&effect->offset);
  return EatKeyed(line, unescaped, effect);
}

// Checksum, sequence and size at the front of a line. *effects_at is where the effects begin.
struct Front {
  uint32_t checksum = 0;
  uint64_t sequence = 0;
  uint64_t effects_bytes = 0;
  size_t effects_at = 0;
};

ParseResult ParseFront(std::string_view bytes, Front* front) {
  // Longest: checksum, two numbers and three spaces. With fewer bytes than that a failure may only mean that more must come.
  constexpr size_t kLongest = kChecksumDigits + 2 * kLongestDecimal + 3;
  const ParseResult failure = bytes.size() < kLongest ? ParseResult::kIncomplete : ParseResult::kBad;
  if (bytes.size() < kChecksumDigits) return ParseResult::kIncomplete;
  if (!ReadHex32(bytes.substr(0, kChecksumDigits), &front->checksum)) return ParseResult::kBad;
  LineCursor line(bytes.substr(kChecksumDigits));
  if (!line.Eat(" ") || !line.EatDecimal(&front->sequence) || !line.Eat(" ")) return failure;
  if (!line.EatDecimal(&front->effects_bytes) || !line.Eat(" ")) return failure;
  if (front->sequence < 1 || front->sequence > kLargestSequence) return ParseResult::kBad;
  if (front->effects_bytes < 1 || front->effects_bytes > kLargestRecordBytes) return ParseResult::kBad;
  front->effects_at = bytes.size() - line.rest().size();
  return ParseResult::kOk;
}

ParseResult Bad(std::string_view* reason, std::string_view why) {
  *reason = why;
  return ParseResult::kBad;
}

}  // namespace

uint64_t TextRecordBytes(uint64_t sequence, std::span<const Effect> effects) {
  const uint64_t effects_bytes = EffectsBytes(effects);
  return kChecksumDigits + 1 + DecimalDigits(sequence) + 1 + DecimalDigits(effects_bytes) + 1 + effects_bytes + 1;
}

char* EncodeTextRecord(uint32_t checksum_seed, uint64_t sequence, std::span<const Effect> effects, char* out) {
  char* const covered = out + kChecksumDigits + 1;
  Writer writer{WriteDecimal(covered, sequence)};
  writer.Literal(" ");
  writer.Number(EffectsBytes(effects));
  writer.Literal(" ");
  DescribeAll(&writer, effects);
  WriteHex32(out, Crc32c({covered, static_cast<size_t>(writer.out - covered)}, checksum_seed));
  out[kChecksumDigits] = ' ';
  writer.Literal("\n");
  return writer.out;
}

bool PeekTextRecord(std::string_view bytes, RecordClaim* claim) {
  Front front;
  if (ParseFront(bytes, &front) != ParseResult::kOk) return false;
  *claim = {front.effects_at + front.effects_bytes + 1, front.sequence};
  return true;
}

ParseResult ParseTextRecord(uint32_t checksum_seed, std::string_view bytes, Record* record, std::string_view* reason) {
  Front front;
  const ParseResult framing = ParseFront(bytes, &front);
  if (framing == ParseResult::kBad) *reason = "line does not begin with checksum, sequence number and size";
  if (framing != ParseResult::kOk) return framing;
  const size_t line_bytes = front.effects_at + front.effects_bytes;
  if (line_bytes + 1 > bytes.size()) return ParseResult::kIncomplete;
  const std::string_view covered = bytes.substr(kChecksumDigits + 1, line_bytes - kChecksumDigits - 1);
  if (Crc32c(covered, checksum_seed) != front.checksum) {
    return Bad(reason, "checksum does not match");
  }
  if (bytes[line_bytes] != '\n') return Bad(reason, "line does not end where its size says");

  record->sequence = front.sequence;
  record->size_bytes = line_bytes + 1;
  record->unescaped.clear();
  record->unescaped.reserve(front.effects_bytes);
  LineCursor line(bytes.substr(front.effects_at, front.effects_bytes));
  do {
    Effect effect{};
    if (!EatEffect(&line, &record->unescaped, &effect)) return Bad(reason, "content is not a list of effects");
    record->effects.push_back(effect);
  } while (line.Eat(kSeparator));
  return line.AtEnd() ? ParseResult::kOk : Bad(reason, "content is not a list of effects");
}

char* WriteHex(char* out, std::span<const uint8_t> bytes) {
  for (const uint8_t byte : bytes) {
    *out++ = kHexDigits[byte >> 4];
    *out++ = kHexDigits[byte & 15];
  }
  return out;
}

char* WriteHex32(char* out, uint32_t number) {
  const uint8_t bytes[] = {static_cast<uint8_t>(number >> 24), static_cast<uint8_t>(number >> 16),
                           static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
  return WriteHex(out, bytes);
}

bool ReadHex(std::string_view digits, std::span<uint8_t> bytes) {
  if (digits.size() != bytes.size() * 2) return false;
  for (size_t i = 0; i < digits.size(); ++i) {
    const char digit = digits[i];
    const bool is_decimal = digit >= '0' && digit <= '9';
    if (!is_decimal && !(digit >= 'a' && digit <= 'f')) return false;
    const auto nibble = static_cast<uint8_t>(is_decimal ? digit - '0' : digit - 'a' + 10);
    bytes[i / 2] = static_cast<uint8_t>(i % 2 == 0 ? nibble << 4 : bytes[i / 2] | nibble);
  }
  return true;
}

bool ReadHex32(std::string_view digits, uint32_t* number) {
  uint8_t bytes[4];
  if (!ReadHex(digits, bytes)) return false;
  *number = static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
            static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
  return true;
}

char* WriteDecimal(char* out, uint64_t number) { return std::to_chars(out, out + kLongestDecimal, number).ptr; }

size_t DecimalDigits(uint64_t number) {
  size_t digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

bool LineCursor::Eat(std::string_view literal) {
  if (!rest_.starts_with(literal)) return false;
  rest_.remove_prefix(literal.size());
  return true;
}

bool LineCursor::EatDecimal(uint64_t* number) {
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), *number);
  if (error != std::errc() || (rest_[0] == '0' && end != rest_.data() + 1)) return false;
  rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
  return true;
}

std::string_view LineCursor::Word() {
  const std::string_view word = rest_.substr(0, rest_.find_first_of(" ;"));
  rest_.remove_prefix(word.size());
  return word;
}

bool LineCursor::EatQuoted(std::string* unescaped, std::string_view* bytes) {
  if (!Eat("\"")) return false;
  const size_t special = rest_.find_first_of("\"\\");
  if (special == std::string_view::npos) return false;
  if (rest_[special] == '"') {
    *bytes = rest_.substr(0, special);
    rest_.remove_prefix(special + 1);
    return true;
  }
  const size_t begin = unescaped->size();
  while (!rest_.empty() && rest_[0] != '"') {
    char byte = rest_[0];
    size_t eaten = 1;
    if (byte == '\\') {
      if (rest_.size() < 2) return false;
      byte = rest_[1];
      eaten = 2;
      if (byte == 'x') {
        uint8_t value = 0;
        if (rest_.size() < 4 || !ReadHex(rest_.substr(2, 2), {&value, 1})) return false;
        byte = static_cast<char>(value);
        eaten = 4;
      } else if (byte != '"' && byte != '\\') {
        return false;
      }
    }
    unescaped->push_back(byte);
    rest_.remove_prefix(eaten);
  }
  *bytes = {unescaped->data() + begin, unescaped->size() - begin};
  return Eat("\"");
}

}  // namespace distcache::wal
