#include "addon/fields.h"

#include <string>

#include "wal/text_record.h"

namespace distcache::addon {

Fields& Fields::Hex(const char* name, std::span<const uint8_t> bytes) {
  std::string digits(bytes.size() * 2, '\0');
  wal::WriteHex(digits.data(), bytes);
  return Text(name, digits);
}

}  // namespace distcache::addon
