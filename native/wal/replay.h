// Applies effects to a store that serves nobody yet and has no log: recovery's and the snapshot loader's way in.
//
// Deadlines that have passed are not acted upon while replaying (a later record may lift one), except when they had passed
// long before the record at hand was made: `now_ms` is a time of which that is known.
#pragma once

#include <span>

#include "core/status.h"
#include "store/store.h"
#include "store/write_log.h"
#include "wal/record.h"

namespace distcache::wal {

// Effects in order. kOutOfMemory when the store refuses a value; kCorrupt when an effect names a database that is not there.
Status ApplyEffects(store::Store* store, std::span<const store::Effect> effects, store::TimeMs now_ms);

// The same for the effects of several records, whose cache misses then run side by side.
inline constexpr size_t kReplayAhead = 16;
Status ApplyRecords(store::Store* store, std::span<const Record> records, store::TimeMs now_ms);

// The time that a replay of records may take as now: long enough before all of them were made, given when their segment or
// snapshot was begun. A record may wait in a buffer, and a loop's clock may be a turn old, for much less than this.
store::TimeMs ReplayTimeMs(store::TimeMs begun_at_ms);

}  // namespace distcache::wal
