// DEL, EXISTS, RENAME, COPY and their relatives: keys as a whole.
#include <cstring>

#include "command/handlers.h"
#include "command/key_list.h"

namespace distcache::command {
namespace {

// A value taken out of the store, so that it outlives changes to it: a copy of a small one, a reference to a big one.
class TakenValue {
 public:
  explicit TakenValue(const store::ValueView& value) : expires_at_ms_(value.expires_at_ms) {
    if (value.block != nullptr) {
      block_ = *value.block;
    } else if (value.bytes.size() <= sizeof(in_place_)) {
      std::memcpy(in_place_, value.bytes.data(), value.bytes.size());
      size_bytes_ = value.bytes.size();
    } else {
      block_ = BlockRef(Block::TryCreate(value.bytes.size()));
      if (block_) std::memcpy(block_->data(), value.bytes.data(), value.bytes.size());
      is_lost_ = !block_;
    }
  }

  store::PutResult StoreAs(store::Access& access, const store::Key& key) {
    if (is_lost_) return store::PutResult::kOutOfMemory;
    if (block_) return access.PutBlock(key, block_, expires_at_ms_);
    return access.Put(key, {in_place_, size_bytes_}, expires_at_ms_);
  }

 private:
  char in_place_[kBlockThresholdBytes];
  size_t size_bytes_ = 0;
  BlockRef block_;
  bool is_lost_ = false;
  store::TimeMs expires_at_ms_;
};

constexpr store::Intent kTransferIntent{.writes = true, .adds_keys = true, .copies_existing = true};

struct Transfer {
  store::Key from, to;
  bool replaces = true;
  bool removes_source = true;
};

enum class Transferred : uint8_t { kDone, kNoSource, kTaken, kRefused };

// Under an Access that holds both keys. kRefused: the reply says why.
Transferred Perform(Call& call, const Transfer& transfer) {
  store::Access& access = call.access();
  const store::ValueView* source = access.Peek(transfer.from);
  if (source == nullptr) return Transferred::kNoSource;
  TakenValue value(*source);
  if (!transfer.replaces && access.Peek(transfer.to) != nullptr) return Transferred::kTaken;
  if (!call.Fits(value.StoreAs(access, transfer.to))) return Transferred::kRefused;
  if (transfer.removes_source) access.Remove(transfer.from);
  return Transferred::kDone;
}

// RENAME and RENAMENX. A key renamed to its own name stays as it is.
std::optional<Transferred> RenameKey(Call& call, bool replaces) {
  const Transfer transfer{.from = call.Locate(1), .to = call.Locate(2), .replaces = replaces};
  const store::Key keys[] = {transfer.from, transfer.to};
  if (!call.Begin(keys, kTransferIntent)) return std::nullopt;
  if (call.text(1) == call.text(2)) {
    return call.access().Peek(transfer.from) == nullptr ? Transferred::kNoSource : Transferred::kTaken;
  }
  return Perform(call, transfer);
}

void ReplyIfTransferred(Call& call, const Transfer& transfer) {
  const store::Key keys[] = {transfer.from, transfer.to};
  if (!call.Begin(keys, kTransferIntent)) return;
  const Transferred result = Perform(call, transfer);
  if (result != Transferred::kRefused) call.reply.Integer(result == Transferred::kDone ? 1 : 0);
}

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
constexpr std::string_view kNoSuchKey = "ERR no such key";

// How many of the keys `visit` says yes to.
template <typename Visit>
void ReplyCount(Call& call, const store::Intent& intent, Visit visit) {
  KeyList keys;
  if (!keys.Locate(call, 1, 1) || !call.Begin(keys.all(), intent)) return;
  int64_t count = 0;
  for (const store::Key& key : keys.all()) count += visit(call.access(), key) ? 1 : 0;
  call.reply.Integer(count);
}

}  // namespace

namespace handlers {

void Delete(Call& call) {
  ReplyCount(call, {.writes = true}, [](store::Access& access, const store::Key& key) { return access.Remove(key); });
}

void Exists(Call& call) {
  ReplyCount(call, {}, [](store::Access& access, const store::Key& key) { return access.Peek(key) != nullptr; });
}

void Touch(Call& call) {
  ReplyCount(call, {}, [](store::Access& access, const store::Key& key) { return access.Get(key) != nullptr; });
}

void Type(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, {})) return;
  call.reply.Simple(call.access().Peek(key) == nullptr ? "none" : "string");
}

void Rename(Call& call) {
  const auto result = RenameKey(call, true);
  if (!result || *result == Transferred::kRefused) return;
  if (*result == Transferred::kNoSource) return call.Fail(kNoSuchKey);
  call.reply.Ok();
}

void RenameIfMissing(Call& call) {
  const auto result = RenameKey(call, false);
  if (!result || *result == Transferred::kRefused) return;
  if (*result == Transferred::kNoSource) return call.Fail(kNoSuchKey);
  call.reply.Integer(*result == Transferred::kDone ? 1 : 0);
}

void Copy(Call& call) {
  uint32_t database = call.client.database;
  bool replaces = false;
  for (size_t i = 3; i < call.count(); i++) {
    if (call.Is(i, "REPLACE")) {
      replaces = true;
    } else if (call.Is(i, "DB") && i + 1 < call.count()) {
      const auto number = call.Database(++i);
      if (!number) return;
      database = *number;
    } else {
      return call.FailSyntax();
    }
  }
  if (database == call.client.database && call.text(1) == call.text(2)) return call.Fail(kSameObject);
  const store::Key to = call.keyspace.Locate(database, call.text(2));
  ReplyIfTransferred(call, {.from = call.Locate(1), .to = to, .replaces = replaces, .removes_source = false});
}

void Move(Call& call) {
  const auto database = call.Database(2);
  if (!database) return;
  if (*database == call.client.database) return call.Fail(kSameObject);
  const store::Key to = call.keyspace.Locate(*database, call.text(1));
  ReplyIfTransferred(call, {.from = call.Locate(1), .to = to, .replaces = false});
}

}  // namespace handlers
}  // namespace distcache::command
