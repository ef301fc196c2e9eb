// The frozen bytes of the log, version 1. Writer, reader and fixtures share this header; docs/wal-format.md explains it for
// those who write a reader of their own. Nothing here may change: a change is a version 2 that still reads version 1.
//
// All numbers are little-endian. "varint" is LEB128: seven bits a byte, lowest first, the high bit says that more follow.
//
// A binary segment is one header, then records without padding:
//
//   offset  size  header
//        0     8  magic "DCWAL\r\n" and a zero byte
//        8     2  version (1)
//       10     2  format (1 binary; a text segment has a line in place of this header)
//       12     4  size of this header (64)
//       16    16  log id
//       32     8  sequence number of the segment's first record
//       40     8  when the segment was made, Unix milliseconds
//       48    12  zero
//       60     4  CRC32C of bytes 0 to 59
//
//   offset  size  record
//        0     4  CRC32C of the log id followed by the record's bytes from 4 to its end
//        4     5  size of the whole record
//        9     7  sequence number, from 1, below 2^53
//       16     -  effects, one or more, up to the record's end
//
//   effect: tag byte (bits 0-3 kind, bit 4: a deadline follows, bit 5: a type follows, bits 6-7 zero; kinds 5 to 7 have
//           neither; the database of kind 6 is 0)
//           varint database | [type, 1 byte] | [deadline, 8 bytes, Unix milliseconds] | then by kind:
//           1 put       varint key size, key, varint value size, value
//           2 remove    varint key size, key
//           3 expire    varint key size, key                    (no deadline: the key persists)
//           4 write at  varint offset, varint key size, key, varint size, bytes
//           5 flush     nothing      6 flush all  nothing      7 swap  varint other database
//
// A text segment holds printable ASCII lines that end in one line feed:
//
//   distcache-wal 1 text <log id, 32 hex digits> <first sequence> <made at> <CRC32C of what stands before, 8 hex digits>
//   <CRC32C, 8 hex digits> <sequence> <size of the effects in bytes> <effects, separated by "; ">
//
//   The checksum of a record's line covers the log id's 16 bytes and the line from its sequence to before the line feed.
//   effect: PUT db "key" "value" [PXAT ms] [TYPE n] | REMOVE db "key" | EXPIRE db "key" [PXAT ms] |
//           WRITEAT db "key" offset "bytes" | FLUSH db | FLUSHALL | SWAP db db
//   Inside quotes, '"' and '\' have a '\' before them, and a byte outside 0x20-0x7e is \x and two lowercase hex digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace distcache::wal {

enum class Format : uint8_t { kBinary = 1, kText = 2 };
using LogId = std::array<uint8_t, 16>;

inline constexpr uint16_t kFormatVersion = 1;
inline constexpr std::string_view kSegmentMagic{"DCWAL\r\n\0", 8};
inline constexpr std::string_view kTextSegmentMagic = "distcache-wal ";
inline constexpr size_t kSegmentHeaderBytes = 64;

inline constexpr size_t kRecordHeaderBytes = 16;
inline constexpr size_t kSmallestRecordBytes = kRecordHeaderBytes + 2;  // tag and database
inline constexpr uint64_t kLargestRecordBytes = (1ull << 40) - 1;
inline constexpr uint64_t kLargestSequence = (1ull << 53) - 1;

inline constexpr uint8_t kTagKindMask = 0x0f;
inline constexpr uint8_t kTagHasDeadline = 0x10;
inline constexpr uint8_t kTagHasType = 0x20;
inline constexpr uint8_t kTagUnknownMask = 0xc0;

static_assert(sizeof(LogId) == 16);

}  // namespace distcache::wal
