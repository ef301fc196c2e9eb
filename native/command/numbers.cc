// INCR and its relatives: a value that is a number as text.
#include <cmath>
#include <limits>

#include "command/handlers.h"
#include "command/number_text.h"

namespace distcache::command {
namespace {

// A number takes at most this many bytes, but for decimals of extreme size.
constexpr store::Intent kNumberIntent{.writes = true, .adds_keys = true, .value_bytes = 32};
constexpr store::Intent kDecimalIntent{.writes = true, .adds_keys = true, .value_bytes = kMaxDecimalChars};

void Add(Call& call, int64_t amount) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, kNumberIntent)) return;
  const store::ValueView* old = call.access().Peek(key);
  const std::optional<int64_t> number = old == nullptr ? 0 : ParseInteger(old->bytes);
  if (!number) return call.Fail("ERR value is not an integer or out of range");
  int64_t sum;
  if (__builtin_add_overflow(*number, amount, &sum)) return call.Fail("ERR increment or decrement would overflow");
  char text[kMaxIntegerChars];
  const size_t size = FormatInteger(sum, text);
  const store::TimeMs expires_at_ms = old == nullptr ? 0 : old->expires_at_ms;
  if (call.Fits(call.access().Put(key, {text, size}, expires_at_ms))) call.reply.Integer(sum);
}

}  // namespace

namespace handlers {

void Increment(Call& call) { Add(call, 1); }
void Decrement(Call& call) { Add(call, -1); }

void IncrementBy(Call& call) {
  if (const auto amount = call.Integer(2)) Add(call, *amount);
}

void DecrementBy(Call& call) {
  const auto amount = call.Integer(2);
  if (!amount) return;
  if (*amount == std::numeric_limits<int64_t>::min()) return call.Fail("ERR decrement would overflow");
  Add(call, -*amount);
}

void IncrementByFloat(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, kDecimalIntent)) return;
  const store::ValueView* old = call.access().Peek(key);
  const std::optional<long double> number = old == nullptr ? 0.0L : ParseDecimal(old->bytes);
  const std::optional<long double> amount = ParseDecimal(call.text(2));
  if (!number || !amount) return call.Fail("ERR value is not a valid float");
  const long double sum = *number + *amount;
  if (!std::isfinite(sum)) return call.Fail("ERR increment would produce NaN or Infinity");
  char text[kMaxDecimalChars];
  const std::string_view written(text, FormatDecimal(sum, text));
  const store::TimeMs expires_at_ms = old == nullptr ? 0 : old->expires_at_ms;
  if (call.Fits(call.access().Put(key, written, expires_at_ms))) call.reply.Bulk(written);
}

}  // namespace handlers
}  // namespace distcache::command
