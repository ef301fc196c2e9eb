// OBJECT (but FREQ) and MEMORY USAGE: how a value is stored. Encodings are those that Redis would choose for the bytes.
#include "command/handlers.h"
#include "command/number_text.h"

namespace distcache::command {
namespace {

constexpr size_t kMaxEmbeddedBytes = 44;  // up to here Redis keeps a string and its header in one piece

// The value, looked at without moving its access time; null, with the reply written, where there is none.
const store::ValueView* PeekOrNull(Call& call, size_t i) {
  const store::Key key = call.Locate(i);
  if (!call.Begin(key, {})) return nullptr;
  const store::ValueView* value = call.access().Peek(key);
  if (value == nullptr) call.reply.Null();
  return value;
}

std::string_view EncodingOf(std::string_view bytes) {
  if (ParseInteger(bytes)) return "int";
  return bytes.size() <= kMaxEmbeddedBytes ? "embstr" : "raw";
}

}  // namespace

namespace handlers {

void ObjectEncoding(Call& call) {
  if (const auto* value = PeekOrNull(call, 2)) call.reply.Bulk(EncodingOf(value->bytes));
}

void ObjectReferenceCount(Call& call) {
  if (PeekOrNull(call, 2) != nullptr) call.reply.Integer(1);
}

void ObjectIdleTime(Call& call) {
  const auto* value = PeekOrNull(call, 2);
  if (value == nullptr) return;
  const int64_t idle_ms = call.now_ms - call.keyspace.AccessTimeOf(value->tick);
  call.reply.Integer(idle_ms < 0 ? 0 : idle_ms / 1000);
}

void ObjectHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "OBJECT <subcommand> <key>. Subcommands are:",
      "ENCODING <key>",
      "    The encoding Redis would use for the value.",
      "FREQ <key>",
      "    How often the key was used of late, by the list of hot keys.",
      "IDLETIME <key>",
      "    Seconds since the key was last used.",
      "REFCOUNT <key>",
      "    How many keys share the value: 1.",
      "HELP",
      "    This text.",
  };
  call.reply.Array(std::size(kLines));
  for (const std::string_view line : kLines) call.reply.Simple(line);
}

// SAMPLES is for values with elements; a string has none.
void MemoryUsage(Call& call) {
  for (size_t i = 3; i < call.count(); i += 2) {
    if (!call.Is(i, "SAMPLES") || i + 1 >= call.count()) return call.FailSyntax();
    const auto samples = call.Integer(i + 1);
    if (!samples) return;
    if (*samples < 0) return call.FailSyntax();
  }
  if (PeekOrNull(call, 2) == nullptr) return;
  call.reply.Integer(static_cast<int64_t>(call.access().FootprintOf(call.Locate(2))));
}

}  // namespace handlers
}  // namespace distcache::command
