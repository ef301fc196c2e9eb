// One key with its value, as it lies in a chunk of a slab:
//
//   0      3      4         5           6              8
//   | tick | mark | database | key size | value size   | [deadline 8] [key size 4] key or block | value or block |
//
// tick: 24 bits, when it was last used (recency_clock.h). mark: type in bits 0 to 3, then the flags below; bit 7 is the slab's.
// A key size of 255 says that the true one follows as 4 bytes. Keys above kMaxInlineKeyBytes and values above
// kBlockThresholdBytes lie in a Block of their own, and 8 bytes hold its address. Fields after the header are unaligned.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/block.h"
#include "core/bytes.h"
#include "store/size_class.h"

namespace distcache::store {

inline constexpr size_t kEntryHeaderBytes = 8;
inline constexpr size_t kMaxInlineKeyBytes = 4096;
inline constexpr uint32_t kTickMask = 0xFFFFFF;

// What decides how big an entry is.
struct EntryShape {
  size_t key_bytes;
  size_t value_bytes;  // of a block, too
  bool has_deadline;

  bool key_in_block() const { return key_bytes > kMaxInlineKeyBytes; }
  bool value_in_block() const { return value_bytes > kBlockThresholdBytes; }
  bool has_long_key() const { return key_bytes >= 255; }
  size_t ChunkBytes() const {
    return kEntryHeaderBytes + (has_deadline ? 8 : 0) + (has_long_key() ? 4 : 0) +
           (key_in_block() ? sizeof(Block*) : key_bytes) + (value_in_block() ? sizeof(Block*) : value_bytes);
  }
};

static_assert(kEntryHeaderBytes + 8 + 4 + kMaxInlineKeyBytes + kBlockThresholdBytes <= kMaxChunkBytes);
static_assert(kBlockThresholdBytes <= 0xFFFF);

// A view of an entry; owns nothing.
class Entry {
 public:
  explicit Entry(char* memory) : memory_(memory) {}

  uint32_t tick() const { return LoadUnaligned<uint32_t>(memory_) & kTickMask; }
  void set_tick(uint32_t tick) {
    const uint32_t word = LoadUnaligned<uint32_t>(memory_);
    const uint32_t wanted = (word & ~kTickMask) | tick;
    if (word != wanted) StoreUnaligned(memory_, wanted);  // a clean cache line stays clean
  }
  uint8_t type() const { return mark() & kTypeMask; }
  bool has_deadline() const { return (mark() & kHasDeadline) != 0; }
  bool value_in_block() const { return (mark() & kValueInBlock) != 0; }
  bool owns_blocks() const { return (mark() & (kValueInBlock | kKeyInBlock)) != 0; }
  uint8_t database() const { return static_cast<uint8_t>(memory_[4]); }
  void set_database(uint8_t database) { memory_[4] = static_cast<char>(database); }
  int64_t deadline_ms() const { return has_deadline() ? LoadUnaligned<int64_t>(memory_ + kEntryHeaderBytes) : 0; }
  void set_deadline_ms(int64_t at_ms) { StoreUnaligned(memory_ + kEntryHeaderBytes, at_ms); }
  bool IsExpired(int64_t now_ms) const { return has_deadline() && deadline_ms() <= now_ms; }

