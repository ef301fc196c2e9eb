#include "wal/segment_header.h"

#include <cstddef>
#include <cstring>

#include "core/crc32c.h"
#include "wal/text_record.h"

namespace distcache::wal {
namespace {

struct BinaryHeader {
  char magic[8];
  uint16_t version;
  uint16_t format;
  uint32_t header_bytes;
  LogId log_id;
  uint64_t first_sequence;
  int64_t created_at_ms;
  uint8_t zero[12];
  uint32_t checksum;
};
static_assert(sizeof(BinaryHeader) == kSegmentHeaderBytes);
static_assert(offsetof(BinaryHeader, checksum) == 60);

uint32_t ChecksumOf(const BinaryHeader& header) {
  return Crc32c({reinterpret_cast<const char*>(&header), offsetof(BinaryHeader, checksum)});
}

Status Corrupt(std::string message) { return {StatusCode::kCorrupt, std::move(message)}; }

Status NewerVersion(uint64_t version) {
  return Corrupt("the segment's format version " + std::to_string(version) +
                 " is not known to this program, which reads version " + std::to_string(kFormatVersion));
}

bool IsSequence(uint64_t number) { return number >= 1 && number <= kLargestSequence; }

std::string EncodeBinary(const SegmentHeader& header) {
  BinaryHeader bytes{};
  std::memcpy(bytes.magic, kSegmentMagic.data(), sizeof(bytes.magic));
  bytes.version = kFormatVersion;
  bytes.format = static_cast<uint16_t>(Format::kBinary);
  bytes.header_bytes = kSegmentHeaderBytes;
  bytes.log_id = header.log_id;
  bytes.first_sequence = header.first_sequence;
  bytes.created_at_ms = header.created_at_ms;
  bytes.checksum = ChecksumOf(bytes);
  return {reinterpret_cast<const char*>(&bytes), sizeof(bytes)};
}

std::string EncodeText(const SegmentHeader& header) {
  char line[kLongestSegmentHeaderBytes];
  char* at = line;
  const auto literal = [&at](std::string_view text) {
    at = static_cast<char*>(std::memcpy(at, text.data(), text.size())) + text.size();
  };
  literal(kTextSegmentMagic);
  at = WriteDecimal(at, kFormatVersion);
  literal(" text ");
  at = WriteHex(at, header.log_id);
  literal(" ");
  at = WriteDecimal(at, header.first_sequence);
  literal(" ");
  at = WriteDecimal(at, static_cast<uint64_t>(header.created_at_ms));
  const uint32_t checksum = Crc32c({line, static_cast<size_t>(at - line)});
  literal(" ");
  at = WriteHex32(at, checksum);
  literal("\n");
  return {line, static_cast<size_t>(at - line)};
}

Result<ParsedSegmentHeader> ParseBinary(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return Corrupt("the segment's header is incomplete");
  BinaryHeader raw;
  std::memcpy(&raw, bytes.data(), sizeof(raw));
  // Another version may keep its checksum elsewhere, so the version is told first.
  if (raw.version > kFormatVersion) return NewerVersion(raw.version);
  if (raw.checksum != ChecksumOf(raw)) {
    return Corrupt("the checksum of the segment's header does not match");
  }
  if (raw.version != kFormatVersion || raw.format != static_cast<uint16_t>(Format::kBinary) ||
      raw.header_bytes != kSegmentHeaderBytes || !IsSequence(raw.first_sequence)) {
    return Corrupt("the segment's header holds values that format version 1 does not know");
  }
  return ParsedSegmentHeader{{Format::kBinary, raw.log_id, raw.first_sequence, raw.created_at_ms}, sizeof(raw)};
}

Result<ParsedSegmentHeader> ParseText(std::string_view bytes) {
  const Status damaged = Corrupt("the segment's first line is damaged");
  LineCursor line(bytes.substr(kTextSegmentMagic.size()));
  uint64_t version = 0;
  if (!line.EatDecimal(&version) || !line.Eat(" ")) return damaged;
  if (version > kFormatVersion) return NewerVersion(version);
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return Corrupt("the segment's first line is incomplete");

  ParsedSegmentHeader parsed{{Format::kText, {}, 0, 0}, end + 1};
  uint64_t created_at_ms = 0;
  uint32_t checksum = 0;
  if (version != kFormatVersion || !line.Eat("text ") || !ReadHex(line.Word(), parsed.header.log_id)) return damaged;
  if (!line.Eat(" ") || !line.EatDecimal(&parsed.header.first_sequence)) return damaged;
  if (!line.Eat(" ") || !line.EatDecimal(&created_at_ms)) return damaged;
  const auto covered_bytes = static_cast<size_t>(line.rest().data() - bytes.data());
  if (!line.Eat(" ") || covered_bytes + 9 != end || !ReadHex32(bytes.substr(covered_bytes + 1, 8), &checksum))
    return damaged;
  if (checksum != Crc32c(bytes.substr(0, covered_bytes)))
    return Corrupt("the checksum of the segment's first line does not match");
  if (!IsSequence(parsed.header.first_sequence)) return damaged;
  parsed.header.created_at_ms = static_cast<int64_t>(created_at_ms);
  return parsed;
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  return header.format == Format::kText ? EncodeText(header) : EncodeBinary(header);
}

Result<ParsedSegmentHeader> ParseSegmentHeader(std::string_view bytes) {
  if (bytes.starts_with(kTextSegmentMagic)) return ParseText(bytes);
  if (bytes.starts_with(kSegmentMagic)) return ParseBinary(bytes);
  return Corrupt("the file does not begin as a segment of the log");
}

}  // namespace distcache::wal
