// One shard's chunks of memory, named by 32-bit references. Spans of pages come from the store's pool, each for one size class.
// Called with the shard's lock held.
//
// Invariants:
// 1. A reference is (unit << 11 | offset in 8-byte steps); a span's units have neighbouring numbers and addresses.
// 2. Of a span, chunks [0, fresh) have been handed out at least once. A free one of them has bit 7 of its byte 3 set and names the
//    next free one in its bytes 0 and 1 (its number + 1; 0 ends). A live chunk has that bit clear: its owner sees to it.
// 3. live + free = chunks_per_span, where free counts the free list and the chunks from fresh on.
// 4. A span is in its class's list exactly when it has a free chunk and is not being emptied.
// 5. free_chunks of a class is the sum over its listed spans. A span without live chunks does not exist.
#pragma once

#include <array>
#include <cstdint>

#include "core/bytes.h"
#include "core/status.h"
#include "store/memory_budget.h"
#include "store/page_pool.h"
#include "store/size_class.h"

namespace distcache::store {

using Ref = uint32_t;
inline constexpr uint32_t kNoUnit = ~0u;

class Slab {
 public:
  Slab(PagePool* pool, MemoryBudget* budget);
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab();

  char* At(Ref ref) const { return bases_[ref >> kOffsetBits] + ((ref & kOffsetMask) << 3); }

  // False when neither the class has a free chunk nor the purse, the bound or the system a new span. Moves nothing.
  [[nodiscard]] bool TryAllocate(size_t size_bytes, Purse* purse, Ref* ref);
  void Free(Ref ref);
  uint32_t ChunkBytes(Ref ref) const { return kSizeClassTable[units_[HeadOf(ref)].size_class].chunk_bytes; }
  bool HasFreeChunk(size_t size_bytes) const { return classes_[SizeClassOf(size_bytes)].free_chunks > 0; }

  // Emptying a sparse span moves its chunks elsewhere, so that it can be given back. Next() names live chunks of the span that
  // is being emptied, one after the other; the caller moves each (TryAllocate never gives a chunk of that span) and frees it.
  // Sparse: a class's free chunks exceed `spare_spans` spans' worth, and, unless `hard`, an eighth of all its chunks.
  bool StartEmptying(uint32_t spare_spans, bool hard);
  bool is_emptying() const { return emptying_ != kNoUnit; }
  bool wants_emptying() const { return wants_emptying_; }
  bool NextToMove(Ref* ref);
  void StopEmptying();

  // Frees every chunk at once.
  void Clear();

  uint64_t live_chunks() const { return live_chunks_; }
  uint64_t span_bytes() const { return span_bytes_; }
  uint64_t table_bytes() const { return bases_.capacity_bytes() + units_.capacity_bytes(); }
  Status CheckInvariants() const;

 private:
  static constexpr uint32_t kOffsetBits = 11;
  static constexpr uint32_t kOffsetMask = (1u << kOffsetBits) - 1;
  static_assert(kUnitBytes == (8u << kOffsetBits));

  // Of the first unit of a span; of the others only `head` counts.
  struct Unit {
    uint32_t head;  // first unit of the span; kNoUnit when vacant, then `next` links vacant runs
    uint32_t next;
    uint32_t previous;
    uint32_t region;
    uint16_t live;
    uint16_t free_list;
    uint16_t fresh;
    uint8_t size_class;
    bool is_listed;
  };
  struct Class {
    uint32_t first = kNoUnit;
    uint32_t spans = 0;
    uint64_t free_chunks = 0;
  };

  uint32_t HeadOf(Ref ref) const { return units_[ref >> kOffsetBits].head; }
  uint32_t ChunkNumber(uint32_t head, Ref ref) const;
  Ref RefOf(uint32_t head, uint32_t chunk) const;
  bool IsFree(uint32_t head, uint32_t chunk) const;
  uint32_t FreeOf(const Unit& unit) const { return kSizeClassTable[unit.size_class].chunks_per_span - unit.live; }
  void List(uint32_t head);
  void Unlist(uint32_t head);
  bool TryAddSpan(uint32_t size_class, Purse* purse);
  bool TryNumberUnits(uint32_t count, Purse* purse, uint32_t* first);
  void ReleaseSpan(uint32_t head);
  uint32_t SparsestSpan(uint32_t size_class);
  void NoteSparse(uint32_t size_class);
  bool IsSparse(uint32_t size_class, uint32_t spare_spans, bool hard) const;
  Status CheckSpan(uint32_t head) const;

  PagePool* pool_;
  MemoryBudget* budget_;
  FallibleArray<char*> bases_;  // by unit
  FallibleArray<Unit> units_;
  std::array<Class, kSizeClasses> classes_{};
  std::array<uint32_t, 5> vacant_;  // by run length: first of a list of vacant unit numbers
  uint32_t emptying_ = kNoUnit;
  uint32_t emptying_chunk_ = 0;
  uint32_t scan_from_ = 0;
  bool wants_emptying_ = false;
  uint64_t live_chunks_ = 0;
  uint64_t span_bytes_ = 0;
};

}  // namespace distcache::store
