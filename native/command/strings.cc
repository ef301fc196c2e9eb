// GET, SET and their relatives that store, read or remove one whole value. A command that returns a value looks it up with
// Get, which counts a hit or miss; one that only asks about it uses Peek.
#include <string>

#include "command/deadline.h"
#include "command/handlers.h"

namespace distcache::command {
namespace {

store::Intent StoreIntent(const Call& call, size_t value) {
  return {.writes = true, .adds_keys = true, .value_bytes = call.text(value).size()};
}

constexpr store::Intent kWriteOnly{.writes = true};

void FailExpireTime(Call& call, std::string_view command) {
  call.Fail(std::string("ERR invalid expire time in '").append(command).append("' command"));
}

// Argument i as a deadline that lies ahead of the beginning of time; where it is none the error stands in the reply.
std::optional<store::TimeMs> PositiveDeadline(Call& call, size_t i, DeadlineForm form, std::string_view command) {
  const std::optional<int64_t> amount = call.Integer(i);
  if (!amount) return std::nullopt;
  const std::optional<store::TimeMs> deadline_ms =
      *amount > 0 ? DeadlineOf(*amount, form, call.now_ms) : std::optional<store::TimeMs>();
  if (!deadline_ms) FailExpireTime(call, command);
  return deadline_ms;
}

// The options of SET and GETEX. Places of arguments; 0 where the option was not given.
struct Options {
  bool if_missing = false, if_exists = false;
  bool returns_old = false;
  bool keeps_deadline = false, persists = false;
  size_t compared = 0;  // IFEQ
  size_t deadline = 0;
  DeadlineForm form{};

  bool has_condition() const { return if_missing || if_exists || compared != 0; }
};

// EX, PX, EXAT or PXAT at argument i.
std::optional<DeadlineForm> DeadlineOption(const Call& call, size_t i) {
  if (call.Is(i, "EX")) return DeadlineForm{TimeUnit::kSeconds, false};
  if (call.Is(i, "PX")) return DeadlineForm{TimeUnit::kMilliseconds, false};
  if (call.Is(i, "EXAT")) return DeadlineForm{TimeUnit::kSeconds, true};
  if (call.Is(i, "PXAT")) return DeadlineForm{TimeUnit::kMilliseconds, true};
  return std::nullopt;
}

bool IsSameForm(DeadlineForm a, DeadlineForm b) { return a.unit == b.unit && a.is_absolute == b.is_absolute; }

// Takes the deadline option at argument i with its number behind it. The same option may be repeated: the last one counts.
bool TakeDeadline(const Call& call, size_t i, Options* options) {
  const std::optional<DeadlineForm> form = DeadlineOption(call, i);
  if (!form || i + 1 >= call.count() || options->keeps_deadline || options->persists) return false;
  if (options->deadline != 0 && !IsSameForm(options->form, *form)) return false;
  options->form = *form;
  options->deadline = i + 1;
  return true;
}

// Takes one option of SET that has no argument of its own.
bool TakeFlag(const Call& call, size_t i, Options* options) {
  if (call.Is(i, "NX") && !options->if_exists && options->compared == 0) return options->if_missing = true;
  if (call.Is(i, "XX") && !options->if_missing && options->compared == 0) return options->if_exists = true;
  if (call.Is(i, "GET")) return options->returns_old = true;
  if (call.Is(i, "KEEPTTL") && options->deadline == 0) return options->keeps_deadline = true;
  return false;
}

bool ParseSetOptions(const Call& call, Options* options) {
  for (size_t i = 3; i < call.count(); i++) {
    if (TakeFlag(call, i, options)) continue;
    const bool may_compare = !options->if_missing && !options->if_exists && options->compared == 0;
    if (call.Is(i, "IFEQ") && may_compare && i + 1 < call.count()) {
      options->compared = ++i;
    } else if (TakeDeadline(call, i, options)) {
      i++;
    } else {
      return false;
    }
  }
  return true;
}

bool ParseGetExOptions(const Call& call, Options* options) {
  for (size_t i = 2; i < call.count(); i++) {
    if (call.Is(i, "PERSIST") && options->deadline == 0) {
      options->persists = true;
    } else if (TakeDeadline(call, i, options)) {
      i++;
    } else {
      return false;
    }
  }
  return true;
}

bool IsConditionMet(const Call& call, const Options& options, const store::ValueView* old) {
  if (options.if_missing) return old == nullptr;
  if (options.if_exists) return old != nullptr;
  if (options.compared != 0) return old != nullptr && old->bytes == call.text(options.compared);
  return true;
}

void SetWithOptions(Call& call) {
  Options options;
  if (!ParseSetOptions(call, &options)) return call.FailSyntax();
  store::TimeMs deadline_ms = 0;
  if (options.deadline != 0) {
    const auto given = PositiveDeadline(call, options.deadline, options.form, "set");
    if (!given) return;
    deadline_ms = *given;
  }
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, StoreIntent(call, 2))) return;
  const store::ValueView* old = nullptr;
  if (options.returns_old) {
    old = call.access().Get(key);
  } else if (options.has_condition() || options.keeps_deadline) {
    old = call.access().Peek(key);
  }
  const size_t mark = call.output.Mark();
  if (options.returns_old) call.ValueOrNull(old);
  if (!IsConditionMet(call, options, old)) {
    if (!options.returns_old) call.reply.Null();
    return;
  }
  if (options.keeps_deadline && old != nullptr) deadline_ms = old->expires_at_ms;
  // A refusal takes the place of the old value.
  if (!call.Fits(call.Store(key, 2, deadline_ms), mark)) return;
  if (!options.returns_old) call.reply.Ok();
}

