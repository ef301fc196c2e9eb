// Where the indexes of all shards of a store get their buckets from: a slab of their own, shared, because a shard takes and
// returns pieces seldom and the pieces of all shards fill pages better than each shard's alone. Any thread.
#pragma once

#include <mutex>

#include "store/slab.h"

namespace distcache::store {

class IndexMemory {
 public:
  struct Piece {
    char* memory = nullptr;  // null: none to be had
    Ref ref = 0;
  };

  IndexMemory(PagePool* pool, MemoryBudget* budget) : slab_(pool, budget) {}

  // Zeroed, at an address that 64 divides when size_bytes is a power of two or an even multiple of 64.
  Piece TryTake(size_t size_bytes, Purse* purse) {
    const std::lock_guard lock(mutex_);
    Piece piece;
    if (!slab_.TryAllocate(size_bytes, purse, &piece.ref)) return {};
    piece.memory = slab_.At(piece.ref);
    std::memset(piece.memory, 0, size_bytes);
    return piece;
  }
  void GiveBack(Ref ref) {
    const std::lock_guard lock(mutex_);
    slab_.Free(ref);
  }

 private:
  std::mutex mutex_;
  Slab slab_;
};

}  // namespace distcache::store
