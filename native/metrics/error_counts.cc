// Counting of errors by their first word.
#include "metrics/error_counts.h"

namespace distcache::metrics {

namespace {

std::string_view KindOf(std::string_view reply) {
  if (!reply.empty() && reply.front() == '-') reply.remove_prefix(1);
  const std::string_view kind = reply.substr(0, reply.find_first_of(" \r\n"));
  return kind.empty() || kind.size() > 32 ? std::string_view("OTHER") : kind;
}

}  // namespace

void ErrorCounts::Record(std::string_view reply) {
  const std::string_view kind = KindOf(reply);
  const std::lock_guard lock(mutex_);
  auto found = counts_.find(kind);
  if (found == counts_.end()) {
    found = counts_.try_emplace(std::string(counts_.size() < kMaxKinds ? kind : "OTHER"), 0).first;
  }
  found->second++;
}

std::map<std::string, uint64_t> ErrorCounts::Read() const {
  const std::lock_guard lock(mutex_);
  return {counts_.begin(), counts_.end()};
}

uint64_t ErrorCounts::Total() const {
  const std::lock_guard lock(mutex_);
  uint64_t total = 0;
  for (const auto& [kind, count] : counts_) total += count;
  return total;
}

void ErrorCounts::Reset() {
  const std::lock_guard lock(mutex_);
  counts_.clear();
}

}  // namespace distcache::metrics
