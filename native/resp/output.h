// What a connection still has to send: bytes in chunks, and big blocks by reference. Fallible: nothing here aborts when
// memory is short, the output then turns failed() and its connection is closed.
//
// One thread at a time. An empty Output holds no memory; chunks come from and go back to the ChunkPool of its thread.
//
// Invariants:
// 1. Unsent bytes are, in order: segments_[first_segment_...], then [begin_, cursor_) of the open chunk.
// 2. A chunk is freed by exactly one owner: the segment whose `frees` names it, or the Output while it is the open chunk. No
//    segment behind its owner has bytes in it. A segment may be empty.
// 3. closed_bytes_ is the sum of the segments' sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/block.h"

struct iovec;

namespace distcache::resp {

// Not a power of two: chunks whose beginnings lie a multiple of 4 KiB apart would share one set of the first-level cache.
inline constexpr size_t kChunkBytes = 16 * 1024 + 192;

inline constexpr size_t kMaxPrepareBytes = 4096;

// Free chunks of one thread. Keeps at most kMaxFree, the rest goes back to the heap.
class ChunkPool {
 public:
  ChunkPool() = default;
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ~ChunkPool();

  char* TryTake();  // kChunkBytes of them; null when the memory is not to be had
  void Give(char* chunk);
  char* scratch() { return scratch_; }  // kMaxPrepareBytes whose content nobody reads

 private:
  static constexpr size_t kMaxFree = 64;
  char* free_[kMaxFree];
  size_t free_count_ = 0;
  char scratch_[kMaxPrepareBytes];
};

class Output {
 public:
  // The pool outlives the Output. Without one (tests, single replies) a refused allocation ends the process.
  explicit Output(ChunkPool* pool = nullptr) : pool_(pool) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { Clear(); }

  void Append(std::string_view bytes) {
    if (static_cast<size_t>(limit_ - cursor_) < bytes.size()) return AppendAcrossChunks(bytes);
    if (bytes.empty()) return;  // memcpy wants valid pointers even for nothing
    std::memcpy(cursor_, bytes.data(), bytes.size());
    cursor_ += bytes.size();
  }
  void AppendBlock(BlockRef block, size_t offset_bytes, size_t length_bytes);  // sent without a copy

  // A contiguous place for at most n bytes (n <= kMaxPrepareBytes), to be followed by Advance. Never null: after a failed
  // allocation it is a place whose bytes are thrown away.
  char* Prepare(size_t n) { return static_cast<size_t>(limit_ - cursor_) >= n ? cursor_ : PrepareInNewChunk(); }
  void Advance(size_t n) { cursor_ += n; }

  size_t size_bytes() const { return closed_bytes_ + static_cast<size_t>(cursor_ - begin_); }  // not yet consumed
  bool empty() const { return size_bytes() == 0; }
  bool failed() const { return failed_; }  // memory or the limit refused a chunk: all is lost

  // More chunks than this many bytes make it failed(): what a client may make us copy is bounded. Blocks do not count.
  void SetLimit(uint64_t limit_bytes) { chunk_limit_ = limit_bytes / kChunkBytes + 1; }

  // Marks and cuts back to a mark (no Consume between them): a command that has to be retried leaves nothing.
  size_t Mark() const { return size_bytes(); }
  void CutBack(size_t mark);

  // For the writer of the socket: fills up to max vectors, returns how many; Consume drops what was sent.
  int Gather(struct iovec* vectors, int max) const;
  void Consume(size_t bytes);
  void Clear();  // drops everything, also what made it failed()

 private:
  struct Segment {
    const char* begin;
    size_t size_bytes;
    char* frees;     // the chunk that goes with this segment, or null
    BlockRef block;  // keeps the bytes of a block
  };

  bool OpenChunk();
  void CloseChunk(char* frees);
  void FreeChunk(char* chunk);
  void DropFront(Segment& segment);
  void AppendAcrossChunks(std::string_view bytes);
  char* PrepareInNewChunk();
  void Fail();

  char* cursor_ = nullptr;  // where the next byte goes
  char* limit_ = nullptr;
  char* begin_ = nullptr;  // the first unsent byte of the open chunk
  char* chunk_ = nullptr;  // the open chunk, null when there is none
  size_t closed_bytes_ = 0;
  size_t first_segment_ = 0;
  std::vector<Segment> segments_;
  ChunkPool* pool_;
  uint64_t chunk_count_ = 0;
  uint64_t chunk_limit_ = UINT64_MAX;
  bool failed_ = false;
};

}  // namespace distcache::resp
