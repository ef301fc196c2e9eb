// SCAN, KEYS and RANDOMKEY: keys that the command does not name. They look at one shard after the other, so that nothing
// waits for a whole walk.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "command/glob.h"
#include "command/handlers.h"
#include "command/number_text.h"

namespace distcache::command {
namespace {

constexpr uint64_t kEndOfCursors = uint64_t{1} << 53;

// Key names found under a shard's lock, one behind the other with their lengths; grows fallibly.
class FoundKeys {
 public:
  void Add(std::string_view key) {
    const uint64_t size = key.size();
    if (has_failed_ || !MakeRoom(sizeof(size) + key.size())) return;
    std::memcpy(bytes_.get() + used_, &size, sizeof(size));
    std::memcpy(bytes_.get() + used_ + sizeof(size), key.data(), key.size());
    used_ += sizeof(size) + key.size();
    count_++;
  }

  void ReplyArray(Call& call) const {
    call.reply.Array(count_);
    for (size_t place = 0; place < used_;) {
      uint64_t size;
      std::memcpy(&size, bytes_.get() + place, sizeof(size));
      place += sizeof(size);
      call.reply.Bulk({bytes_.get() + place, size});
      place += size;
    }
  }

  bool has_failed() const { return has_failed_; }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  bool MakeRoom(size_t added) {
    if (added <= capacity_ - used_) return true;
    const size_t wanted = (capacity_ + added) * 2;
    char* grown = static_cast<char*>(std::realloc(bytes_.get(), wanted));
    if (grown == nullptr) {
      has_failed_ = true;
      return false;
    }
    (void)bytes_.release();
    bytes_.reset(grown);
    capacity_ = wanted;
    return true;
  }

  std::unique_ptr<char, Free> bytes_;
  size_t used_ = 0, capacity_ = 0, count_ = 0;
  bool has_failed_ = false;
};

struct ScanOptions {
  std::string_view pattern = "*";
  bool has_pattern = false;
  int64_t count = 10;
  bool wants_other_type = false;  // there are only strings
};

// As strtoul reads it: a sign is taken, nothing at all is 0.
std::optional<uint64_t> ParseCursor(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(value, uint64_t{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value)) return std::nullopt;
  }
  return is_negative ? 0 - value : value;
}

bool ParseScanOptions(Call& call, ScanOptions* options) {
  for (size_t i = 2; i < call.count(); i += 2) {
    const bool has_value = i + 1 < call.count();
    if (call.Is(i, "COUNT") && has_value) {
      const auto count = call.Integer(i + 1);
      if (!count) return false;
      if (*count < 1) {
        call.FailSyntax();
        return false;
      }
      options->count = *count;
    } else if (call.Is(i, "MATCH") && has_value) {
      options->pattern = call.text(i + 1);
      options->has_pattern = options->pattern != "*";
    } else if (call.Is(i, "TYPE") && has_value) {
      options->wants_other_type = !call.Is(i + 1, "STRING");
    } else {
      call.FailSyntax();
      return false;
    }
  }
  return true;
}

uint64_t NextRandom(ClientState& client, store::TimeMs now_ms) {
  client.random_state += 0x9e3779b97f4a7c15 + static_cast<uint64_t>(now_ms);
  uint64_t mixed = client.random_state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

namespace handlers {

void Scan(Call& call) {
  const auto cursor = ParseCursor(call.text(1));
  if (!cursor) return call.Fail("ERR invalid cursor");
  ScanOptions options;
  if (!ParseScanOptions(call, &options)) return;
  const store::Access* all_held = nullptr;
  if (!call.BeginWalk(&all_held)) return;
  FoundKeys found;
  const auto visit = [&](std::string_view key, uint32_t, const store::ValueView&) {
    if (!options.wants_other_type && (!options.has_pattern || MatchesGlob(options.pattern, key))) found.Add(key);
    return true;
  };
  uint64_t next = 0;
  if (*cursor < kEndOfCursors) {
    next = call.keyspace.Scan(call.client.database, *cursor, static_cast<uint64_t>(options.count), call.now_ms, visit,
                              all_held, call.sequence());
  }
  if (found.has_failed()) return (void)call.FailOutOfMemory();
  call.reply.Array(2);
  call.reply.BulkInteger(static_cast<int64_t>(next));
  found.ReplyArray(call);
}

void Keys(Call& call) {
  const std::string_view pattern = call.text(1);
  const bool takes_all = pattern == "*";
  const store::Access* all_held = nullptr;
  if (!call.BeginWalk(&all_held)) return;
  FoundKeys found;
  const auto visit = [&](std::string_view key, uint32_t, const store::ValueView&) {
    if (takes_all || MatchesGlob(pattern, key)) found.Add(key);
    return true;
  };
  call.keyspace.Scan(call.client.database, 0, ~uint64_t{0}, call.now_ms, visit, all_held, call.sequence());
  if (found.has_failed()) return (void)call.FailOutOfMemory();
  found.ReplyArray(call);
}

void RandomKey(Call& call) {
  const store::Access* all_held = nullptr;
  if (!call.BeginWalk(&all_held)) return;
  std::vector<char> key;
  const uint64_t random = NextRandom(call.client, call.now_ms);
  if (!call.keyspace.RandomKey(call.client.database, random, call.now_ms, &key, all_held, call.sequence())) {
    return call.reply.Null();
  }
  call.reply.Bulk({key.data(), key.size()});
}

void DatabaseSize(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.keyspace.EntryCount(call.client.database)));
}

}  // namespace handlers
}  // namespace distcache::command
