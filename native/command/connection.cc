// PING, ECHO, SELECT, QUIT and RESET: commands about the connection alone.
#include "command/handlers.h"
#include "command/transaction.h"

namespace distcache::command {
namespace {

void ReplyArgument(Call& call, size_t i) {
  const resp::Argument& argument = call.argument(i);
  if (argument.block) return call.reply.BulkBlock(argument.block);
  call.reply.Bulk(argument.bytes);
}

}  // namespace

namespace handlers {

void Ping(Call& call) {
  if (call.count() > 2) return call.FailArity("ping");
  if (call.count() == 2) return ReplyArgument(call, 1);
  call.reply.Simple("PONG");
}

void Echo(Call& call) { ReplyArgument(call, 1); }

void Select(Call& call) {
  const auto database = call.Database(1);
  if (!database) return;
  call.client.database = *database;
  call.reply.Ok();
}

void Quit(Call& call) {
  call.reply.Ok();
  call.outcome = Outcome::kClose;
}

// What the data plane knows of the connection; TypeScript resets the rest and replies.
void Reset(Call& call) {
  ClientState& client = call.client;
  LeaveMulti(call.keyspace, client);
  client.database = 0;
  client.protocol = resp::Protocol::kResp2;
  client.touches_recency = true;
  if (call.node.requires_auth.load(std::memory_order_relaxed)) client.is_authenticated = false;
  call.outcome = Outcome::kPost;
}

}  // namespace handlers
}  // namespace distcache::command
