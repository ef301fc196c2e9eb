// Reads a segment record by record and tells a torn tail from damage.
//
// A crash or power cut can leave the last records incomplete: what lies behind the last good record is then no record, and no
// good record of the log follows anywhere. That is a torn tail, and cutting it loses nothing that was promised. Anything else (a
// record that is bad although a later one is good; a record twice, out of order or missing) cannot come from a crash: damage.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "wal/record.h"
#include "wal/segment_header.h"

namespace distcache::wal {

// Where the bytes come from. One thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t SizeBytes() const = 0;
  // Reads at most size_bytes at the offset; fewer only at the end.
  virtual Result<size_t> ReadAt(uint64_t offset_bytes, char* destination, size_t size_bytes) const = 0;
};

// The size is taken when the file is opened.
Result<std::unique_ptr<ByteSource>> OpenFileSource(const std::string& path);
std::unique_ptr<ByteSource> BorrowMemorySource(std::string_view bytes);

enum class ReadResult : uint8_t {
  kRecord,
  kEnd,      // the segment ends behind a good record (or its header)
  kTorn,     // what follows valid_bytes() is a torn tail
  kDamaged,  // valid_bytes() is where the damage begins
  kFailed,   // the source could not be read; nothing is known about the rest
};

class RecordReader {
 public:
  explicit RecordReader(std::unique_ptr<ByteSource> source);

  // Reads the header. kRecord when it is good; kTorn when the file holds nothing but a part of a header or zeros.
  ReadResult ReadHeader();
  const SegmentHeader& header() const { return header_; }

  // The next record; its views are valid until the next call. Anything but kRecord is final.
  ReadResult Next(Record* record);
  // Some next records at once, as many as are at hand; how many. Their views are valid until the next call. Fewer than asked does
  // not mean the end; none does, and then Next says which.
  size_t NextBatch(std::span<Record> records);

  uint64_t valid_bytes() const { return offset_; }  // header and good records so far
  uint64_t size_bytes() const { return size_bytes_; }
  uint64_t record_count() const { return record_count_; }  // good records so far; the next one has this index
  uint64_t next_sequence() const { return next_sequence_; }
  const std::string& reason() const { return reason_; }  // of kTorn, kDamaged and kFailed

 private:
  ReadResult Stop(ReadResult result, std::string reason);
  ReadResult JudgeBadRecord(std::string reason);
  bool LaterRecordAt(uint64_t offset_bytes, const RecordClaim& claim, uint64_t* budget_bytes, bool* is_spent);
  // At least size_bytes from the offset (fewer at the end of the file); false when the source failed.
  bool Look(uint64_t offset_bytes, uint64_t size_bytes, std::string_view* bytes);
  bool HasNextInWindow() const;

  std::unique_ptr<ByteSource> source_;
  uint64_t size_bytes_;
  SegmentHeader header_;
  uint32_t checksum_seed_ = 0;
  uint64_t offset_ = 0;
  uint64_t record_count_ = 0;
  uint64_t next_sequence_ = 0;
  ReadResult final_ = ReadResult::kRecord;  // what Next answers once it is not kRecord any more
  std::string reason_;
  std::vector<char> window_;
  uint64_t window_at_ = 0;
  size_t window_used_ = 0;
};

}  // namespace distcache::wal
