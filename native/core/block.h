// A reference-counted block of bytes of its own: what holds a value above kBlockThresholdBytes. It is received into
// directly, stored without a copy, and sent after the shard's lock was released.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace distcache {

inline constexpr size_t kBlockThresholdBytes = 16 * 1024;

// Invariants:
// 1. Bytes change only while the block has one owner; what is shared never changes.
// 2. The memory goes when the last BlockRef goes, on whichever thread that is.
// 3. size_bytes_ <= capacity_bytes_; bytes between the two are room to grow into, without meaning.
class Block {
 public:
  // Null when the memory is not to be had. size_bytes is exact; the bytes are not initialised.
  static Block* TryCreate(size_t size_bytes) { return TryCreateWithRoom(size_bytes, size_bytes); }
  // The same with room to grow to capacity_bytes (at least size_bytes) in place.
  static Block* TryCreateWithRoom(size_t size_bytes, size_t capacity_bytes);

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  size_t size() const { return size_bytes_; }
  size_t capacity() const { return capacity_bytes_; }
  // What the block costs: its bytes, its header and the allocator's own.
  size_t footprint_bytes() const { return FootprintOf(capacity_bytes_); }
  static size_t FootprintOf(size_t capacity_bytes);
  // Only while not shared; at most capacity().
  void set_size(size_t size_bytes) { size_bytes_ = size_bytes; }
  std::string_view view() const { return {data(), size_bytes_}; }
  // Acquire: what former owners read happens before the one that is left writes.
  bool is_shared() const { return references_.load(std::memory_order_acquire) > 1; }

  void AddReference();
  void Release();

 private:
  Block(size_t size_bytes, size_t capacity_bytes) : size_bytes_(size_bytes), capacity_bytes_(capacity_bytes) {}

  std::atomic<uint32_t> references_{1};
  size_t size_bytes_;
  size_t capacity_bytes_;
};

// Owns one reference; empty when default-made or moved from.
class BlockRef {
 public:
  BlockRef() = default;
  explicit BlockRef(Block* adopted) : block_(adopted) {}
  BlockRef(const BlockRef& other) : block_(other.block_) {
    if (block_ != nullptr) block_->AddReference();
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() {
    if (block_ != nullptr) block_->Release();
  }

  explicit operator bool() const { return block_ != nullptr; }
  Block* operator->() const { return block_; }
  Block* get() const { return block_; }
  Block* TakeOwnership() { return std::exchange(block_, nullptr); }

 private:
  Block* block_ = nullptr;
};

}  // namespace distcache
