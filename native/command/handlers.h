// The handlers that the command table names, one a command or subcommand. Posted stands for those that TypeScript answers.
#pragma once

#include "command/call.h"

namespace distcache::command::handlers {

#define COMMAND(index, name, handler, ...) void handler(Call& call);
#define SUBCOMMAND(index, name, full_name, handler, ...) void handler(Call& call);
#include "command/command_table.generated.inc"
#undef COMMAND
#undef SUBCOMMAND

}  // namespace distcache::command::handlers
