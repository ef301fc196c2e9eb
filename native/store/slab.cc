// Chunks, spans and the emptying of sparse spans.
#include "store/slab.h"

#include <string>

namespace distcache::store {
namespace {

constexpr size_t kFreeMarkByte = 3;
constexpr uint8_t kFreeMark = 0x80;
// How many units are looked at for the sparsest span: keeps the choice short in a shard of many gigabytes.
constexpr uint32_t kMaxUnitsExamined = 512;

}  // namespace

Slab::Slab(PagePool* pool, MemoryBudget* budget) : pool_(pool), budget_(budget) { vacant_.fill(kNoUnit); }

Slab::~Slab() {
  Clear();
  budget_->Uncharge(table_bytes());
}

uint32_t Slab::ChunkNumber(uint32_t head, Ref ref) const {
  const uint32_t offset = (((ref >> kOffsetBits) - head) << kOffsetBits | (ref & kOffsetMask)) << 3;
  return offset / kSizeClassTable[units_[head].size_class].chunk_bytes;
}

Ref Slab::RefOf(uint32_t head, uint32_t chunk) const {
  const uint32_t step = chunk * kSizeClassTable[units_[head].size_class].chunk_bytes >> 3;
  return (head << kOffsetBits) + step;
}

bool Slab::IsFree(uint32_t head, uint32_t chunk) const {
  if (chunk >= units_[head].fresh) return true;
  return (static_cast<uint8_t>(At(RefOf(head, chunk))[kFreeMarkByte]) & kFreeMark) != 0;
}

void Slab::List(uint32_t head) {
  Unit& unit = units_[head];
  Class& of = classes_[unit.size_class];
  unit.is_listed = true;
  unit.previous = kNoUnit;
  unit.next = of.first;
  if (of.first != kNoUnit) units_[of.first].previous = head;
  of.first = head;
  of.free_chunks += FreeOf(unit);
}

void Slab::Unlist(uint32_t head) {
  Unit& unit = units_[head];
  Class& of = classes_[unit.size_class];
  unit.is_listed = false;
  if (unit.previous != kNoUnit) units_[unit.previous].next = unit.next;
  if (unit.next != kNoUnit) units_[unit.next].previous = unit.previous;
  if (of.first == head) of.first = unit.next;
  of.free_chunks -= FreeOf(unit);
}

bool Slab::TryNumberUnits(uint32_t count, Purse* purse, uint32_t* first) {
  if (vacant_[count] != kNoUnit) {
    *first = vacant_[count];
    vacant_[count] = units_[*first].next;
    return true;
  }
  const size_t used = units_.size();
  if (used + count > (1ull << (32 - kOffsetBits))) return false;
  if (!purse->TryReserve(&bases_, used + count) || !purse->TryReserve(&units_, used + count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (!bases_.TryPush(nullptr) || !units_.TryPush(Unit{})) return false;
  }
  *first = static_cast<uint32_t>(used);
  return true;
}

bool Slab::TryAddSpan(uint32_t size_class, Purse* purse) {
  const SizeClass& facts = kSizeClassTable[size_class];
  const uint64_t bytes = facts.units * kUnitBytes;
  if (!purse->TryTake(bytes)) return false;
  const Span span = pool_->TryTake(facts.units);
  uint32_t first = 0;
  if (span.base == nullptr || !TryNumberUnits(facts.units, purse, &first)) {
    if (span.base != nullptr) pool_->GiveBack(span, facts.units);
    purse->Refund(bytes);
    return false;
  }
  for (uint32_t i = 0; i < facts.units; ++i) {
    bases_[first + i] = span.base + i * kUnitBytes;
    units_[first + i] = Unit{first, kNoUnit, kNoUnit, span.region, 0, 0, 0, static_cast<uint8_t>(size_class), false};
  }
  span_bytes_ += bytes;
  ++classes_[size_class].spans;
  List(first);
  return true;
}

bool Slab::TryAllocate(size_t size_bytes, Purse* purse, Ref* ref) {
  const uint32_t size_class = SizeClassOf(size_bytes);
  Class& of = classes_[size_class];
  if (of.first == kNoUnit && !TryAddSpan(size_class, purse)) return false;
  const uint32_t head = of.first;
  Unit& unit = units_[head];
  uint32_t chunk = 0;
  if (unit.free_list != 0) {
    chunk = unit.free_list - 1u;
    *ref = RefOf(head, chunk);
    unit.free_list = LoadUnaligned<uint16_t>(At(*ref));
  } else {
    chunk = unit.fresh++;
    *ref = RefOf(head, chunk);
  }
  At(*ref)[kFreeMarkByte] = 0;
  if (FreeOf(unit) == 1)
    Unlist(head);  // counts its last free chunk down, too
  else
    --of.free_chunks;
  ++unit.live;
  ++live_chunks_;
  return true;
}

void Slab::Free(Ref ref) {
  const uint32_t head = HeadOf(ref);
  Unit& unit = units_[head];
  Class& of = classes_[unit.size_class];
  const uint32_t chunk = ChunkNumber(head, ref);
  char* memory = At(ref);
  StoreUnaligned<uint32_t>(memory, static_cast<uint32_t>(unit.free_list) | static_cast<uint32_t>(kFreeMark) << 24);
  unit.free_list = static_cast<uint16_t>(chunk + 1);
  --unit.live;
  --live_chunks_;
  if (unit.is_listed) {
    ++of.free_chunks;
  } else if (head != emptying_) {
    List(head);
  }
  if (unit.live == 0) {
    ReleaseSpan(head);
  } else {
    NoteSparse(unit.size_class);
  }
}

void Slab::ReleaseSpan(uint32_t head) {
  Unit& unit = units_[head];
  const SizeClass& facts = kSizeClassTable[unit.size_class];
  if (unit.is_listed) Unlist(head);
  if (head == emptying_) emptying_ = kNoUnit;
  --classes_[unit.size_class].spans;
  const uint64_t bytes = facts.units * kUnitBytes;
  span_bytes_ -= bytes;
  pool_->GiveBack({bases_[head], unit.region}, facts.units);
  budget_->Uncharge(bytes);
  for (uint32_t i = 0; i < facts.units; ++i) {
    bases_[head + i] = nullptr;
    units_[head + i].head = kNoUnit;
  }
  unit.next = vacant_[facts.units];
  vacant_[facts.units] = head;
}

bool Slab::IsSparse(uint32_t size_class, uint32_t spare_spans, bool hard) const {
  const Class& of = classes_[size_class];
  const uint64_t per_span = kSizeClassTable[size_class].chunks_per_span;
  if (of.spans < 2 || of.free_chunks < per_span * spare_spans) return false;
  return hard || of.free_chunks * 8 > of.spans * per_span;
}

void Slab::NoteSparse(uint32_t size_class) {
  if (!wants_emptying_ && IsSparse(size_class, 2, false)) wants_emptying_ = true;
}

bool Slab::StartEmptying(uint32_t spare_spans, bool hard) {
  if (is_emptying()) return true;
  wants_emptying_ = false;
  for (uint32_t i = 0; i < kSizeClasses; ++i) {
    if (!IsSparse(i, spare_spans, hard)) continue;
    const uint32_t head = SparsestSpan(i);
    if (head == kNoUnit) continue;
    Unlist(head);
    emptying_ = head;
    emptying_chunk_ = 0;
    return true;
  }
  return false;
}

uint32_t Slab::SparsestSpan(uint32_t size_class) {
  uint32_t sparsest = kNoUnit;
  const auto count = static_cast<uint32_t>(units_.size());
  uint32_t examined = 0;
  for (uint32_t i = 0; i < count && (examined < kMaxUnitsExamined || sparsest == kNoUnit); ++i, ++examined) {
    if (scan_from_ >= count) scan_from_ = 0;
    const uint32_t at = scan_from_++;
    const Unit& unit = units_[at];
    if (unit.head != at || !unit.is_listed || unit.size_class != size_class) continue;
    // The others must have room for what lies in it.
    if (classes_[size_class].free_chunks - FreeOf(unit) < unit.live) continue;
    if (sparsest == kNoUnit || unit.live < units_[sparsest].live) sparsest = at;
  }
  return sparsest;
}

bool Slab::NextToMove(Ref* ref) {
  if (emptying_ == kNoUnit) return false;
  const Unit& unit = units_[emptying_];
  if (classes_[unit.size_class].first == kNoUnit) {  // no room left elsewhere: moving would take a new span
    StopEmptying();
    return false;
  }
  while (emptying_chunk_ < unit.fresh && IsFree(emptying_, emptying_chunk_)) ++emptying_chunk_;
  if (emptying_chunk_ >= unit.fresh) {
    StopEmptying();
    return false;
  }
  *ref = RefOf(emptying_, emptying_chunk_);
  return true;
}

void Slab::StopEmptying() {
  if (emptying_ == kNoUnit) return;
  const uint32_t head = emptying_;
  emptying_ = kNoUnit;
  if (FreeOf(units_[head]) > 0) List(head);
}

void Slab::Clear() {
  emptying_ = kNoUnit;
  wants_emptying_ = false;
  for (uint32_t i = 0; i < units_.size(); ++i) {
    if (units_[i].head == i) ReleaseSpan(i);
  }
  live_chunks_ = 0;
  const uint64_t before = table_bytes();
  bases_.Free();
  units_.Free();
  budget_->Uncharge(before);
  vacant_.fill(kNoUnit);
}

Status Slab::CheckSpan(uint32_t head) const {
  const Unit& unit = units_[head];
  const SizeClass& facts = kSizeClassTable[unit.size_class];
  for (uint32_t i = 0; i < facts.units; ++i) {
    if (units_[head + i].head != head || bases_[head + i] != bases_[head] + i * kUnitBytes) {
      return {StatusCode::kCorrupt, "slab 1: the units of a span are not neighbours"};
    }
  }
  uint32_t marked = 0;
  for (uint32_t chunk = 0; chunk < unit.fresh; ++chunk) marked += IsFree(head, chunk) ? 1 : 0;
  uint32_t linked = 0;
  for (uint32_t at = unit.free_list; at != 0 && linked <= marked; ++linked) {
    if (!IsFree(head, at - 1)) return {StatusCode::kCorrupt, "slab 2: a live chunk is in the free list"};
    at = LoadUnaligned<uint16_t>(At(RefOf(head, at - 1)));
  }
  if (linked != marked) return {StatusCode::kCorrupt, "slab 2: a marked chunk is not in the free list"};
  if (unit.live + marked + (facts.chunks_per_span - unit.fresh) != facts.chunks_per_span) {
    return {StatusCode::kCorrupt, "slab 3: live and free chunks do not make up a span"};
  }
  if (unit.is_listed != (head != emptying_ && FreeOf(unit) > 0)) {
    return {StatusCode::kCorrupt, "slab 4: a span is in its list and should not be, or the other way round"};
  }
  return Status::Ok();
}

Status Slab::CheckInvariants() const {
  std::array<uint64_t, kSizeClasses> free_chunks{};
  uint64_t live = 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < units_.size(); ++i) {
    const Unit& unit = units_[i];
    if (unit.head != i) continue;
    if (Status status = CheckSpan(i); !status.ok()) return status;
    if (unit.is_listed) free_chunks[unit.size_class] += FreeOf(unit);
    live += unit.live;
    bytes += kSizeClassTable[unit.size_class].units * kUnitBytes;
    if (unit.live == 0) {
      return {StatusCode::kCorrupt, "slab 5: an empty span was kept"};
    }
  }
  for (uint32_t i = 0; i < kSizeClasses; ++i) {
    if (free_chunks[i] != classes_[i].free_chunks)
      return {StatusCode::kCorrupt, "slab 5: free chunks of class " + std::to_string(i)};
  }
  if (live != live_chunks_ || bytes != span_bytes_) return {StatusCode::kCorrupt, "slab 5: totals"};
  return Status::Ok();
}

}  // namespace distcache::store
