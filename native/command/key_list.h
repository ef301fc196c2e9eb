// The located keys of a command: in place when they are few, else on the heap, where a refused allocation is an answer.
#pragma once

#include <array>
#include <memory>
#include <new>
#include <span>

#include "command/call.h"

namespace distcache::command {

class KeyList {
 public:
  // Locates the keys at the arguments first, first + step, ... to the last. False: no memory, and the reply says so.
  bool Locate(Call& call, size_t first, size_t step) {
    const size_t count = (call.count() - first + step - 1) / step;
    store::Key* to = in_place_.data();
    if (count > in_place_.size()) {
      heap_.reset(new (std::nothrow) store::Key[count]);
      if (heap_ == nullptr) return call.FailOutOfMemory();
      to = heap_.get();
    }
    for (size_t i = 0; i < count; i++) to[i] = call.Locate(first + i * step);
    keys_ = {to, count};
    return true;
  }

  std::span<const store::Key> all() const { return keys_; }
  const store::Key& operator[](size_t i) const { return keys_[i]; }
  size_t size() const { return keys_.size(); }

 private:
  std::array<store::Key, 8> in_place_;
  std::unique_ptr<store::Key[]> heap_;
  std::span<const store::Key> keys_;
};

}  // namespace distcache::command
