// Records of the log: one a command, with one or more effects, sequence number and checksum. Encoding and decoding in
// memory; both formats of wal/format.h. Used by the log, by the tail of a snapshot, and by whoever streams a log.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/write_log.h"
#include "wal/format.h"

namespace distcache::wal {

// The checksum's state after the log id: where every record's checksum of that log begins.
uint32_t ChecksumSeed(const LogId& log_id);

// Exactly how many bytes EncodeRecord writes. 1 <= sequence <= kLargestSequence, and at least one effect.
uint64_t EncodedRecordBytes(Format format, uint64_t sequence, std::span<const store::Effect> effects);
// Writes the record at `out`, which has EncodedRecordBytes of room; returns its end.
char* EncodeRecord(Format format, uint32_t checksum_seed, uint64_t sequence, std::span<const store::Effect> effects,
                   char* out);

// A record that was read. The effects' views point into the bytes that were parsed or, where the text format had to be
// unescaped, into `unescaped`; both must outlive their use. Reused from record to record: no allocation in the long run.
struct Record {
  uint64_t sequence = 0;
  uint64_t size_bytes = 0;  // in the file
  std::vector<store::Effect> effects;
  std::string unescaped;
};

enum class ParseResult : uint8_t {
  kOk,
  kIncomplete,  // the bytes end before the record does (or before it can be told)
  kBad,         // no record: framing, checksum or content is wrong; *reason says which
};

// Reads the record that begins at bytes[0]. Trusts nothing: sizes are checked against what is there. `reason` may be null.
ParseResult ParseRecord(Format format, uint32_t checksum_seed, std::string_view bytes, Record* record,
                        std::string_view* reason);

// A cheap look without checksum: size and sequence that a record at bytes[0] claims. False when it cannot be one.
struct RecordClaim {
  uint64_t size_bytes = 0;
  uint64_t sequence = 0;
};
bool PeekRecord(Format format, std::string_view bytes, RecordClaim* claim);
// How many bytes PeekRecord may need to see.
inline constexpr size_t kPeekBytes = 64;

}  // namespace distcache::wal
