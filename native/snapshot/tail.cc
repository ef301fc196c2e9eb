#include "snapshot/tail.h"

#include <numeric>
#include <utility>

#include "wal/record.h"

namespace distcache::snapshot {

Tail::Tail(wal::LogBuffer* log, uint32_t databases)
    : log_(log), checksum_seed_(wal::ChecksumSeed(log->log_id())), origin_(databases) {
  std::iota(origin_.begin(), origin_.end(), 0u);
  first_sequence_ = log_->AddTap(this);
}

Tail::~Tail() { Stop(); }

void Tail::Stop() {
  if (!std::exchange(is_tapping_, false)) return;
  last_sequence_ = log_->RemoveTap(this);
  log_->SetTapIsFull(false);
}

void Tail::OnRecord(uint64_t sequence, std::span<const store::Effect> effects) {
  for (const store::Effect& effect : effects) {
    if (effect.kind != store::EffectKind::kSwap) continue;
    if (effect.database < origin_.size() && effect.offset < origin_.size()) {
      std::swap(origin_[effect.database], origin_[effect.offset]);
    }
  }
  const std::lock_guard lock(mutex_);
  if (gave_up()) return;
  if (waiting_.size() > kMostBytes) {
    gave_up_.store(true,
                   std::memory_order_relaxed);  // the writer looks at it between blocks; nothing hangs on the order
    std::string().swap(waiting_);
    log_->SetTapIsFull(false);
    return;
  }
  const size_t at = waiting_.size();
  waiting_.resize(at + wal::EncodedRecordBytes(wal::Format::kBinary, sequence, effects));
  wal::EncodeRecord(wal::Format::kBinary, checksum_seed_, sequence, effects, waiting_.data() + at);
  ++waiting_records_;
  if (waiting_.size() > kFullBytes && log_->keeps_records()) log_->SetTapIsFull(true);
}

uint64_t Tail::WaitingBytes() {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

uint64_t Tail::Swap(std::string* bytes) {
  uint64_t records = 0;
  {
    const std::lock_guard lock(mutex_);
    bytes->clear();
    waiting_.swap(*bytes);
    records = std::exchange(waiting_records_, 0);
  }
  log_->SetTapIsFull(false);
  return records;
}

}  // namespace distcache::snapshot
