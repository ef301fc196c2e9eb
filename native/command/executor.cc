// What happens to every command before its handler runs, in Redis's order: known, arity, authentication, MULTI, disk,
// loading. A refused command also dooms a transaction that is being queued.
#include "command/executor.h"

#include <algorithm>
#include <cstdio>

#include "command/call.h"
#include "command/handlers.h"
#include "command/transaction.h"

namespace distcache::command {
namespace {

constexpr Handler kHandlers[] = {
#define COMMAND(index, name, handler, ...) handlers::handler,
#define SUBCOMMAND(...)
#include "command/command_table.generated.inc"
#undef COMMAND
#undef SUBCOMMAND
};

constexpr Handler kSubcommandHandlers[] = {
#define COMMAND(...)
#define SUBCOMMAND(index, name, full_name, handler, ...) handlers::handler,
#include "command/command_table.generated.inc"
#undef COMMAND
#undef SUBCOMMAND
};

constexpr std::string_view kMisconf =
    "MISCONF The data directory can not be written to, so commands that change data are refused. Reads go on; the log "
    "of "
    "the node and INFO persistence say what failed.";

// Up to the first zero byte, as C prints it.
std::string_view Printable(std::string_view bytes, size_t max) {
  return bytes.substr(0, std::min(max, bytes.find('\0')));
}

std::string UnknownCommand(std::span<const resp::Argument> arguments) {
  constexpr size_t kMax = 128;
  std::string preview;
  for (size_t i = 1; i < arguments.size() && preview.size() < kMax; i++) {
    const std::string_view shown = Printable(arguments[i].bytes, kMax - preview.size());
    preview.append("'").append(shown).append("' ");
  }
  std::string text = "ERR unknown command '";
  text.append(Printable(arguments[0].bytes, kMax)).append("', with args beginning with: ").append(preview);
  return text;
}

std::string UnknownSubcommand(std::span<const resp::Argument> arguments) {
  std::string container(Printable(arguments[0].bytes, arguments[0].bytes.size()));
  std::transform(container.begin(), container.end(), container.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string text = "ERR unknown subcommand '";
  text.append(Printable(arguments[1].bytes, 128)).append("'. Try ").append(container).append(" HELP.");
  return text;
}

std::string WrongArity(std::string_view name) {
  return std::string("ERR wrong number of arguments for '").append(name).append("' command");
}

// The row that decides: a container's subcommand where the command names one.
struct Resolved {
  const CommandSpec* spec = nullptr;
  Handler handler = nullptr;
  uint32_t flags = 0;
  bool is_native = false;
};

// What is wrong with a command that does not resolve.
[[gnu::cold, gnu::noinline]] std::string Complaint(const CommandSpec* spec, std::span<const resp::Argument> arguments) {
  if (spec == nullptr) return UnknownCommand(arguments);
  if (spec->subcommands.empty() || arguments.size() == 1) return WrongArity(spec->name);
  const SubcommandSpec* subcommand = FindSubcommand(*spec, arguments[1].bytes);
  return subcommand == nullptr ? UnknownSubcommand(arguments) : WrongArity(subcommand->full_name);
}

// False: no such subcommand, or not with so many arguments.
bool ResolveSubcommand(std::span<const resp::Argument> arguments, Resolved* resolved) {
  const SubcommandSpec* subcommand = FindSubcommand(*resolved->spec, arguments[1].bytes);
  if (subcommand == nullptr || !FitsArity(subcommand->arity, arguments.size())) return false;
  resolved->handler = kSubcommandHandlers[subcommand->index];
  resolved->flags = subcommand->flags;
  resolved->is_native = subcommand->is_native;
  return true;
}

// False: Complaint says why; the spec is null when the command is unknown.
inline bool Resolve(std::span<const resp::Argument> arguments, Resolved* resolved) {
  const CommandSpec* spec = FindCommand(arguments[0].bytes);
  resolved->spec = spec;
  if (spec == nullptr) [[unlikely]]
    return false;
  resolved->handler = kHandlers[spec->index];
  resolved->flags = spec->flags;
  resolved->is_native = spec->is_native;
  if (!spec->subcommands.empty() && arguments.size() > 1) [[unlikely]]
    return ResolveSubcommand(arguments, resolved);
  return FitsArity(spec->arity, arguments.size());
}

bool RunsInsideMulti(Handler handler) {
  return handler == handlers::Exec || handler == handlers::Discard || handler == handlers::Multi ||
         handler == handlers::Watch || handler == handlers::Quit || handler == handlers::Reset;
}

// Ends the call.
inline Executed Report(Call& call, const CommandSpec* spec) {
  const uint64_t sequence = call.End();
  const bool failed = call.reply.has_error();
  if (failed) [[unlikely]]
    call.client.error_code = call.reply.error_code();
  return {call.outcome, failed, spec, sequence};
}

}  // namespace

void handlers::Posted(Call& call) { call.outcome = Outcome::kPost; }

Executed Executor::Execute(ClientState& client, std::span<const resp::Argument> arguments, resp::Output& output,
                           store::TimeMs now_ms) {
  Resolved command;
  const bool is_resolved = Resolve(arguments, &command);
  Call call(store_, node_, client, arguments, output, now_ms);
  const auto refuse = [&](std::string_view code_and_text) {
    RefuseInMulti(call, command.handler == handlers::Exec, code_and_text);
    return Report(call, command.spec);
  };

  if (!is_resolved) [[unlikely]]
    return refuse(Complaint(command.spec, arguments));
  if (node_.requires_auth.load(std::memory_order_relaxed) && !client.is_authenticated && !(command.flags & kNoAuth))
      [[unlikely]]
    return refuse("NOAUTH Authentication required.");
  if (client.in_multi && !command.is_native) [[unlikely]]
    return refuse("ERR Command not allowed inside a transaction");
  uint32_t flags = command.flags;
  if (command.handler == handlers::Exec) flags |= client.queued_flags & kWrite;
  if ((flags & kWrite) && node_.refuses_writes.load(std::memory_order_relaxed)) [[unlikely]]
    return refuse(kMisconf);
  if (!(flags & kLoading) && node_.is_loading.load(std::memory_order_relaxed)) [[unlikely]]
    return refuse("LOADING Redis is loading the dataset in memory");
  if (client.in_multi && !RunsInsideMulti(command.handler)) [[unlikely]] {
    QueueCommand(call, command.spec, command.handler, command.flags);
    return Report(call, command.spec);
  }

  command.handler(call);
  return Report(call, command.spec);
}

void Executor::Forget(ClientState& client) { LeaveMulti(store_, client); }

}  // namespace distcache::command
