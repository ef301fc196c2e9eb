// CRC-32C by the SSE4.2 instruction, and by eight tables (slicing by eight) elsewhere.
#include "core/crc32c.h"

#include <array>

#include "core/bytes.h"

namespace distcache {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// tables[k][b]: what byte b, followed by k zero bytes, does to the register.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (size_t k = 1; k < 8; ++k) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint32_t UpdateByTables(uint32_t state, const char* data, size_t size_bytes) {
  while (size_bytes >= 8) {
    const uint64_t word = LoadUnaligned<uint64_t>(data) ^ state;
    state = 0;
    for (size_t k = 0; k < 8; ++k) state ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
    data += 8;
    size_bytes -= 8;
  }
  for (; size_bytes > 0; ++data, --size_bytes) {
    state = (state >> 8) ^ kTables[0][(state ^ static_cast<uint8_t>(*data)) & 0xFF];
  }
  return state;
}

#if defined(__x86_64__)

constexpr size_t kStripeBytes = 256;

// What kStripeBytes (or twice as many) zero bytes do to a register, as four tables by byte: joins checksums of neighbouring stripes.
struct ShiftTables {
  std::array<std::array<uint32_t, 256>, 4> by_byte;

  constexpr uint32_t Apply(uint32_t crc) const {
    return by_byte[0][crc & 0xFF] ^ by_byte[1][(crc >> 8) & 0xFF] ^ by_byte[2][(crc >> 16) & 0xFF] ^
           by_byte[3][crc >> 24];
  }
};

ShiftTables MakeShiftTables(size_t zero_bytes) {
  ShiftTables tables{};
  for (size_t position = 0; position < 4; ++position) {
    std::array<uint32_t, 8> of_bit{};
    for (uint32_t bit = 0; bit < 8; ++bit) {
      uint32_t crc = 1u << (8 * position + bit);
      for (size_t i = 0; i < zero_bytes; ++i) crc = (crc >> 8) ^ kTables[0][crc & 0xFF];
      of_bit[bit] = crc;
    }
    for (uint32_t byte = 0; byte < 256; ++byte) {
      for (uint32_t bit = 0; bit < 8; ++bit) {
        if ((byte >> bit & 1) != 0) tables.by_byte[position][byte] ^= of_bit[bit];
      }
    }
  }
  return tables;
}

const ShiftTables kShiftByOne = MakeShiftTables(kStripeBytes);
const ShiftTables kShiftByTwo = MakeShiftTables(2 * kStripeBytes);

__attribute__((target("sse4.2"))) uint64_t Step(uint64_t state, const char* data) {
  return __builtin_ia32_crc32di(state, LoadUnaligned<uint64_t>(data));
}

// Three stripes at a time: the instruction answers after three cycles but takes a new pair every cycle.
__attribute__((target("sse4.2"))) uint32_t UpdateByInstruction(uint32_t state, const char* data, size_t size_bytes) {
  while (size_bytes >= 3 * kStripeBytes) {
    uint64_t a = state;
    uint64_t b = 0;
    uint64_t c = 0;
    for (size_t at = 0; at < kStripeBytes; at += 8) {
      a = Step(a, data + at);
      b = Step(b, data + kStripeBytes + at);
      c = Step(c, data + 2 * kStripeBytes + at);
    }
    state = kShiftByTwo.Apply(static_cast<uint32_t>(a)) ^ kShiftByOne.Apply(static_cast<uint32_t>(b)) ^
            static_cast<uint32_t>(c);
    data += 3 * kStripeBytes;
    size_bytes -= 3 * kStripeBytes;
  }
  uint64_t wide = state;
  for (; size_bytes >= 8; data += 8, size_bytes -= 8) wide = Step(wide, data);
  state = static_cast<uint32_t>(wide);
  for (; size_bytes > 0; ++data, --size_bytes) state = __builtin_ia32_crc32qi(state, static_cast<uint8_t>(*data));
  return state;
}

bool HasInstruction() {
  static const bool has_it = __builtin_cpu_supports("sse4.2") != 0;
  return has_it;
}

#else

uint32_t UpdateByInstruction(uint32_t state, const char* data, size_t size_bytes) {
  return UpdateByTables(state, data, size_bytes);
}
bool HasInstruction() { return false; }

#endif

}  // namespace

uint32_t Crc32c(std::string_view bytes, uint32_t crc) {
  if (!HasInstruction()) return Crc32cPortable(bytes, crc);
  return ~UpdateByInstruction(~crc, bytes.data(), bytes.size());
}

uint32_t Crc32cPortable(std::string_view bytes, uint32_t crc) {
  return ~UpdateByTables(~crc, bytes.data(), bytes.size());
}

}  // namespace distcache
