#include "command/transaction.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <tuple>

#include "command/handlers.h"

namespace distcache::command {
namespace {

void ForgetWatches(store::Store& keyspace, ClientState& client) {
  for (const WatchedKey& key : client.watched) keyspace.Unwatch(keyspace.Locate(key.database, key.bytes));
  std::vector<WatchedKey>().swap(client.watched);
  client.watched_bytes = 0;
}

void ForgetQueue(ClientState& client) {
  client.in_multi = false;
  client.multi_has_error = false;
  client.queued_flags = 0;
  std::vector<QueuedCommand>().swap(client.queue);
  client.queued_bytes = 0;
}

// Copies what lies in the read buffer; blocks are shared. False: no memory.
bool CopyArguments(const Call& call, QueuedCommand* queued) {
  size_t bytes = 0;
  for (size_t i = 0; i < call.count(); i++) bytes += call.argument(i).block ? 0 : call.text(i).size();
  queued->count = call.count();
  queued->arguments.reset(new (std::nothrow) resp::Argument[call.count()]);
  queued->bytes.reset(new (std::nothrow) char[bytes]);
  if (queued->arguments == nullptr || queued->bytes == nullptr) return false;
  char* to = queued->bytes.get();
  for (size_t i = 0; i < call.count(); i++) {
    queued->arguments[i] = call.argument(i);
    if (call.argument(i).block) continue;
    const std::string_view text = call.text(i);
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    queued->arguments[i].bytes = {to, text.size()};
    to += text.size();
  }
  return true;
}

size_t QueuedBytes(const Call& call) {
  size_t bytes = sizeof(QueuedCommand);
  for (size_t i = 0; i < call.count(); i++) bytes += sizeof(resp::Argument) + call.text(i).size();
  return bytes;
}

// Runs every queued command once. The commands of a queue see the databases that SELECT among them chooses.
void RunQueue(Call& exec, Transaction& transaction) {
  for (const QueuedCommand& queued : exec.client.queue) {
    const std::span arguments(queued.arguments.get(), queued.count);
    Call call(exec.keyspace, exec.node, exec.client, arguments, exec.output, exec.now_ms, &transaction);
    queued.handler(call);
  }
}

// Notes what the queue needs; leaves no reply and no change.
void Rehearse(Call& exec, Transaction& transaction) {
  const uint32_t database = exec.client.database;
  const size_t mark = exec.output.Mark();
  RunQueue(exec, transaction);
  exec.output.CutBack(mark);
  exec.client.database = database;
  for (const WatchedKey& watched : exec.client.watched) {
    transaction.keys.push_back(exec.keyspace.Locate(watched.database, watched.bytes));
  }
  transaction.is_rehearsal = false;
}

bool HasKeys(const Transaction& transaction) { return !transaction.keys.empty() || transaction.intent.all_shards; }

// A key that several commands use is counted once when room is reserved.
void DropRepeatedKeys(std::vector<store::Key>* keys) {
  const auto place = [](const store::Key& key) { return std::tie(key.shard, key.hash, key.database, key.bytes); };
  std::sort(keys->begin(), keys->end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  const auto same = [&](const auto& a, const auto& b) { return place(a) == place(b); };
  keys->erase(std::unique(keys->begin(), keys->end(), same), keys->end());
}

// False: the reply, or the outcome, says why.
bool BeginTransaction(Call& exec, Transaction& transaction) {
  DropRepeatedKeys(&transaction.keys);
  const store::Admission admission = exec.keyspace.Begin(&transaction.access, transaction.keys, transaction.intent,
                                                         exec.now_ms, exec.client.touches_recency);
  if (admission == store::Admission::kOutOfMemory) RefuseInMulti(exec, true, kOutOfMemory);
  if (admission == store::Admission::kNoRoom) exec.outcome = Outcome::kNoRoom;
  return admission == store::Admission::kOk;
}

// A key that was missing (or had expired) at WATCH counts as unchanged while it stays so.
bool IsAnyWatchBroken(Call& exec, Transaction& transaction) {
  for (const WatchedKey& watched : exec.client.watched) {
    const store::Key key = exec.keyspace.Locate(watched.database, watched.bytes);
    const bool is_missing = transaction.access.Peek(key) == nullptr;
    if (is_missing != watched.was_missing) return true;
    if (transaction.access.WatchVersion(key) != watched.version) return true;
  }
  return false;
}

}  // namespace

void QueueCommand(Call& call, const CommandSpec* spec, Handler handler, uint32_t flags) {
  ClientState& client = call.client;
  const size_t bytes = QueuedBytes(call);
  QueuedCommand queued;
  queued.spec = spec;
  queued.handler = handler;
  if (client.queued_bytes + bytes > kMaxQueuedBytes) {
    return RefuseInMulti(call, false, "ERR the transaction is too big: its commands may take 256 MB");
  }
  if (!CopyArguments(call, &queued)) return RefuseInMulti(call, false, "OOM no memory to queue the command");
  client.queue.push_back(std::move(queued));
  client.queued_bytes += bytes;
  client.queued_flags |= flags;
  call.reply.Simple("QUEUED");
}

void RefuseInMulti(Call& call, bool is_exec, std::string_view code_and_text) {
  if (!is_exec) {
    if (call.client.in_multi) call.client.multi_has_error = true;
    return call.Fail(code_and_text);
  }
  LeaveMulti(call.keyspace, call.client);
  if (code_and_text.starts_with("ERR ")) code_and_text.remove_prefix(4);
  call.Fail(std::string("EXECABORT Transaction discarded because of: ").append(code_and_text));
}

void LeaveMulti(store::Store& keyspace, ClientState& client) {
  ForgetQueue(client);
  ForgetWatches(keyspace, client);
}

namespace handlers {

void Multi(Call& call) {
  if (call.client.in_multi) return call.Fail("ERR MULTI calls can not be nested");
  call.client.in_multi = true;
  call.reply.Ok();
}

void Discard(Call& call) {
  if (!call.client.in_multi) return call.Fail("ERR DISCARD without MULTI");
  LeaveMulti(call.keyspace, call.client);
  call.reply.Ok();
}

void Watch(Call& call) {
  ClientState& client = call.client;
  if (client.in_multi) return call.Fail("ERR WATCH inside MULTI is not allowed");
  for (size_t i = 1; i < call.count(); i++) {
    const size_t bytes = sizeof(WatchedKey) + call.text(i).size();
    if (client.watched_bytes + bytes > kMaxWatchedBytes) {
      return call.Fail("ERR too many watched keys: they may take 64 MB");
    }
    bool is_missing = false;
    const uint64_t version = call.keyspace.Watch(call.Locate(i), call.now_ms, &is_missing);
    client.watched.push_back({client.database, std::string(call.text(i)), version, is_missing});
    client.watched_bytes += bytes;
  }
  call.reply.Ok();
}

void Unwatch(Call& call) {
  // In a transaction EXEC has compared the versions and lets go of them itself.
  if (!call.is_in_transaction()) ForgetWatches(call.keyspace, call.client);
  call.reply.Ok();
}

void Exec(Call& call) {
  ClientState& client = call.client;
  if (!client.in_multi) return call.Fail("ERR EXEC without MULTI");
  if (client.multi_has_error) {
    LeaveMulti(call.keyspace, client);
    return call.Fail("EXECABORT Transaction discarded because of previous errors.");
  }
  Transaction transaction;
  Rehearse(call, transaction);
  const bool has_keys = HasKeys(transaction);
  if (has_keys && !BeginTransaction(call, transaction)) return;
  if (IsAnyWatchBroken(call, transaction)) {
    call.reply.NullArray();
  } else {
    call.reply.Array(client.queue.size());
    RunQueue(call, transaction);
  }
  if (has_keys) call.EndTransaction(transaction);
  LeaveMulti(call.keyspace, client);
}

}  // namespace handlers
}  // namespace distcache::command
