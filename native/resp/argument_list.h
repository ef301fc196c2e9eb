// The arguments of one command. Grows fallibly: their number is the client's to decide.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/block.h"

namespace distcache::resp {

// One argument: bytes in the read buffer (valid until it moves), or in `block` when it was received into one.
struct Argument {
  std::string_view bytes;
  BlockRef block;
};

class ArgumentList {
 public:
  ArgumentList() = default;
  ArgumentList(const ArgumentList&) = delete;
  ArgumentList& operator=(const ArgumentList&) = delete;
  ~ArgumentList();

  // False: no memory; the list is as it was.
  [[nodiscard]] bool Push(std::string_view bytes) {
    if (count_ == capacity_ && !Grow()) return false;
    items_[count_++].bytes = bytes;
    return true;
  }
  [[nodiscard]] bool PushBlock(BlockRef block);
  // Forgets the arguments; a list that grew beyond a usual command gives its memory back.
  void Clear() {
    if (has_blocks_ || count_ > kKeptCapacity) DropAll();
    count_ = 0;
  }
  // The bytes moved: each argument that is not in a block lies `distance` further on.
  void Shift(ptrdiff_t distance);
  void Swap(ArgumentList& other);

  size_t size() const { return count_; }
  std::span<Argument> view() { return {items_, count_}; }

 private:
  static constexpr size_t kKeptCapacity = 32;
  bool Grow();
  void DropAll();

  Argument* items_ = nullptr;  // capacity_ of them, all constructed
  size_t count_ = 0;
  size_t capacity_ = 0;
  bool has_blocks_ = false;
};

}  // namespace distcache::resp
