// The series of latency spikes; see the header.
#include "metrics/latency_events.h"

#include <algorithm>

namespace distcache::metrics {

void LatencyEvents::Record(std::string_view event, int64_t at_s, uint64_t duration_ms) {
  const std::lock_guard lock(mutex_);
  Series& series = series_[std::string(event)];
  series.max_ms = std::max(series.max_ms, duration_ms);
  if (!series.samples.empty() && series.samples.back().at_s == at_s) {
    Sample& last = series.samples.back();
    last.duration_ms = std::max(last.duration_ms, duration_ms);
    return;
  }
  if (series.samples.size() == kHistoryLength) series.samples.pop_front();
  series.samples.push_back({at_s, duration_ms});
}

std::vector<LatencyEvents::Summary> LatencyEvents::Latest() const {
  const std::lock_guard lock(mutex_);
  std::vector<Summary> all;
  for (const auto& [event, series] : series_) all.push_back({event, series.samples.back(), series.max_ms});
  return all;
}

std::vector<LatencyEvents::Sample> LatencyEvents::History(std::string_view event) const {
  const std::lock_guard lock(mutex_);
  const auto found = series_.find(event);
  if (found == series_.end()) return {};
  return {found->second.samples.begin(), found->second.samples.end()};
}

size_t LatencyEvents::Reset(std::string_view event) {
  const std::lock_guard lock(mutex_);
  if (!event.empty()) {
    const auto found = series_.find(event);
    if (found == series_.end()) return 0;
    series_.erase(found);
    return 1;
  }
  const size_t count = series_.size();
  series_.clear();
  return count;
}

}  // namespace distcache::metrics
