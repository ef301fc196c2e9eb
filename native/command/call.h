// One command under way: its arguments, its reply, and the locked view of the store it works through. A handler
//   1. reads its arguments, and answers what is wrong with them before it holds anything;
//   2. locates its keys and calls Begin, and returns at once where that says false;
//   3. reads and writes through access(), and replies. What must be logged is committed when it has returned.
//
// In a transaction handlers run twice. At rehearsal Begin only notes what the command will need, and says false; then all
// needs are begun at once, and in the performance Begin says true, as everything is held already. So a handler has no
// effect before Begin but on its reply (SELECT is the exception that EXEC allows for).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "command/executor.h"

namespace distcache::command {

inline constexpr std::string_view kOutOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";

// What EXEC gathers at rehearsal and holds in the performance. Key bytes are borrowed from the queue.
struct Transaction {
  std::vector<store::Key> keys;
  store::Intent intent;
  store::Access access;
  bool is_rehearsal = true;
};

class Call {
 public:
  Call(store::Store& keyspace, const NodeState& node, ClientState& client, std::span<const resp::Argument> arguments,
       resp::Output& output, store::TimeMs now_ms, Transaction* transaction = nullptr)
      : keyspace(keyspace),
        node(node),
        client(client),
        output(output),
        reply(output, client.protocol),
        now_ms(now_ms),
        arguments_(arguments),
        transaction_(transaction) {}

  size_t count() const { return arguments_.size(); }
  std::string_view text(size_t i) const { return arguments_[i].bytes; }
  const resp::Argument& argument(size_t i) const { return arguments_[i]; }
  // Whether argument i is the option `word` (upper case), in any case.
  bool Is(size_t i, std::string_view word) const;

  store::Key Locate(size_t i) const { return keyspace.Locate(client.database, text(i)); }

  // False: the handler returns; the reply and the outcome say why.
  bool Begin(std::span<const store::Key> keys, const store::Intent& intent) {
    if (transaction_ != nullptr) [[unlikely]]
      return JoinTransaction(keys, intent);
    const store::Admission admission = keyspace.Begin(&own_, keys, intent, now_ms, client.touches_recency);
    if (admission != store::Admission::kOk) [[unlikely]]
      return Refuse(admission);
    has_begun_ = true;
    writes_ = intent.writes;
    return true;
  }
  bool Begin(const store::Key& key, const store::Intent& intent) { return Begin(std::span(&key, 1), intent); }
  // For commands about whole databases.
  bool BeginAll(const store::Intent& intent) { return Begin(std::span<const store::Key>(), intent); }
  store::Access& access() { return transaction_ == nullptr ? own_ : transaction_->access; }
  bool is_in_transaction() const { return transaction_ != nullptr; }
  // For walks over a database: alone they lock shard by shard (null), in a transaction all shards are held already. False:
  // the handler returns.
  bool BeginWalk(const store::Access** all_held) {
    if (transaction_ == nullptr) return true;
    *all_held = &transaction_->access;
    return BeginAll({.all_shards = true});
  }
  // What a walk without Begin says of the reply; see End.
  uint64_t* sequence() { return &sequence_; }

  // Commits. The sequence number that the reply depends on, 0 when none. The locks go with the Call.
  uint64_t End() {
    if (has_begun_) EndAccess(own_, writes_);
    has_begun_ = false;
    return sequence_;
  }
  // For EXEC: the same for what the whole transaction has held, and its locks go now.
  void EndTransaction(Transaction& transaction) {
    EndAccess(transaction.access, transaction.intent.writes);
    transaction.access = store::Access();
  }

  // Replies that many commands share.
  void Fail(std::string_view code_and_text) { reply.Error(code_and_text); }
  void FailSyntax() { Fail("ERR syntax error"); }
  void FailArity(std::string_view name);
  bool FailOutOfMemory();  // false
  void Value(const store::ValueView& value) {
    if (value.block != nullptr) return reply.BulkBlock(*value.block);
    reply.Bulk(value.bytes);
  }
  void ValueOrNull(const store::ValueView* value) { return value == nullptr ? reply.Null() : Value(*value); }

  // Argument i as a number; where it is none the error stands in the reply.
  std::optional<int64_t> Integer(size_t i, std::string_view error = "ERR value is not an integer or out of range");
  std::optional<int64_t> Int32(size_t i, std::string_view error = {});
  // Argument i as a database number that exists.
  std::optional<uint32_t> Database(size_t i);

  // Stores argument i, a big one without a copy.
  store::PutResult Store(const store::Key& key, size_t i, store::TimeMs expires_at_ms);
  // False: it did not fit; the reply says so and nothing else of what was written since `mark`.
  bool Fits(store::PutResult result) { return result == store::PutResult::kOk || FailOutOfMemory(); }
  bool Fits(store::PutResult result, size_t mark) {
    if (result != store::PutResult::kOk) output.CutBack(mark);
    return Fits(result);
  }

  store::Store& keyspace;
  const NodeState& node;
  ClientState& client;
  resp::Output& output;
  resp::ReplyWriter reply;
  const store::TimeMs now_ms;
  Outcome outcome = Outcome::kDone;

 private:
  bool JoinTransaction(std::span<const store::Key> keys, const store::Intent& intent);
  bool Refuse(store::Admission admission);
  void EndAccess(store::Access& held, bool writes) {
    sequence_ = writes ? held.Commit() : 0;
    if (sequence_ == 0) sequence_ = held.NewestSequence();
  }

  std::span<const resp::Argument> arguments_;
  Transaction* transaction_;
  store::Access own_;
  bool has_begun_ = false;
  bool writes_ = false;
  uint64_t sequence_ = 0;
};

}  // namespace distcache::command
