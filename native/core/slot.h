// The cluster slot of a key, as the Redis Cluster specification says: CRC-16 of the key, or of its hash tag, modulo 16384.
#pragma once

#include <cstdint>
#include <string_view>

namespace distcache {

inline constexpr uint16_t kSlotCount = 16384;

// What is hashed: the bytes between the first '{' and the next '}' when there is at least one, else the whole key.
std::string_view HashTagOf(std::string_view key);

// 0 to kSlotCount - 1.
uint16_t SlotOfKey(std::string_view key);

}  // namespace distcache
