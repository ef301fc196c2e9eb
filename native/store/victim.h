// Which entry of a shard the eviction policy gives up next. A pure choice: removes nothing.
#pragma once

#include <cstdint>

#include "store/shard.h"

namespace distcache::store {

enum class EvictionPolicy : uint8_t { kAllKeysLru, kVolatileLru, kVolatileTtl, kAllKeysRandom, kNoEviction };

constexpr bool IsVolatile(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLru || policy == EvictionPolicy::kVolatileTtl;
}

struct VictimRule {
  EvictionPolicy policy;
  uint32_t clock_now;  // for ages
  bool looks_at_all;   // exact order instead of a sample
};

// rank: the age under LRU, the nearness of the deadline under TTL; the greater, the sooner it goes.
struct Victim {
  Place place{};
  uint64_t rank = 0;
};

// Entries that must stay: those of the command that needs the room.
class Protection {
 public:
  virtual bool Covers(uint64_t hash) const = 0;

 protected:
  ~Protection() = default;
};

// False: the shard has no candidate. `protection` may be null.
bool PickVictim(Shard& shard, const VictimRule& rule, const Protection* protection, Victim* victim);

}  // namespace distcache::store