  std::string_view key() const {
    const size_t at = KeyOffset();
    const uint8_t size = static_cast<uint8_t>(memory_[5]);
    if (size != kLongKey) return {memory_ + at, size};
    if ((mark() & kKeyInBlock) != 0) return LoadUnaligned<Block*>(memory_ + at)->view();
    return {memory_ + at, LoadUnaligned<uint32_t>(memory_ + at - 4)};
  }
  bool Holds(uint8_t database, std::string_view key) const {
    if (this->database() != database) return false;
    const uint8_t size = static_cast<uint8_t>(memory_[5]);
    if (size != kLongKey) {
      return size == key.size() && BytesEqual(memory_ + KeyOffset(), key.data(), key.size());
    }
    return this->key() == key;
  }
  std::string_view value() const {
    const char* at = ValueAddress();
    if (value_in_block()) return LoadUnaligned<Block*>(at)->view();
    return {at, inline_value_bytes()};
  }
  uint16_t inline_value_bytes() const { return LoadUnaligned<uint16_t>(memory_ + 6); }
  char* ValueAddress() const {
    const uint8_t size = static_cast<uint8_t>(memory_[5]);
    const size_t at = KeyOffset();
    if (size != kLongKey) return memory_ + at + size;
    if ((mark() & kKeyInBlock) != 0) return memory_ + at + sizeof(Block*);
    return memory_ + at + LoadUnaligned<uint32_t>(memory_ + at - 4);
  }
  Block* key_block() const {
    return (mark() & kKeyInBlock) != 0 ? LoadUnaligned<Block*>(memory_ + KeyOffset()) : nullptr;
  }
  Block* value_block() const { return value_in_block() ? LoadUnaligned<Block*>(ValueAddress()) : nullptr; }
  EntryShape shape() const { return {key().size(), value().size(), has_deadline()}; }

  // Writes header and key of a new entry into a chunk of shape.ChunkBytes(); the value follows by SetInlineValue or
  // SetValueBlock. key_block is the key's when it is too long to lie here; the entry takes that reference.
  void Write(uint8_t type, uint8_t database, const EntryShape& shape, std::string_view key, Block* key_block,
             int64_t deadline_ms, uint32_t tick) {
    const uint8_t flags =
        static_cast<uint8_t>((shape.has_deadline ? kHasDeadline : 0) | (shape.value_in_block() ? kValueInBlock : 0) |
                             (shape.key_in_block() ? kKeyInBlock : 0));
    StoreUnaligned<uint32_t>(memory_, tick | static_cast<uint32_t>(type | flags) << 24);
    memory_[4] = static_cast<char>(database);
    memory_[5] = static_cast<char>(shape.has_long_key() ? kLongKey : shape.key_bytes);
    StoreUnaligned<uint16_t>(memory_ + 6, 0);
    char* at = memory_ + kEntryHeaderBytes;
    if (shape.has_deadline) {
      StoreUnaligned(at, deadline_ms);
      at += 8;
    }
    if (shape.has_long_key()) {
      StoreUnaligned(at, static_cast<uint32_t>(shape.key_bytes));
      at += 4;
    }
    if (shape.key_in_block()) {
      StoreUnaligned(at, key_block);
    } else {
      std::memcpy(at, key.data(), key.size());
    }
  }
  // The bytes may overlap the place.
  void SetInlineValue(std::string_view bytes) {
    StoreUnaligned<uint16_t>(memory_ + 6, static_cast<uint16_t>(bytes.size()));
    if (!bytes.empty()) std::memmove(ValueAddress(), bytes.data(), bytes.size());
  }
  void set_inline_value_bytes(size_t bytes) { StoreUnaligned<uint16_t>(memory_ + 6, static_cast<uint16_t>(bytes)); }
  void SetValueBlock(Block* block) { StoreUnaligned(ValueAddress(), block); }

 private:
  static constexpr uint8_t kTypeMask = 0x0F;
  static constexpr uint8_t kHasDeadline = 0x10;
  static constexpr uint8_t kValueInBlock = 0x20;
  static constexpr uint8_t kKeyInBlock = 0x40;
  static constexpr uint8_t kLongKey = 255;

  uint8_t mark() const { return static_cast<uint8_t>(memory_[3]); }
  size_t KeyOffset() const {
    return kEntryHeaderBytes + (has_deadline() ? 8 : 0) + (static_cast<uint8_t>(memory_[5]) == kLongKey ? 4 : 0);
  }

  char* memory_;
};

}  // namespace distcache::store
