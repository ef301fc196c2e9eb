#include "resp/argument_list.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace distcache::resp {

ArgumentList::~ArgumentList() {
  std::destroy_n(items_, capacity_);
  std::free(items_);
}

bool ArgumentList::Grow() {
  const size_t capacity = std::max<size_t>(8, capacity_ * 2);
  auto* items = static_cast<Argument*>(std::malloc(capacity * sizeof(Argument)));
  if (items == nullptr) return false;
  std::uninitialized_move_n(items_, capacity_, items);
  std::uninitialized_value_construct_n(items + capacity_, capacity - capacity_);
  std::destroy_n(items_, capacity_);
  std::free(items_);
  items_ = items;
  capacity_ = capacity;
  return true;
}

bool ArgumentList::PushBlock(BlockRef block) {
  if (!Push(block->view())) return false;
  items_[count_ - 1].block = std::move(block);
  has_blocks_ = true;
  return true;
}

void ArgumentList::DropAll() {
  if (capacity_ > kKeptCapacity) {
    std::destroy_n(items_, capacity_);
    std::free(items_);
    items_ = nullptr;
    capacity_ = 0;
  } else {
    for (Argument& argument : view()) argument.block = BlockRef();
  }
  has_blocks_ = false;
}

void ArgumentList::Shift(ptrdiff_t distance) {
  for (Argument& argument : view()) {
    if (!argument.block) argument.bytes = {argument.bytes.data() + distance, argument.bytes.size()};
  }
}

void ArgumentList::Swap(ArgumentList& other) {
  std::swap(items_, other.items_);
  std::swap(count_, other.count_);
  std::swap(capacity_, other.capacity_);
  std::swap(has_blocks_, other.has_blocks_);
}

}  // namespace distcache::resp
