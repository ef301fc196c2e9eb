// APPEND, GETRANGE, SETRANGE and STRLEN: parts of a value.
#include <algorithm>

#include "command/handlers.h"
#include "resp/limits.h"

namespace distcache::command {
namespace {

store::Intent GrowIntent(const Call& call, size_t value, uint64_t gap_bytes) {
  return {.writes = true,
          .adds_keys = true,
          .grows_existing = true,
          .value_bytes = call.text(value).size(),
          .gap_bytes = gap_bytes};
}

// False, with the error in the reply, where a value of offset + added bytes would be too long.
bool FitsString(Call& call, uint64_t offset, uint64_t added) {
  constexpr uint64_t kMax = resp::kMaxBulkBytes;
  if (offset <= kMax && added <= kMax - offset) return true;
  call.Fail("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

struct Range {
  uint64_t offset, length;
};

// The bytes of a value of `size` between two places, both included; below zero they count from the end.
Range Clip(int64_t start, int64_t end, int64_t size) {
  if (start < 0 && end < 0 && start > end) return {0, 0};
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (end < 0) end = std::max<int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  if (size == 0 || start > end) return {0, 0};
  return {static_cast<uint64_t>(start), static_cast<uint64_t>(end - start + 1)};
}

}  // namespace

namespace handlers {

void Append(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, GrowIntent(call, 2, 0))) return;
  const store::ValueView* value = call.access().Peek(key);
  const uint64_t size = value == nullptr ? 0 : value->bytes.size();
  const uint64_t added = call.text(2).size();
  if (value == nullptr) {
    if (!call.Fits(call.Store(key, 2, 0))) return;
  } else {
    if (!FitsString(call, size, added)) return;
    if (!call.Fits(call.access().WriteAt(key, size, call.text(2)))) return;
  }
  call.reply.Integer(static_cast<int64_t>(size + added));
}

void Length(Call& call) {
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, {})) return;
  const store::ValueView* value = call.access().Get(key);
  call.reply.Integer(value == nullptr ? 0 : static_cast<int64_t>(value->bytes.size()));
}

void GetRange(Call& call) {
  const auto start = call.Integer(2);
  if (!start) return;
  const auto end = call.Integer(3);
  if (!end) return;
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, {})) return;
  const store::ValueView* value = call.access().Get(key);
  if (value == nullptr) return call.reply.Bulk({});
  const Range range = Clip(*start, *end, static_cast<int64_t>(value->bytes.size()));
  if (value->block != nullptr && range.length > kBlockThresholdBytes) {
    return call.reply.BulkBlockRange(*value->block, range.offset, range.length);
  }
  call.reply.Bulk(value->bytes.substr(range.offset, range.length));
}

void SetRange(Call& call) {
  const auto offset = call.Integer(2);
  if (!offset) return;
  if (*offset < 0) return call.Fail("ERR offset is out of range");
  const uint64_t from = static_cast<uint64_t>(*offset), written = call.text(3).size();
  // An offset beyond the longest value reserves nothing: it is refused below, or writes nothing.
  const uint64_t gap_bytes = from <= uint64_t{resp::kMaxBulkBytes} ? from : 0;
  const store::Key key = call.Locate(1);
  if (!call.Begin(key, GrowIntent(call, 3, gap_bytes))) return;
  const store::ValueView* value = call.access().Peek(key);
  const uint64_t size = value == nullptr ? 0 : value->bytes.size();
  if (written == 0) return call.reply.Integer(static_cast<int64_t>(size));
  if (!FitsString(call, from, written)) return;
  if (!call.Fits(call.access().WriteAt(key, from, call.text(3)))) return;
  call.reply.Integer(static_cast<int64_t>(std::max(size, from + written)));
}

}  // namespace handlers
}  // namespace distcache::command
