// CRC-16/XMODEM by one table.
#include "core/crc16.h"

#include <array>

namespace distcache {
namespace {

constexpr std::array<uint16_t, 256> MakeTable() {
  std::array<uint16_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021u : 0u);
    table[byte] = static_cast<uint16_t>(crc);
  }
  return table;
}

constexpr std::array<uint16_t, 256> kTable = MakeTable();

}  // namespace

uint16_t Crc16(std::string_view bytes) {
  uint32_t crc = 0;
  for (const char byte : bytes) crc = (crc << 8) ^ kTable[((crc >> 8) ^ static_cast<uint8_t>(byte)) & 0xFF];
  return static_cast<uint16_t>(crc);
}

}  // namespace distcache
