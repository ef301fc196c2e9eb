// The bytes of a connection that are not used up yet: the beginning of a command, or commands that have to wait. Empty for
// nearly every connection nearly always, and then it holds no memory. Fallible: its size is the client's to decide.
#pragma once

#include <cstddef>
#include <string_view>

namespace distcache::net {

class InputBuffer {
 public:
  InputBuffer() = default;
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;
  ~InputBuffer();

  std::string_view view() const { return {memory_ + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  size_t capacity_bytes() const { return capacity_; }

  // Replaces the content. `bytes` must not lie in this buffer.
  [[nodiscard]] bool Assign(std::string_view bytes);
  // Room for size_bytes more behind the content (it may move); null without memory. Then Added says how many came.
  [[nodiscard]] char* Reserve(size_t size_bytes);
  void Added(size_t size_bytes) { end_ += size_bytes; }
  void DropFront(size_t size_bytes);
  void KeepFront(size_t size_bytes) { end_ = begin_ + size_bytes; }

 private:
  void Release();

  char* memory_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace distcache::net
