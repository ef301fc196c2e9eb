#include "wal/record_reader.h"

#include <algorithm>
#include <cstring>

#include "port/file.h"

namespace distcache::wal {
namespace {

constexpr uint64_t kWindowBytes = 256 * 1024;

class FileSource final : public ByteSource {
 public:
  FileSource(port::File file, uint64_t size_bytes) : file_(std::move(file)), size_bytes_(size_bytes) {}
  uint64_t SizeBytes() const override { return size_bytes_; }
  Result<size_t> ReadAt(uint64_t offset_bytes, char* destination, size_t size_bytes) const override {
    return file_.ReadAt(destination, size_bytes, offset_bytes);
  }

 private:
  port::File file_;
  uint64_t size_bytes_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  uint64_t SizeBytes() const override { return bytes_.size(); }
  Result<size_t> ReadAt(uint64_t offset_bytes, char* destination, size_t size_bytes) const override {
    if (offset_bytes >= bytes_.size()) return size_t{0};
    return bytes_.copy(destination, size_bytes, offset_bytes);
  }

 private:
  std::string_view bytes_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> OpenFileSource(const std::string& path) {
  Result<port::File> file = port::File::OpenForReading(path);
  if (!file.ok()) return file.status();
  const Result<uint64_t> size_bytes = file.value().SizeBytes();
  if (!size_bytes.ok()) return size_bytes.status();
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(std::move(file.value()), size_bytes.value()));
}

std::unique_ptr<ByteSource> BorrowMemorySource(std::string_view bytes) { return std::make_unique<MemorySource>(bytes); }

RecordReader::RecordReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), size_bytes_(source_->SizeBytes()) {}

ReadResult RecordReader::ReadHeader() {
  std::string_view bytes;
  if (!Look(0, kLongestSegmentHeaderBytes, &bytes)) return final_;
  const Result<ParsedSegmentHeader> parsed = ParseSegmentHeader(bytes);
  if (parsed.ok()) {
    header_ = parsed.value().header;
    checksum_seed_ = ChecksumSeed(header_.log_id);
    next_sequence_ = header_.first_sequence;
    offset_ = parsed.value().size_bytes;
    return ReadResult::kRecord;
  }
  // Without a header no record can be recognised. A file too short for a record, or one that never got its bytes, lost nothing.
  const bool holds_no_record = bytes.starts_with(kTextSegmentMagic) ? size_bytes_ < kLongestSegmentHeaderBytes &&
                                                                          bytes.find('\n') == std::string_view::npos
                                                                    : size_bytes_ < kSegmentHeaderBytes;
  bool is_zero = true;
  for (uint64_t at = 0; is_zero && at < size_bytes_; at += bytes.size()) {
    if (!Look(at, kWindowBytes, &bytes)) return final_;
    if (bytes.empty()) break;
    is_zero = bytes.find_first_not_of('\0') == std::string_view::npos;
  }
  return Stop(holds_no_record || is_zero ? ReadResult::kTorn : ReadResult::kDamaged,
              std::string(parsed.status().message()));
}

ReadResult RecordReader::Next(Record* record) {
  if (final_ != ReadResult::kRecord) return final_;
  if (offset_ == size_bytes_) return Stop(ReadResult::kEnd, {});
  std::string_view bytes;
  if (!Look(offset_, kPeekBytes, &bytes)) return final_;
  RecordClaim claim;
  if (!PeekRecord(header_.format, bytes, &claim)) return JudgeBadRecord("it does not begin as a record");
  if (claim.size_bytes > size_bytes_ - offset_) return JudgeBadRecord("it is longer than what is left of the file");
  if (!Look(offset_, claim.size_bytes, &bytes)) return final_;
  std::string_view why;
  if (ParseRecord(header_.format, checksum_seed_, bytes, record, &why) != ParseResult::kOk) {
    return JudgeBadRecord(why.empty() ? "the file ends inside it" : std::string(why));
  }
  if (record->sequence != next_sequence_) {
    return Stop(ReadResult::kDamaged, "it has sequence number " + std::to_string(record->sequence) + " where " +
                                          std::to_string(next_sequence_) + " was expected");
  }
  offset_ += record->size_bytes;
  ++record_count_;
  ++next_sequence_;
  return ReadResult::kRecord;
}

size_t RecordReader::NextBatch(std::span<Record> records) {
  size_t count = 0;
  while (count < records.size() && (count == 0 || HasNextInWindow())) {
    if (Next(&records[count]) != ReadResult::kRecord) break;
    ++count;
  }
  return count;
}

// Whether the next record can be read without moving the window, and with it the records before.
bool RecordReader::HasNextInWindow() const {
  const uint64_t end = window_at_ + window_used_;
  if (offset_ + kPeekBytes > end) return false;
  RecordClaim claim;
  const std::string_view front(window_.data() + (offset_ - window_at_), kPeekBytes);
  return PeekRecord(header_.format, front, &claim) && claim.size_bytes <= end - offset_;
}

ReadResult RecordReader::Stop(ReadResult result, std::string reason) {
  final_ = result;
  reason_ = std::move(reason);
  return result;
}

// Looks at every later place for a good record of this log with a sequence number that may follow. The sequence number alone
// rules nearly every place out; what is left is checked against its checksum, within a budget so that a file made to look like
// records everywhere costs no more than some passes. When the budget is spent the file is called damaged: cutting needs proof.
ReadResult RecordReader::JudgeBadRecord(std::string reason) {
  constexpr uint64_t kPasses = 16;
  uint64_t budget_bytes = kPasses * (size_bytes_ - offset_ + kWindowBytes);
  bool is_spent = false;
  std::string_view bytes;
  for (uint64_t at = offset_ + 1; at < size_bytes_ && !is_spent;) {
    if (!Look(at, kWindowBytes, &bytes)) return final_;
    if (bytes.empty()) break;
    const bool is_last_window = at + bytes.size() >= size_bytes_;
    const size_t end = is_last_window ? bytes.size() : bytes.size() - kPeekBytes;
    size_t i = 0;
    for (; i < end && !is_spent; ++i) {
      RecordClaim claim;
      if (!PeekRecord(header_.format, bytes.substr(i, kPeekBytes), &claim)) continue;
      if (LaterRecordAt(at + i, claim, &budget_bytes, &is_spent)) {
        return Stop(ReadResult::kDamaged,
                    std::move(reason) + "; a good record follows at offset " + std::to_string(at + i));
      }
      if (final_ != ReadResult::kRecord) return final_;
      if (!Look(at, kWindowBytes, &bytes)) return final_;  // the check may have moved the window
    }
    at += i;
  }
  if (is_spent)
    return Stop(ReadResult::kDamaged, std::move(reason) + "; what follows looks too much like records to be cut");
  return Stop(ReadResult::kTorn, std::move(reason));
}

bool RecordReader::LaterRecordAt(uint64_t offset_bytes, const RecordClaim& claim, uint64_t* budget_bytes,
                                 bool* is_spent) {
  const uint64_t left_bytes = size_bytes_ - offset_bytes;
  const uint64_t furthest_sequence = next_sequence_ + (size_bytes_ - offset_) / kSmallestRecordBytes;
  if (claim.size_bytes > left_bytes || claim.sequence < next_sequence_ || claim.sequence > furthest_sequence)
    return false;
  const uint64_t cost_bytes = claim.size_bytes + kWindowBytes;  // the window may have to be read again afterwards
  if (cost_bytes > *budget_bytes) {
    *is_spent = true;
    return false;
  }
  *budget_bytes -= cost_bytes;
  std::string_view bytes;
  if (!Look(offset_bytes, claim.size_bytes, &bytes)) return false;
  Record record;
  return ParseRecord(header_.format, checksum_seed_, bytes, &record, nullptr) == ParseResult::kOk;
}

bool RecordReader::Look(uint64_t offset_bytes, uint64_t size_bytes, std::string_view* bytes) {
  const uint64_t wanted = std::min(size_bytes, size_bytes_ - std::min(offset_bytes, size_bytes_));
  if (offset_bytes < window_at_ || offset_bytes + wanted > window_at_ + window_used_) {
    const uint64_t to_read = std::min(std::max(wanted, kWindowBytes), size_bytes_ - offset_bytes);
    window_.resize(std::max<size_t>(window_.size(), to_read));
    const Result<size_t> got = source_->ReadAt(offset_bytes, window_.data(), to_read);
    window_at_ = offset_bytes;
    window_used_ = got.ok() ? got.value() : 0;
    if (!got.ok() || got.value() < wanted) {
      Stop(ReadResult::kFailed,
           got.ok() ? "the file became shorter while it was read" : std::string(got.status().message()));
      return false;
    }
  }
  const size_t at = offset_bytes - window_at_;
  *bytes = std::string_view(window_.data() + at, window_used_ - at).substr(0, std::max(size_bytes, wanted));
  return true;
}

}  // namespace distcache::wal
