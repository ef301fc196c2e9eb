#include "command/call.h"

#include <limits>

#include "command/number_text.h"

namespace distcache::command {

bool Call::Is(size_t i, std::string_view word) const {
  const std::string_view given = text(i);
  if (given.size() != word.size()) return false;
  for (size_t place = 0; place < word.size(); place++) {
    const char c = given[place];
    if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != word[place]) return false;
  }
  return true;
}

bool Call::JoinTransaction(std::span<const store::Key> keys, const store::Intent& intent) {
  if (!transaction_->is_rehearsal) return true;
  transaction_->keys.insert(transaction_->keys.end(), keys.begin(), keys.end());
  store::Intent& sum = transaction_->intent;
  sum.writes |= intent.writes;
  sum.adds_keys |= intent.adds_keys;
  sum.copies_existing |= intent.copies_existing;
  sum.all_shards |= intent.all_shards;
  sum.grows_existing |= intent.grows_existing;
  sum.value_bytes += intent.value_bytes;
  sum.gap_bytes += intent.gap_bytes;
  return false;
}

bool Call::Refuse(store::Admission admission) {
  if (admission == store::Admission::kNoRoom) {
    outcome = Outcome::kNoRoom;
  } else {
    FailOutOfMemory();
  }
  return false;
}

bool Call::FailOutOfMemory() {
  Fail(kOutOfMemory);
  return false;
}

void Call::FailArity(std::string_view name) {
  Fail(std::string("ERR wrong number of arguments for '").append(name).append("' command"));
}

std::optional<int64_t> Call::Integer(size_t i, std::string_view error) {
  const std::optional<int64_t> value = ParseInteger(text(i));
  if (!value) Fail(error);
  return value;
}

std::optional<int64_t> Call::Int32(size_t i, std::string_view error) {
  const std::optional<int64_t> value = ParseInteger(text(i));
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min(), kMax = std::numeric_limits<int32_t>::max();
  if (value && *value >= kMin && *value <= kMax) return value;
  if (!error.empty()) {
    Fail(error);
  } else if (!value) {
    Fail("ERR value is not an integer or out of range");
  } else {
    Fail("ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  return std::nullopt;
}

std::optional<uint32_t> Call::Database(size_t i) {
  const std::optional<int64_t> number = Int32(i);
  if (!number) return std::nullopt;
  if (*number >= 0 && *number < keyspace.database_count()) return static_cast<uint32_t>(*number);
  Fail("ERR DB index is out of range");
  return std::nullopt;
}

store::PutResult Call::Store(const store::Key& key, size_t i, store::TimeMs expires_at_ms) {
  const resp::Argument& value = arguments_[i];
  if (value.block && value.bytes.size() > kBlockThresholdBytes) {
    return access().PutBlock(key, value.block, expires_at_ms);
  }
  return access().Put(key, value.bytes, expires_at_ms);
}

}  // namespace distcache::command
