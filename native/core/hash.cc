// Secrets from a seed, and the hash of keys longer than 16 bytes.
#include "core/hash.h"

namespace distcache {
namespace {

// One step of a Weyl sequence with a finaliser of two multiply-shift rounds: a bijection of the state, so that the secrets
// keep all entropy of the seed.
uint64_t NextSecret(uint64_t* state) {
  *state += 0x9E3779B97F4A7C15ull;
  uint64_t word = *state;
  word = (word ^ (word >> 32)) * 0xD6E8FEB86659FD93ull;
  word = (word ^ (word >> 29)) * 0xC2B2AE3D27D4EB4Full;
  return word ^ (word >> 32);
}

}  // namespace

HashSecrets HashSecrets::FromSeed(std::span<const uint8_t, 16> seed) {
  uint64_t low = LoadUnaligned<uint64_t>(seed.data());
  uint64_t high = LoadUnaligned<uint64_t>(seed.data() + 8);
  HashSecrets secrets;
  for (uint64_t& word : secrets.words) {
    word = NextSecret(&low) ^ (NextSecret(&high) << 1 | 1);
  }
  return secrets;
}

namespace hash_detail {

uint64_t HashLong(const HashSecrets& secrets, uint64_t state, const char* data, size_t size_bytes) {
  const auto& s = secrets.words;
  const char* const end = data + size_bytes;
  uint64_t a = state;
  // Two independent chains hide the multiplier's latency on long keys.
  if (size_bytes > 64) {
    uint64_t b = state ^ s[5];
    do {
      a = Fold(LoadUnaligned<uint64_t>(data) ^ s[1], LoadUnaligned<uint64_t>(data + 8) ^ a);
      b = Fold(LoadUnaligned<uint64_t>(data + 16) ^ s[4], LoadUnaligned<uint64_t>(data + 24) ^ b);
      data += 32;
    } while (end - data > 32);
    a = Fold(a ^ s[2], b ^ s[3]);
  }
  while (end - data > 16) {
    a = Fold(LoadUnaligned<uint64_t>(data) ^ s[4], LoadUnaligned<uint64_t>(data + 8) ^ a);
    data += 16;
  }
  // The last 16 bytes, which may overlap what was read: at least 17 bytes were given.
  const uint64_t mixed = Fold(LoadUnaligned<uint64_t>(end - 16) ^ s[1], LoadUnaligned<uint64_t>(end - 8) ^ a);
  return Fold(mixed ^ s[2], size_bytes ^ s[3]);
}

}  // namespace hash_detail
}  // namespace distcache
