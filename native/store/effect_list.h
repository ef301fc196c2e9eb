// The effects of one Access, until they are logged. The newest may borrow its bytes from the shard, where they stand unchanged
// until the next mutation; then it is settled: its bytes are copied, or its block is shared. So a command with one effect copies
// nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/block.h"
#include "store/write_log.h"

namespace distcache::store {

class EffectList {
 public:
  bool empty() const { return !has_newest_ && settled_ == nullptr; }
  // effect.key is borrowed until AppendTo. `block` holds effect.bytes when those lie in a block; else they are borrowed until
  // the next Settle, which comes before every mutation.
  void Add(const Effect& effect, Block* block) {
    newest_ = effect;
    newest_block_ = block;
    has_newest_ = true;
  }
  void Settle() {
    if (has_newest_) SettleNewest();
  }
  // Logs all as one record and forgets them; the sequence number.
  uint64_t AppendTo(WriteLog* log, uint64_t reserved_payload_bytes);

 private:
  struct Settled {
    Effect effect;
    std::string bytes;
    BlockRef block;
  };

  void SettleNewest();

  Effect newest_;
  Block* newest_block_ = nullptr;
  bool has_newest_ = false;
  std::unique_ptr<std::vector<Settled>> settled_;
};

}  // namespace distcache::store
