// Segments of the log for JavaScript: replay into a store, check, look into, encode anew.
#pragma once

#include <node_api.h>

#include <cstdint>

#include "wal/record.h"

namespace distcache::addon {

// Exports walReplay(store, path, afterSequence) and walCheck(path), which start jobs whose promises say how the segment
// ended; walEncodeHeader(format, logId, firstSequence, createdAtMs); and the class SegmentReader(path).
void RegisterSegments(napi_env env, napi_value exports);

// {sequence, offset, sizeBytes, effects: [{kind, database, type, expiresAtMs, offset, key, bytes}]}; null with an exception pending.
napi_value MakeRecord(napi_env env, const wal::Record& record, uint64_t offset_bytes);

}  // namespace distcache::addon
