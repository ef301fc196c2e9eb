// A bounded text that one thread writes now and then and any thread copies, without a lock: the writer never waits, a reader
// that met a write in progress is told so and looks again or leaves the slot out.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace distcache::metrics {

// Invariants:
// 1. version_ is odd while a write is in progress and grows with every write.
// 2. A copy is whole when version_ was even and the same before and after it.
class TextSlot {
 public:
  static constexpr size_t kMaxBytes = 96;

  // Longer texts are cut; full_size() keeps their length.
  void Write(std::string_view text) {
    const uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    // Release fence: no word below may become visible before the odd version.
    std::atomic_thread_fence(std::memory_order_release);
    full_size_.store(static_cast<uint32_t>(text.size()), std::memory_order_relaxed);
    const size_t kept = text.size() < kMaxBytes ? text.size() : kMaxBytes;
    for (size_t offset = 0, i = 0; offset < kept; offset += sizeof(uint64_t), i++) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + offset, kept - offset < sizeof word ? kept - offset : sizeof word);
      words_[i].store(word, std::memory_order_relaxed);
    }
    // Release: whoever sees the even version sees the words.
    version_.store(version + 2, std::memory_order_release);
  }

  // False when a write was in progress.
  bool Read(std::string* text, size_t* full_size_bytes) const {
    // Acquire: pairs with the release of the even version.
    const uint32_t before = version_.load(std::memory_order_acquire);
    if ((before & 1) != 0) return false;
    *full_size_bytes = full_size_.load(std::memory_order_relaxed);
    const size_t kept = *full_size_bytes < kMaxBytes ? *full_size_bytes : kMaxBytes;
    std::array<uint64_t, kWords> words;
    for (size_t i = 0; i < kWords; i++) words[i] = words_[i].load(std::memory_order_relaxed);
    // Acquire fence: the second look at the version comes after the words.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (version_.load(std::memory_order_relaxed) != before) return false;
    text->assign(reinterpret_cast<const char*>(words.data()), kept);
    return true;
  }

  // For the writing thread only.
  bool Holds(std::string_view text) const {
    if (full_size_.load(std::memory_order_relaxed) != text.size()) return false;
    std::string kept;
    size_t full = 0;
    return Read(&kept, &full) && kept == text.substr(0, kMaxBytes);
  }

 private:
  static constexpr size_t kWords = kMaxBytes / sizeof(uint64_t);
  std::atomic<uint32_t> version_{0};
  std::atomic<uint32_t> full_size_{0};
  std::array<std::atomic<uint64_t>, kWords> words_{};
};

}  // namespace distcache::metrics
