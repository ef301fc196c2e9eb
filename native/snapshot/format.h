// The frozen bytes of a snapshot, version 1. Writer, reader and fixtures share this header; docs/snapshot-format.md explains
// it for those who write a reader of their own. Nothing here may change: a change is a version 2 that still reads version 1.
//
// All numbers are little-endian, "varint" is that of wal/format.h. The file is a header, blocks without gaps, a footer:
//
//   offset  size  header
//        0     8  magic "DCSNAP\r\n"
//        8     2  version (1)
//       10     2  zero
//       12     4  size of this header (96)
//       16    16  log id: of the log whose records stand in the record blocks
//       32    16  snapshot id: chosen at random for this file
//       48     8  S0: every record up to this sequence number was applied before the walk began
//       56     8  when the walk began, Unix milliseconds
//       64     4  number of databases
//       68    16  hash seed of the store, or zero: entries stand in the order of an index with this seed (a hint for speed)
//       84     8  zero
//       92     4  CRC32C of bytes 0 to 91
//
//   offset  size  block
//        0     4  CRC32C of the snapshot id followed by the block's bytes from 4 to its end
//        4     4  kind: 1 entries, 2 records
//        8     8  size of the payload
//       16     8  index of the block, from 0
//       24     8  number of entries or records in the payload
//       32     -  payload: entries, or records of the log (wal/format.h, binary) in ascending order over all record blocks
//
//   entry:  tag byte (bit 0: a deadline follows, bit 1: a type follows, others zero), varint database,
//           [type, 1 byte], [deadline, 8 bytes, Unix milliseconds], varint seconds from last access to the walk's begin,
//           varint key size, key, varint value size, value
//
//   offset  size  footer
//        0     4  CRC32C of the snapshot id followed by the footer's bytes from 4 to its end
//        4     4  magic "DCFT"
//        8     8  S1: the sequence number of the last record in the file, or S0 when there is none
//       16     8  number of blocks
//       24     8  number of entries
//       32     8  number of records
//       40     8  size of the whole file
//       48     8  when the file was finished, Unix milliseconds
//       56     8  zero
//
// What it means: the entries are each a state that its key had at some time between S0 and S1 (a key may stand in the file more
// than once), in the databases' numbers as of S0. Loading all entries in any order and then replaying all records gives exactly the
// store as it was after S1. Deadlines are not acted upon in between: a later record may lift one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wal/format.h"

namespace distcache::snapshot {

using SnapshotId = std::array<uint8_t, 16>;

inline constexpr uint16_t kFormatVersion = 1;
inline constexpr std::string_view kMagic{"DCSNAP\r\n", 8};
inline constexpr std::string_view kFooterMagic{"DCFT", 4};

enum class BlockKind : uint32_t { kEntries = 1, kRecords = 2 };

struct FileHeader {
  std::array<char, 8> magic;
  uint16_t version;
  uint16_t zero_1;
  uint32_t header_bytes;
  wal::LogId log_id;
  SnapshotId snapshot_id;
  uint64_t first_sequence;  // S0
  int64_t started_at_ms;
  uint32_t databases;
  std::array<uint8_t, 16> hash_seed;
  std::array<uint8_t, 8> zero_2;
  uint32_t checksum;
};
static_assert(sizeof(FileHeader) == 96 && offsetof(FileHeader, databases) == 64 &&
              offsetof(FileHeader, checksum) == 92);

struct BlockHeader {
  uint32_t checksum;
  BlockKind kind;
  uint64_t payload_bytes;
  uint64_t index;
  uint64_t count;
};
static_assert(sizeof(BlockHeader) == 32);

struct Footer {
  uint32_t checksum;
  std::array<char, 4> magic;
  uint64_t last_sequence;  // S1
  uint64_t blocks;
  uint64_t entries;
  uint64_t records;
  uint64_t file_bytes;
  int64_t finished_at_ms;
  uint64_t zero;
};
static_assert(sizeof(Footer) == 64);

inline constexpr uint8_t kEntryHasDeadline = 0x01;
inline constexpr uint8_t kEntryHasType = 0x02;
inline constexpr uint8_t kEntryUnknownMask = 0xfc;

}  // namespace distcache::snapshot
