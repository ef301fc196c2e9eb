// A snapshot file, mapped and checked block by block. Every byte is copied out of the mapping before it is looked at, so that a
// file that is truncated meanwhile is an error, never a fault. Const calls may come from many threads at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "port/mapping.h"
#include "snapshot/writer.h"

namespace distcache::snapshot {

class Reader {
 public:
  // Checks header, footer and that the blocks fill the space between them; block contents are checked when they are read.
  // Every kCorrupt names the file and the offset.
  static Result<Reader> Open(const std::string& path);

  const SnapshotInfo& info() const { return info_; }

  struct Block {
    BlockKind kind;
    uint64_t index;
    uint64_t offset_bytes;
    uint64_t payload_bytes;
    uint64_t count;
  };
  const std::vector<Block>& blocks() const { return blocks_; }

  // The block's payload, copied into *buffer and verified.
  Result<std::string_view> ReadBlock(const Block& block, std::vector<char>* buffer) const;
  // The pages of a block will not be read again.
  void Forget(const Block& block) const;

  Status CorruptAt(uint64_t offset_bytes, std::string_view what) const;

 private:
  Reader(std::string path, port::Mapping mapping) : path_(std::move(path)), mapping_(std::move(mapping)) {}
  Status ReadHeader();
  Status ReadFooter();
  Status ListBlocks();
  template <typename T>
  bool Read(uint64_t offset_bytes, T* value) const {
    return mapping_.CopyOut(value, offset_bytes, sizeof(*value));
  }

  std::string path_;
  port::Mapping mapping_;
  SnapshotInfo info_;
  uint32_t checksum_seed_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace distcache::snapshot
