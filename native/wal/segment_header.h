// The header of a log segment in both formats (wal/format.h draws them).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"
#include "wal/format.h"

namespace distcache::wal {

struct SegmentHeader {
  Format format = Format::kBinary;
  LogId log_id{};
  uint64_t first_sequence = 1;  // of the first record that the segment holds or will hold
  int64_t created_at_ms = 0;
};

std::string EncodeSegmentHeader(const SegmentHeader& header);

// No header of either format is longer.
inline constexpr size_t kLongestSegmentHeaderBytes = 128;

// Reads the header at the front of a segment's first kLongestSegmentHeaderBytes (or all there are). kCorrupt says what is wrong.
struct ParsedSegmentHeader {
  SegmentHeader header;
  size_t size_bytes = 0;
};
Result<ParsedSegmentHeader> ParseSegmentHeader(std::string_view bytes);

}  // namespace distcache::wal
