// Blocks come from the general allocator: big ones are mapped by it one by one and go back to the system when freed.
#include "core/block.h"

#include <cstdint>
#include <cstdlib>
#include <new>

namespace distcache {
namespace {

constexpr size_t kAllocatorOverheadBytes = 8;
constexpr size_t kAllocatorStepBytes = 16;

}  // namespace

Block* Block::TryCreateWithRoom(size_t size_bytes, size_t capacity_bytes) {
  if (capacity_bytes > SIZE_MAX - sizeof(Block)) return nullptr;
  void* memory = std::malloc(sizeof(Block) + capacity_bytes);
  if (memory == nullptr) return nullptr;
  return new (memory) Block(size_bytes, capacity_bytes);
}

size_t Block::FootprintOf(size_t capacity_bytes) {
  const size_t bytes = sizeof(Block) + capacity_bytes + kAllocatorOverheadBytes;
  return (bytes + kAllocatorStepBytes - 1) / kAllocatorStepBytes * kAllocatorStepBytes;
}

void Block::AddReference() {
  // Relaxed: whoever adds a reference holds one, so nothing is made visible by it.
  references_.fetch_add(1, std::memory_order_relaxed);
}

void Block::Release() {
  // Release orders this owner's reads before the end; acquire lets the last one see all of them before it frees.
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    this->~Block();
    std::free(static_cast<void*>(this));
  }
}

}  // namespace distcache
