// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4): the checksum of log records and snapshot
// blocks. Uses the processor's instruction where there is one, chosen at run time; the results are the same.
#pragma once

#include <cstdint>
#include <string_view>

namespace distcache {

// The checksum of what `crc` covers followed by `bytes`; start from 0. Crc32c(b, Crc32c(a)) == Crc32c(a + b).
uint32_t Crc32c(std::string_view bytes, uint32_t crc = 0);

// The same without the instruction: for tests, and for processors that lack it.
uint32_t Crc32cPortable(std::string_view bytes, uint32_t crc = 0);

}  // namespace distcache
