// Hash tags and slots.
#include "core/slot.h"

#include "core/crc16.h"

namespace distcache {

std::string_view HashTagOf(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

uint16_t SlotOfKey(std::string_view key) { return Crc16(HashTagOf(key)) % kSlotCount; }

}  // namespace distcache
