// One entry of a snapshot's entry block: its bytes, written and read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/store.h"

namespace distcache::snapshot {

struct Entry {
  uint32_t database = 0;
  uint8_t type = 0;
  store::TimeMs expires_at_ms = 0;  // 0 = none
  uint64_t idle_s = 0;              // from the last access to the walk's begin
  std::string_view key;
  std::string_view value;
};

// Appends all of the entry but the bytes of its value.
void AppendEntryHead(const Entry& entry, uint64_t value_bytes, std::string* out);

// Reads the entry at the front of *rest and moves *rest behind it. Its views point into *rest. False: the bytes are no entry.
bool ReadEntry(std::string_view* rest, Entry* entry);

}  // namespace distcache::snapshot
