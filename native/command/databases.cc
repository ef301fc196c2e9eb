// DBSIZE, FLUSHDB, FLUSHALL and SWAPDB: whole databases.
#include "command/handlers.h"

namespace distcache::command {
namespace {

constexpr store::Intent kWholeStore{.writes = true, .all_shards = true};

// ASYNC and SYNC are the same here: a flush frees whole slabs.
bool ParseFlushOption(Call& call) {
  if (call.count() == 1) return true;
  if (call.count() == 2 && (call.Is(1, "SYNC") || call.Is(1, "ASYNC"))) return true;
  call.FailSyntax();
  return false;
}

}  // namespace

namespace handlers {

void FlushDatabase(Call& call) {
  if (!ParseFlushOption(call) || !call.BeginAll(kWholeStore)) return;
  call.access().Flush(call.client.database);
  call.reply.Ok();
}

void FlushAll(Call& call) {
  if (!ParseFlushOption(call) || !call.BeginAll(kWholeStore)) return;
  call.access().FlushAll();
  call.reply.Ok();
}

void SwapDatabases(Call& call) {
  const auto first = call.Int32(1, "ERR invalid first DB index");
  if (!first) return;
  const auto second = call.Int32(2, "ERR invalid second DB index");
  if (!second) return;
  const int64_t count = call.keyspace.database_count();
  if (*first < 0 || *first >= count || *second < 0 || *second >= count) {
    return call.Fail("ERR DB index is out of range");
  }
  if (!call.BeginAll(kWholeStore)) return;
  call.access().SwapDatabases(static_cast<uint32_t>(*first), static_cast<uint32_t>(*second));
  call.reply.Ok();
}

}  // namespace handlers
}  // namespace distcache::command
