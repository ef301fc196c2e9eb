#include "net/input_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace distcache::net {

InputBuffer::~InputBuffer() { std::free(memory_); }

void InputBuffer::Release() {
  std::free(memory_);
  memory_ = nullptr;
  begin_ = end_ = capacity_ = 0;
}

bool InputBuffer::Assign(std::string_view bytes) {
  Release();
  if (bytes.empty()) return true;
  char* const place = Reserve(bytes.size());
  if (place == nullptr) return false;
  std::memcpy(place, bytes.data(), bytes.size());
  Added(bytes.size());
  return true;
}

char* InputBuffer::Reserve(size_t size_bytes) {
  if (capacity_ - end_ >= size_bytes) return memory_ + end_;
  const size_t content = end_ - begin_;
  // Doubling keeps the copying linear; a short first content (a command cut by a read) gets no more than it needs.
  const size_t capacity = std::max(content + size_bytes, content * 2);
  auto* const memory = static_cast<char*>(std::malloc(capacity));
  if (memory == nullptr) return nullptr;
  if (content > 0) std::memcpy(memory, memory_ + begin_, content);
  std::free(memory_);
  memory_ = memory;
  begin_ = 0;
  end_ = content;
  capacity_ = capacity;
  return memory_ + end_;
}

void InputBuffer::DropFront(size_t size_bytes) {
  begin_ += size_bytes;
  if (begin_ == end_) Release();
}

}  // namespace distcache::net
