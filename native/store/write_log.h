// What the store asks of a log. The store knows nothing of files, formats or policies: it names the effects of a command,
// under the locks of every shard they touch, and gets a sequence number back.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace distcache::store {

enum class EffectKind : uint8_t {
  kPut = 1,       // key holds `bytes` with `expires_at_ms` (0 = none)
  kRemove = 2,    // key is gone (DEL, eviction); expiry by time is never logged, deadlines are absolute
  kExpire = 3,    // key's deadline is `expires_at_ms` (0 = persist)
  kWriteAt = 4,   // `bytes` stand at `offset` of the value (APPEND, SETRANGE); a gap reads as zeros; deadline unchanged
  kFlush = 5,     // every key of `database` is gone
  kFlushAll = 6,  // every key of every database is gone
  kSwap = 7,      // databases `database` and `offset` change places
};

// Absolute and idempotent: replaying one over newer state of the same key's history does no harm when what follows is
// replayed too. Views live as long as the call. Replay does not expire keys as time did: a command that finds an expired key
// treats it as missing and names the value it makes with kPut, never with kWriteAt.
struct Effect {
  EffectKind kind;
  uint8_t type = 0;  // ValueType
  uint32_t database = 0;
  int64_t expires_at_ms = 0;
  uint64_t offset = 0;
  std::string_view key{};
  std::string_view bytes{};
};

// Thread safety: every call from any thread.
class WriteLog {
 public:
  virtual ~WriteLog() = default;

  // Room for one record whose keys and values are `payload_bytes` long, before any lock is taken. False: there is none now;
  // the caller holds nothing and retries after the log woke it. A record larger than the whole buffer is admitted too, one at
  // a time. must_succeed (main thread, recovery): always true; the buffer is drained by the caller afterwards.
  // Each reservation ends in exactly one Append or one Unreserve that names the same payload_bytes.
  virtual bool Reserve(uint64_t payload_bytes, bool must_succeed) = 0;
  // Gives back a reservation of which nothing was used.
  virtual void Unreserve(uint64_t payload_bytes) = 0;

  // One record with all effects, called under the locks of every shard they touch; takes sequence and place in one step.
  // `reserved_payload_bytes` is what the reservation that ends here was made for (whatever the effects really need), or
  // kNoReservation for effects that nobody reserved for (evictions outside a command, a second Commit).
  // Returns the record's sequence number (from 1).
  static constexpr uint64_t kNoReservation = ~0ull;
  virtual uint64_t Append(std::span<const Effect> effects, uint64_t reserved_payload_bytes) = 0;
};

}  // namespace distcache::store
