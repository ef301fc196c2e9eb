// Settling copies; appending names everything at once.
#include "store/effect_list.h"

namespace distcache::store {

void EffectList::SettleNewest() {
  if (settled_ == nullptr) settled_ = std::make_unique<std::vector<Settled>>();
  Settled& settled = settled_->emplace_back();
  settled.effect = newest_;
  if (newest_block_ != nullptr) {
    newest_block_->AddReference();
    settled.block = BlockRef(newest_block_);
  } else {
    settled.bytes.assign(newest_.bytes);
  }
  has_newest_ = false;
}

uint64_t EffectList::AppendTo(WriteLog* log, uint64_t reserved_payload_bytes) {
  uint64_t sequence = 0;
  if (settled_ == nullptr) {
    sequence = log->Append({&newest_, 1}, reserved_payload_bytes);
  } else {
    std::vector<Effect> effects;
    effects.reserve(settled_->size() + 1);
    for (const Settled& settled : *settled_) {
      effects.push_back(settled.effect);
      if (!settled.block) effects.back().bytes = settled.bytes;  // a block's bytes have not moved
    }
    if (has_newest_) effects.push_back(newest_);
    sequence = log->Append(effects, reserved_payload_bytes);
    settled_.reset();
  }
  has_newest_ = false;
  return sequence;
}

}  // namespace distcache::store
