// The text format of a record: one printable, escaped, checksummed line. wal/record.h is what others call.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wal/record.h"

namespace distcache::wal {

uint64_t TextRecordBytes(uint64_t sequence, std::span<const store::Effect> effects);
char* EncodeTextRecord(uint32_t checksum_seed, uint64_t sequence, std::span<const store::Effect> effects, char* out);
ParseResult ParseTextRecord(uint32_t checksum_seed, std::string_view bytes, Record* record, std::string_view* reason);
bool PeekTextRecord(std::string_view bytes, RecordClaim* claim);

// Parts of lines that the segment's header shares.
char* WriteHex(char* out, std::span<const uint8_t> bytes);
char* WriteHex32(char* out, uint32_t number);
bool ReadHex(std::string_view digits, std::span<uint8_t> bytes);
bool ReadHex32(std::string_view digits, uint32_t* number);  // exactly 8 lowercase digits
char* WriteDecimal(char* out, uint64_t number);
size_t DecimalDigits(uint64_t number);

// Eats words and numbers from the front of a line.
class LineCursor {
 public:
  explicit LineCursor(std::string_view rest) : rest_(rest) {}

  bool AtEnd() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  bool Eat(std::string_view literal);
  bool EatDecimal(uint64_t* number);  // without leading zeros
  std::string_view Word();            // up to a space, ';' or the end
  // A quoted string, unescaped. Points into the line when nothing was escaped, else to the end of *unescaped, which must have
  // enough capacity to never move.
  bool EatQuoted(std::string* unescaped, std::string_view* bytes);

 private:
  std::string_view rest_;
};

}  // namespace distcache::wal
