// EXPIRE, TTL and their relatives: a key's deadline.
#include <string>

#include "command/deadline.h"
#include "command/handlers.h"

namespace distcache::command {
namespace {

struct Conditions {
  bool if_none = false, if_any = false, if_later = false, if_sooner = false;  // NX XX GT LT
};

bool ParseConditions(Call& call, Conditions* conditions) {
  for (size_t i = 3; i < call.count(); i++) {
    if (call.Is(i, "NX")) {
      conditions->if_none = true;
    } else if (call.Is(i, "XX")) {
      conditions->if_any = true;
    } else if (call.Is(i, "GT")) {
      conditions->if_later = true;
    } else if (call.Is(i, "LT")) {
      conditions->if_sooner = true;
    } else {
      const std::string_view option = call.text(i);
      call.Fail(std::string("ERR Unsupported option ").append(option.substr(0, option.find('\0'))));
      return false;
    }
  }
  if (conditions->if_none && (conditions->if_any || conditions->if_later || conditions->if_sooner)) {
    call.Fail("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions->if_later && conditions->if_sooner) {
    call.Fail("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// No deadline (0) counts as later than any.
bool Allows(const Conditions& conditions, store::TimeMs current_ms, store::TimeMs wanted_ms) {
  if (conditions.if_none && current_ms != 0) return false;
  if (conditions.if_any && current_ms == 0) return false;
  if (conditions.if_later && (current_ms == 0 || wanted_ms <= current_ms)) return false;
  if (conditions.if_sooner && current_ms != 0 && wanted_ms >= current_ms) return false;
  return true;
}

void ExpireWith(Call& call, DeadlineForm form, std::string_view command) {
  Conditions conditions;
  if (!ParseConditions(call, &conditions)) return;
  const auto amount = call.Integer(2);
  if (!amount) return;
  const auto deadline_ms = DeadlineOf(*amount, form, call.now_ms);
  if (!deadline_ms) {
    return call.Fail(std::string("ERR invalid expire time in '").append(command).append("' command"));
  }
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, {.writes = true})) return;
  const store::ValueView* value = call.access().Peek(key);
  if (value == nullptr || !Allows(conditions, value->expires_at_ms, *deadline_ms)) return call.reply.Integer(0);
  if (*deadline_ms <= call.now_ms) {
    call.access().Remove(key);
  } else if (!call.access().SetExpiry(key, *deadline_ms)) {
    return (void)call.FailOutOfMemory();
  }
  call.reply.Integer(1);
}

// -2: no such key, -1: no deadline.
void ReplyTime(Call& call, TimeUnit unit, bool is_absolute) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, {})) return;
  const store::ValueView* value = call.access().Peek(key);
  if (value == nullptr) return call.reply.Integer(-2);
  if (value->expires_at_ms == 0) return call.reply.Integer(-1);
  const uint64_t time_ms = value->expires_at_ms - (is_absolute ? 0 : call.now_ms);
  const uint64_t divisor = static_cast<uint64_t>(unit);
  call.reply.Integer(static_cast<int64_t>((time_ms + divisor / 2) / divisor));
}

}  // namespace

namespace handlers {

void Expire(Call& call) { ExpireWith(call, {TimeUnit::kSeconds, false}, "expire"); }
void ExpireMilliseconds(Call& call) { ExpireWith(call, {TimeUnit::kMilliseconds, false}, "pexpire"); }
void ExpireAt(Call& call) { ExpireWith(call, {TimeUnit::kSeconds, true}, "expireat"); }
void ExpireAtMilliseconds(Call& call) { ExpireWith(call, {TimeUnit::kMilliseconds, true}, "pexpireat"); }

void TimeToLive(Call& call) { ReplyTime(call, TimeUnit::kSeconds, false); }
void TimeToLiveMilliseconds(Call& call) { ReplyTime(call, TimeUnit::kMilliseconds, false); }
void ExpireTime(Call& call) { ReplyTime(call, TimeUnit::kSeconds, true); }
void ExpireTimeMilliseconds(Call& call) { ReplyTime(call, TimeUnit::kMilliseconds, true); }

void Persist(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, {.writes = true})) return;
  const store::ValueView* value = call.access().Peek(key);
  if (value == nullptr || value->expires_at_ms == 0) return call.reply.Integer(0);
  if (!call.access().SetExpiry(key, 0)) return (void)call.FailOutOfMemory();
  call.reply.Integer(1);
}

}  // namespace handlers
}  // namespace distcache::command
