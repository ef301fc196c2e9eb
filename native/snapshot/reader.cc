#include "snapshot/reader.h"

#include <cstddef>
#include <cstring>

#include "core/crc32c.h"

namespace distcache::snapshot {
namespace {

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

bool HasMagic(std::string_view magic, const char* bytes) { return std::memcmp(bytes, magic.data(), magic.size()) == 0; }

}  // namespace

Result<Reader> Reader::Open(const std::string& path) {
  Result<port::Mapping> mapping = port::Mapping::OpenForReading(path);
  if (!mapping.ok()) return mapping.status();
  Reader reader(path, std::move(mapping.value()));
  Status status = reader.ReadHeader();
  if (status.ok()) status = reader.ReadFooter();
  if (status.ok()) status = reader.ListBlocks();
  if (!status.ok()) return status;
  return reader;
}

Status Reader::CorruptAt(uint64_t offset_bytes, std::string_view what) const {
  return {StatusCode::kCorrupt,
          "snapshot " + path_ + " is damaged at offset " + std::to_string(offset_bytes) + ": " + std::string(what)};
}

Status Reader::ReadHeader() {
  FileHeader header;
  if (mapping_.size_bytes() < sizeof(header) || !Read(0, &header))
    return CorruptAt(0, "the file is shorter than a header");
  if (!HasMagic(kMagic, header.magic.data())) return CorruptAt(0, "the file does not begin as a snapshot");
  // Another version may keep its checksum elsewhere, so the version is told first.
  if (header.version > kFormatVersion) {
    return {StatusCode::kCorrupt, "snapshot " + path_ + " has format version " + std::to_string(header.version) +
                                      ", which is not known to this program; it reads version " +
                                      std::to_string(kFormatVersion)};
  }
  if (header.checksum != Crc32c(BytesOf(header).substr(0, offsetof(FileHeader, checksum)))) {
    return CorruptAt(0, "the header's checksum does not match");
  }
  if (header.version != kFormatVersion || header.header_bytes != sizeof(header) || header.databases == 0 ||
      header.first_sequence > wal::kLargestSequence) {
    return CorruptAt(0, "the header holds values that format version 1 does not know");
  }
  info_ = {.version = header.version,
           .log_id = header.log_id,
           .snapshot_id = header.snapshot_id,
           .first_sequence = header.first_sequence,
           .started_at_ms = header.started_at_ms,
           .databases = header.databases,
           .hash_seed = header.hash_seed};
  checksum_seed_ = Crc32c(BytesOf(info_.snapshot_id));
  return Status::Ok();
}

Status Reader::ReadFooter() {
  Footer footer;
  const uint64_t file_bytes = mapping_.size_bytes();
  if (file_bytes < sizeof(FileHeader) + sizeof(footer)) return CorruptAt(file_bytes, "the file ends before its footer");
  const uint64_t at = file_bytes - sizeof(footer);
  if (!Read(at, &footer)) return CorruptAt(at, "the file became shorter while it was read");
  if (!HasMagic(kFooterMagic, footer.magic.data()) ||
      footer.checksum != Crc32c(BytesOf(footer).substr(sizeof(footer.checksum)), checksum_seed_)) {
    return CorruptAt(at, "there is no footer of this snapshot: the file was cut or changed");
  }
  if (footer.file_bytes != file_bytes || footer.last_sequence < info_.first_sequence ||
      footer.last_sequence > wal::kLargestSequence || footer.records != footer.last_sequence - info_.first_sequence) {
    return CorruptAt(at, "the footer does not fit the file");
  }
  info_.last_sequence = footer.last_sequence;
  info_.finished_at_ms = footer.finished_at_ms;
  info_.blocks = footer.blocks;
  info_.entries = footer.entries;
  info_.records = footer.records;
  info_.file_bytes = file_bytes;
  return Status::Ok();
}

Status Reader::ListBlocks() {
  const uint64_t end = info_.file_bytes - sizeof(Footer);
  uint64_t at = sizeof(FileHeader);
  uint64_t entries = 0;
  uint64_t records = 0;
  while (at != end) {
    BlockHeader header;
    if (end - at < sizeof(header)) return CorruptAt(at, "a block ends outside the file");
    if (!Read(at, &header)) return CorruptAt(at, "the file became shorter while it was read");
    if (header.kind != BlockKind::kEntries && header.kind != BlockKind::kRecords)
      return CorruptAt(at, "a block of unknown kind");
    if (header.payload_bytes > end - at - sizeof(header)) return CorruptAt(at, "a block ends outside the file");
    // Every entry and record is longer than a byte, so a count that fits also bounds the sums below.
    if (header.index != blocks_.size() || header.count == 0 || header.count > header.payload_bytes) {
      return CorruptAt(at, "a block's header makes no sense");
    }
    blocks_.push_back({header.kind, header.index, at, header.payload_bytes, header.count});
    (header.kind == BlockKind::kEntries ? entries : records) += header.count;
    at += sizeof(header) + header.payload_bytes;
  }
  if (blocks_.size() != info_.blocks || entries != info_.entries || records != info_.records) {
    return CorruptAt(at, "the footer counts other blocks than there are");
  }
  return Status::Ok();
}

Result<std::string_view> Reader::ReadBlock(const Block& block, std::vector<char>* buffer) const {
  const size_t size = sizeof(BlockHeader) + block.payload_bytes;
  buffer->resize(std::max(buffer->size(), size));
  if (!mapping_.CopyOut(buffer->data(), block.offset_bytes, size)) {
    return CorruptAt(block.offset_bytes, "the file became shorter while it was read, or its disk failed");
  }
  const std::string_view bytes(buffer->data(), size);
  BlockHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.checksum != Crc32c(bytes.substr(sizeof(header.checksum)), checksum_seed_)) {
    return CorruptAt(block.offset_bytes, "checksum does not match");
  }
  // The file may have been changed since its blocks were listed; the bytes at hand are what counts.
  if (header.kind != block.kind || header.index != block.index || header.payload_bytes != block.payload_bytes ||
      header.count != block.count) {
    return CorruptAt(block.offset_bytes, "the file was changed while it was read");
  }
  return bytes.substr(sizeof(header));
}

void Reader::Forget(const Block& block) const {
  mapping_.DontNeed(block.offset_bytes, sizeof(BlockHeader) + block.payload_bytes);
}

}  // namespace distcache::snapshot
