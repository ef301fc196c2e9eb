// How often each kind of error was answered: the first word of the reply ("ERR", "WRONGTYPE" ...). Any thread records and reads
// under a small lock; errors are not the hot path. A client can make up no kinds without end: the number of kinds is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace distcache::metrics {

class ErrorCounts {
 public:
  static constexpr size_t kMaxKinds = 128;

  // reply: the error's text, with or without the leading '-'. What comes beyond kMaxKinds counts as "OTHER".
  void Record(std::string_view reply);
  std::map<std::string, uint64_t> Read() const;
  uint64_t Total() const;
  void Reset();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t, std::less<>> counts_;  // under mutex_
};

}  // namespace distcache::metrics
