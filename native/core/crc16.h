// CRC-16/XMODEM (polynomial 0x1021, not reflected, initial 0): what Redis Cluster's specification maps keys to slots with.
#pragma once

#include <cstdint>
#include <string_view>

namespace distcache {

uint16_t Crc16(std::string_view bytes);

}  // namespace distcache
