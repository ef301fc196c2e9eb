// The record format, version 1: one record a command, with one or more effects. Used by the log on disk, by the tail of a
// snapshot, and later by replication. The byte layout is drawn in docs/wal-format.md and frozen here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "store/write_log.h"

namespace distcache::wal {

enum class Format : uint8_t { kBinary = 1, kText = 2 };
using LogId = std::array<uint8_t, 16>;

// (the owner of this file draws the layout, EncodeRecord for both formats, and a RecordReader that answers record, end, torn or
//  corrupt with an offset; CRC32C covers length, sequence, log id and content)

}  // namespace distcache::wal
