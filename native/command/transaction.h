// MULTI: the queue of a connection, and what refuses or ends it. EXEC and its family are handlers in transaction.cc.
#pragma once

#include <string_view>

#include "command/call.h"

namespace distcache::command {

// Bounds of what a connection may queue or watch; beyond them the command is refused, and so is EXEC.
inline constexpr size_t kMaxQueuedBytes = size_t{256} << 20;
inline constexpr size_t kMaxWatchedBytes = size_t{64} << 20;

// Replies QUEUED and keeps the command for EXEC.
void QueueCommand(Call& call, const CommandSpec* spec, Handler handler, uint32_t flags);

// Replies with an error; a transaction that is being queued is doomed by it, and one that EXEC should run is dropped.
void RefuseInMulti(Call& call, bool is_exec, std::string_view code_and_text);

// Drops the queue and the watches. Holds no lock; takes those of the watched keys.
void LeaveMulti(store::Store& keyspace, ClientState& client);

}  // namespace distcache::command
