// The seeded 64-bit hash of keys. Folds 64 x 64 -> 128 bit products whose operands are masked by secrets that are derived from
// a 16-byte seed, so that nobody who does not know the seed can make keys collide (hash flooding). Not for storage: two stores
// hash the same key differently.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/bytes.h"

namespace distcache {

struct HashSecrets {
  std::array<uint64_t, 6> words;

  static HashSecrets FromSeed(std::span<const uint8_t, 16> seed);
};

namespace hash_detail {

inline uint64_t Fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t HashLong(const HashSecrets& secrets, uint64_t state, const char* data, size_t size_bytes);

}  // namespace hash_detail

// `tweak` separates name spaces (databases): the same bytes under two tweaks have unrelated hashes.
inline uint64_t Hash64(const HashSecrets& secrets, uint64_t tweak, std::string_view bytes) {
  const auto& s = secrets.words;
  const char* data = bytes.data();
  const size_t size = bytes.size();
  // Odd multiplier: distinct tweaks start from distinct states.
  const uint64_t state = s[0] ^ (tweak * 0x9E3779B97F4A7C15ull);
  uint64_t first;
  uint64_t last;
  if (size > 16) {
    return hash_detail::HashLong(secrets, state, data, size);
  } else if (size >= 8) {  // two words that overlap cover 8 to 16 bytes
    first = LoadUnaligned<uint64_t>(data);
    last = LoadUnaligned<uint64_t>(data + size - 8);
  } else if (size >= 4) {
    first = LoadUnaligned<uint32_t>(data);
    last = LoadUnaligned<uint32_t>(data + size - 4);
  } else if (size > 0) {  // first, middle and last byte cover 1 to 3 bytes
    first = static_cast<uint8_t>(data[0]) | static_cast<uint64_t>(static_cast<uint8_t>(data[size / 2])) << 8;
    last = static_cast<uint8_t>(data[size - 1]);
  } else {
    first = last = 0;
  }
  const uint64_t mixed = hash_detail::Fold(first ^ s[1], last ^ state);
  return hash_detail::Fold(mixed ^ s[2], size ^ s[3]);
}

}  // namespace distcache