void StoreUntil(Call& call, TimeUnit unit, std::string_view command) {
  const auto deadline_ms = PositiveDeadline(call, 2, {unit, false}, command);
  if (!deadline_ms) return;
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, StoreIntent(call, 3))) return;
  if (call.Fits(call.Store(key, 3, *deadline_ms))) call.reply.Ok();
}

}  // namespace

namespace handlers {

void Get(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, {})) return;
  call.ValueOrNull(call.access().Get(key));
}

void Set(Call& call) {
  if (call.count() > 3) return SetWithOptions(call);
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, StoreIntent(call, 2))) return;
  if (call.Fits(call.Store(key, 2, 0))) call.reply.Ok();
}

void SetIfMissing(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, StoreIntent(call, 2))) return;
  if (call.access().Peek(key) != nullptr) return call.reply.Integer(0);
  if (call.Fits(call.Store(key, 2, 0))) call.reply.Integer(1);
}

void SetWithSeconds(Call& call) { StoreUntil(call, TimeUnit::kSeconds, "setex"); }
void SetWithMilliseconds(Call& call) { StoreUntil(call, TimeUnit::kMilliseconds, "psetex"); }

void GetAndSet(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, StoreIntent(call, 2))) return;
  const size_t mark = call.output.Mark();
  call.ValueOrNull(call.access().Get(key));
  (void)call.Fits(call.Store(key, 2, 0), mark);
}

void GetAndDelete(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, kWriteOnly)) return;
  const store::ValueView* value = call.access().Get(key);
  call.ValueOrNull(value);
  if (value != nullptr) call.access().Remove(key);
}

void GetAndExpire(Call& call) {
  Options options;
  if (!ParseGetExOptions(call, &options)) return call.FailSyntax();
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, kWriteOnly)) return;
  const store::ValueView* value = call.access().Get(key);
  if (value == nullptr) return call.reply.Null();
  std::optional<store::TimeMs> deadline_ms;
  if (options.deadline != 0) {
    deadline_ms = PositiveDeadline(call, options.deadline, options.form, "getex");
    if (!deadline_ms) return;
  }
  const bool expires_now = deadline_ms && *deadline_ms <= call.now_ms;
  const bool persists = options.persists && value->expires_at_ms != 0;
  const size_t mark = call.output.Mark();
  call.Value(*value);
  if (expires_now) {
    call.access().Remove(key);
  } else if ((deadline_ms || persists) && !call.access().SetExpiry(key, deadline_ms.value_or(0))) {
    call.output.CutBack(mark);
    call.FailOutOfMemory();
  }
}

void DeleteIfEqual(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, kWriteOnly)) return;
  const store::ValueView* value = call.access().Peek(key);
  const bool is_equal = value != nullptr && value->bytes == call.text(2);
  if (is_equal) call.access().Remove(key);
  call.reply.Integer(is_equal ? 1 : 0);
}

}  // namespace handlers
}  // namespace distcache::command
