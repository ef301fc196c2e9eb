// Which of sixteen bytes equal a given one, by one instruction where the processor has it.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace distcache::port {

// Bit i of the answer: bytes[i] == wanted. `bytes` points at 16 readable bytes at an address that 16 divides.
inline uint32_t MatchSixteenBytes(const uint8_t* bytes, uint8_t wanted) {
#if defined(__SSE2__)
  const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(bytes));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(wanted)))));
#else
  uint32_t mask = 0;
  for (uint32_t i = 0; i < 16; ++i) mask |= static_cast<uint32_t>(bytes[i] == wanted) << i;
  return mask;
#endif
}

// Told to the processor while it waits for another thread's lock.
inline void PauseWhileSpinning() {
#if defined(__SSE2__)
  _mm_pause();
#endif
}

}  // namespace distcache::port
