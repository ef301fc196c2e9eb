// The slow log's ring and how long commands are shortened for it.
#include "metrics/slow_log.h"

#include <algorithm>
#include <utility>

namespace distcache::metrics {

namespace {

constexpr size_t kMaxArguments = 32;
constexpr size_t kMaxArgumentBytes = 128;

std::string Shorten(std::string_view text) {
  if (text.size() <= kMaxArgumentBytes) return std::string(text);
  std::string shortened(text.substr(0, kMaxArgumentBytes));
  return shortened + "... (" + std::to_string(text.size() - kMaxArgumentBytes) + " more bytes)";
}

std::vector<std::string> ShortenAll(std::span<const std::string_view> arguments) {
  std::vector<std::string> kept;
  const bool is_cut = arguments.size() > kMaxArguments;
  const size_t shown = is_cut ? kMaxArguments - 1 : arguments.size();
  for (size_t i = 0; i < shown; i++) kept.push_back(Shorten(arguments[i]));
  if (is_cut) kept.push_back("... (" + std::to_string(arguments.size() - shown) + " more arguments)");
  return kept;
}

}  // namespace

void SlowLog::Configure(int64_t threshold_us, size_t max_length) {
  threshold_us_.store(threshold_us, std::memory_order_relaxed);  // a setting: nothing else depends on it
  const std::lock_guard lock(mutex_);
  max_length_ = max_length;
  if (calls_.size() > max_length) calls_.resize(max_length);
}

void SlowLog::Record(int64_t at_s, uint64_t duration_us, std::span<const std::string_view> arguments,
                     uint64_t connection) {
  SlowCall call{0, at_s, duration_us, ShortenAll(arguments), connection};
  const std::lock_guard lock(mutex_);
  call.id = next_id_++;
  if (max_length_ == 0) return;
  if (calls_.size() == max_length_) calls_.pop_back();
  calls_.push_front(std::move(call));
}

std::vector<SlowCall> SlowLog::Newest(size_t limit) const {
  const std::lock_guard lock(mutex_);
  return {calls_.begin(), calls_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, calls_.size()))};
}

size_t SlowLog::Length() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

void SlowLog::Reset() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

}  // namespace distcache::metrics
