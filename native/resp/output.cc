#include "resp/output.h"

#include <algorithm>
#include <cstdlib>

#include "port/vectored.h"

namespace distcache::resp {

ChunkPool::~ChunkPool() {
  while (free_count_ > 0) std::free(free_[--free_count_]);
}

char* ChunkPool::TryTake() {
  if (free_count_ > 0) return free_[--free_count_];
  return static_cast<char*>(std::malloc(kChunkBytes));
}

void ChunkPool::Give(char* chunk) {
  if (free_count_ < kMaxFree) {
    free_[free_count_++] = chunk;
  } else {
    std::free(chunk);
  }
}

bool Output::OpenChunk() {
  if (chunk_count_ >= chunk_limit_) return false;
  char* chunk = pool_ != nullptr ? pool_->TryTake() : static_cast<char*>(std::malloc(kChunkBytes));
  if (chunk == nullptr) return false;
  chunk_ = begin_ = cursor_ = chunk;
  limit_ = chunk + kChunkBytes;
  ++chunk_count_;
  return true;
}

// Turns the open chunk's unsent bytes into a segment. `frees` is the chunk when it is given up, null when it stays open.
// Without unsent bytes the chunk may still hold those of earlier segments, so it goes behind them as a segment of none.
void Output::CloseChunk(char* frees) {
  const size_t size_bytes = static_cast<size_t>(cursor_ - begin_);
  if (size_bytes > 0 || frees != nullptr) segments_.push_back({begin_, size_bytes, frees, BlockRef()});
  closed_bytes_ += size_bytes;
  begin_ = cursor_;
  if (frees != nullptr) chunk_ = begin_ = cursor_ = limit_ = nullptr;
}

void Output::FreeChunk(char* chunk) {
  if (chunk == nullptr) return;
  --chunk_count_;
  if (pool_ != nullptr) {
    pool_->Give(chunk);
  } else {
    std::free(chunk);
  }
}

void Output::AppendAcrossChunks(std::string_view bytes) {
  while (!bytes.empty()) {
    if (failed_) return;
    if (cursor_ == limit_) {
      if (chunk_ != nullptr) CloseChunk(chunk_);
      if (!OpenChunk()) return Fail();
    }
    const size_t part = std::min(bytes.size(), static_cast<size_t>(limit_ - cursor_));
    std::memcpy(cursor_, bytes.data(), part);
    cursor_ += part;
    bytes.remove_prefix(part);
  }
}

char* Output::PrepareInNewChunk() {
  if (failed_) return cursor_ = begin_;
  if (chunk_ != nullptr) CloseChunk(chunk_);
  if (!OpenChunk()) Fail();
  return cursor_;
}

// What is written from here on lands in the pool's scratch place, over and over, and is never sent.
void Output::Fail() {
  if (pool_ == nullptr) std::abort();
  Clear();
  failed_ = true;
  begin_ = cursor_ = pool_->scratch();
  limit_ = begin_ + kMaxPrepareBytes;
}

void Output::AppendBlock(BlockRef block, size_t offset_bytes, size_t length_bytes) {
  if (length_bytes == 0 || failed_) return;
  CloseChunk(nullptr);
  const char* begin = block->data() + offset_bytes;
  segments_.push_back({begin, length_bytes, nullptr, std::move(block)});
  closed_bytes_ += length_bytes;
}

void Output::CutBack(size_t mark) {
  if (failed_) return;
  size_t excess = size_bytes() - mark;
  const size_t from_open = std::min(excess, static_cast<size_t>(cursor_ - begin_));
  cursor_ -= from_open;
  excess -= from_open;
  // Segments that are emptied stay in the list: their chunk may hold bytes of earlier ones.
  for (size_t i = segments_.size(); excess > 0; --i) {
    Segment& segment = segments_[i - 1];
    const size_t cut = std::min(excess, segment.size_bytes);
    segment.size_bytes -= cut;
    closed_bytes_ -= cut;
    excess -= cut;
    if (segment.size_bytes == 0) segment.block = BlockRef();
  }
}

int Output::Gather(struct iovec* vectors, int max) const {
  if (failed_) return 0;
  int count = 0;
  for (size_t i = first_segment_; i < segments_.size() && count < max; ++i) {
    if (segments_[i].size_bytes == 0) continue;
    vectors[count++] = {const_cast<char*>(segments_[i].begin), segments_[i].size_bytes};
  }
  if (cursor_ != begin_ && count < max) vectors[count++] = {begin_, static_cast<size_t>(cursor_ - begin_)};
  return count;
}

void Output::DropFront(Segment& segment) {
  FreeChunk(segment.frees);
  segment.frees = nullptr;
  segment.block = BlockRef();
  ++first_segment_;
}

void Output::Consume(size_t bytes) {
  while (first_segment_ < segments_.size() && (bytes > 0 || segments_[first_segment_].size_bytes == 0)) {
    Segment& segment = segments_[first_segment_];
    const size_t part = std::min(bytes, segment.size_bytes);
    segment.begin += part;
    segment.size_bytes -= part;
    closed_bytes_ -= part;
    bytes -= part;
    if (segment.size_bytes > 0) return;
    DropFront(segment);
  }
  if (first_segment_ == segments_.size() && first_segment_ > 0) {
    segments_.clear();
    first_segment_ = 0;
    if (segments_.capacity() > 64) segments_ = {};
  } else if (first_segment_ >= 1024) {  // a reader that never catches up must not grow the list for ever
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(first_segment_));
    first_segment_ = 0;
  }
  begin_ += bytes;
  if (begin_ != cursor_ || chunk_ == nullptr || first_segment_ < segments_.size()) return;
  FreeChunk(chunk_);
  chunk_ = begin_ = cursor_ = limit_ = nullptr;
}

void Output::Clear() {
  while (first_segment_ < segments_.size()) DropFront(segments_[first_segment_]);
  segments_ = {};
  first_segment_ = 0;
  closed_bytes_ = 0;
  FreeChunk(chunk_);
  chunk_ = begin_ = cursor_ = limit_ = nullptr;
  failed_ = false;
}

}  // namespace distcache::resp
