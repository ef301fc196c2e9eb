// Reading and writing integers at any address, and growable arrays whose growth may fail without ending the process.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

namespace distcache {

// Integers in the machine's order, at any alignment. Formats on disk are little-endian, as is every supported machine.
template <typename T>
inline T LoadUnaligned(const void* source) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, source, sizeof(T));
  return value;
}

template <typename T>
inline void StoreUnaligned(void* destination, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(destination, &value, sizeof(T));
}

// Whether two runs of size_bytes are the same; for the 8 to 16 bytes that most keys have, without a call.
inline bool BytesEqual(const char* a, const char* b, size_t size_bytes) {
  if (size_bytes - 8 <= 8) {
    const uint64_t head = LoadUnaligned<uint64_t>(a) ^ LoadUnaligned<uint64_t>(b);
    const size_t last = size_bytes - 8;
    return (head | (LoadUnaligned<uint64_t>(a + last) ^ LoadUnaligned<uint64_t>(b + last))) == 0;
  }
  return std::memcmp(a, b, size_bytes) == 0;
}

// An array of plain values that grows by half. Growing answers false when the memory is not to be had; what was there stays.
template <typename T>
class FallibleArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  FallibleArray() = default;
  FallibleArray(const FallibleArray&) = delete;
  FallibleArray& operator=(const FallibleArray&) = delete;
  FallibleArray(FallibleArray&& other) noexcept { Swap(other); }
  FallibleArray& operator=(FallibleArray&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~FallibleArray() { std::free(data_); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t capacity_bytes() const { return capacity_ * sizeof(T); }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t at) { return data_[at]; }
  const T& operator[](size_t at) const { return data_[at]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& back() { return data_[size_ - 1]; }

  // By how much TryReserve(wanted) would grow the memory.
  size_t GrowthBytes(size_t wanted) const {
    return wanted <= capacity_ ? 0 : (GrownCapacity(wanted) - capacity_) * sizeof(T);
  }
  [[nodiscard]] bool TryReserve(size_t wanted) {
    if (wanted <= capacity_) return true;
    const size_t grown = GrownCapacity(wanted);
    void* moved = std::realloc(static_cast<void*>(data_), grown * sizeof(T));
    if (moved == nullptr) return false;
    data_ = static_cast<T*>(moved);
    capacity_ = grown;
    return true;
  }
  [[nodiscard]] bool TryPush(const T& value) {
    T copy = value;  // it may lie in this array
    if (!TryReserve(size_ + 1)) return false;
    data_[size_++] = copy;
    return true;
  }
  [[nodiscard]] bool TryAppend(const T* values, size_t count) {
    if (!TryReserve(size_ + count)) return false;
    if (count > 0) std::memcpy(static_cast<void*>(data_ + size_), values, count * sizeof(T));
    size_ += count;
    return true;
  }
  void Pop() { --size_; }
  void Clear() { size_ = 0; }
  // Keeps the first `count` values (at least one) and gives the rest of the memory back.
  void TruncateTo(size_t count) {
    size_ = count;
    void* smaller = std::realloc(static_cast<void*>(data_), count * sizeof(T));
    if (smaller == nullptr) return;  // what is there is big enough
    data_ = static_cast<T*>(smaller);
    capacity_ = count;
  }
  void Free() {
    std::free(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

 private:
  size_t GrownCapacity(size_t wanted) const { return std::max(wanted, capacity_ + capacity_ / 2); }
  void Swap(FallibleArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace distcache
