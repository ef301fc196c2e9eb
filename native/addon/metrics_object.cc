#include "addon/metrics_object.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "addon/arguments.h"
#include "addon/server_object.h"
#include "metrics/node_metrics.h"
#include "net/connection_metering.h"
#include "port/clock.h"
#include "port/memory.h"

namespace distcache::addon {
namespace {

using metrics::Histogram;
using metrics::NodeMetrics;

NodeMetrics* ReadMetrics(napi_env env, napi_value server_object) {
  ServerObject* object = ServerObject::Unwrap(env, server_object);
  net::Server* server = object == nullptr ? nullptr : object->server(env);
  return server == nullptr ? nullptr : &server->metrics();
}

// A Float64Array of these numbers.
napi_value MakeNumbers(napi_env env, std::span<const double> numbers) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  if (!Check(env, napi_create_arraybuffer(env, numbers.size_bytes(), &data, &buffer))) return nullptr;
  std::copy(numbers.begin(), numbers.end(), static_cast<double*>(data));
  Check(env, napi_create_typedarray(env, napi_float64_array, numbers.size(), buffer, 0, &array));
  return array;
}

napi_value MakeCounts(napi_env env, std::span<const uint64_t> counts) {
  return MakeNumbers(env, std::vector<double>(counts.begin(), counts.end()));
}

// Builds a flat array, the cheapest to cross the border; the other side knows how many fields a row has.
class FlatArray {
 public:
  explicit FlatArray(napi_env env) : env_(env) { is_good_ = Check(env, napi_create_array(env, &array_)); }
  void Add(napi_value value) {
    is_good_ = is_good_ && value != nullptr && Check(env_, napi_set_element(env_, array_, size_++, value));
  }
  void Add(double number) { Add(MakeNumber(env_, number)); }
  void AddBytes(std::string_view bytes) { Add(MakeBuffer(env_, bytes)); }
  void AddText(std::string_view text) { Add(MakeString(env_, text)); }
  napi_value array() const { return is_good_ ? array_ : nullptr; }

 private:
  napi_env env_;
  napi_value array_ = nullptr;
  uint32_t size_ = 0;
  bool is_good_ = false;
};

// calls, failed, rejected, nanoseconds of every place, one after the other.
napi_value Commands(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const NodeMetrics* node = ReadMetrics(env, arguments[0]);
  if (node == nullptr) return nullptr;
  std::vector<double> numbers;
  for (size_t i = 0; i < node->command_count(); i++) {
    const metrics::CommandTotals totals = node->Command(static_cast<uint16_t>(i));
    for (const uint64_t number : {totals.calls, totals.failed, totals.rejected, totals.duration_ns}) {
      numbers.push_back(static_cast<double>(number));
    }
  }
  return MakeNumbers(env, numbers);
}

// The buckets' counts of one place, or of all of them (-1).
napi_value Latency(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const NodeMetrics* node = ReadMetrics(env, arguments[0]);
  int64_t index = 0;
  if (node == nullptr || !ReadInteger(env, arguments[1], &index)) return nullptr;
  std::vector<uint64_t> counts(Histogram::kBucketCount);
  for (size_t i = 0; i < node->command_count(); i++) {
    if (index < 0 || static_cast<size_t>(index) == i) node->AddHistogramTo(static_cast<uint16_t>(i), counts);
  }
  return MakeCounts(env, counts);
}

// The longest duration of each bucket, in seconds.
napi_value LatencyBounds(napi_env env, napi_callback_info) {
  std::vector<double> bounds;
  for (size_t i = 0; i < Histogram::kBucketCount; i++) {
    bounds.push_back(static_cast<double>(Histogram::HighestOf(i)) / 1e9);
  }
  return MakeNumbers(env, bounds);
}

napi_value Traffic(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const NodeMetrics* node = ReadMetrics(env, arguments[0]);
  if (node == nullptr) return nullptr;
  const metrics::ConnectionTotals totals = node->Connections();
  return MakeCounts(
      env, std::array<uint64_t, 5>{totals.accepted, totals.closed, totals.refused, totals.bytes_in, totals.bytes_out});
}

// kind, count, kind, count ...
napi_value Errors(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  if (node == nullptr) return nullptr;
  FlatArray rows(env);
  for (const auto& [kind, count] : node->errors().Read()) {
    rows.AddText(kind);
    rows.Add(static_cast<double>(count));
  }
  return rows.array();
}

// Since when, then key, full length, database, calls, error of each.
napi_value HotKeys(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const NodeMetrics* node = ReadMetrics(env, arguments[0]);
  uint64_t limit = 0;
  if (node == nullptr || !ReadUnsigned(env, arguments[1], 10'000, &limit)) return nullptr;
  int64_t since_ms = 0;
  const auto keys = node->HottestKeys(port::UnixTimeMs(), limit, &since_ms);
  FlatArray rows(env);
  rows.Add(static_cast<double>(since_ms));
  for (const metrics::HotKey& key : keys) {
    rows.AddBytes(key.key);
    rows.Add(static_cast<double>(key.key_size_bytes));
    rows.Add(key.database);
    rows.Add(static_cast<double>(key.calls));
    rows.Add(static_cast<double>(key.error));
  }
  return rows.array();
}

// key, database, place of the command, size, when of each; of requests, or of replies.
napi_value BigCalls(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const NodeMetrics* node = ReadMetrics(env, arguments[0]);
  bool is_reply = false;
  uint64_t limit = 0;
  if (node == nullptr || !ReadBool(env, arguments[1], &is_reply) || !ReadUnsigned(env, arguments[2], 10'000, &limit)) {
    return nullptr;
  }
  FlatArray rows(env);
  for (const metrics::BigCall& call : is_reply ? node->BiggestReplies(limit) : node->BiggestRequests(limit)) {
    rows.AddBytes(call.key);
    rows.Add(call.database);
    rows.Add(call.command);
    rows.Add(static_cast<double>(call.size_bytes));
    rows.Add(static_cast<double>(call.at_ms));
  }
  return rows.array();
}

napi_value Slots(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const NodeMetrics* node = ReadMetrics(env, arguments[0]);
  if (node == nullptr) return nullptr;
  std::vector<uint64_t> counts(kSlotCount);
  node->AddSlotsTo(counts);
  return MakeCounts(env, counts);
}

// id, Unix seconds, microseconds, connection, arguments of each; newest first.
napi_value SlowLog(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  uint64_t limit = 0;
  if (node == nullptr || !ReadUnsigned(env, arguments[1], UINT32_MAX, &limit)) return nullptr;
  FlatArray rows(env);
  for (const metrics::SlowCall& call : node->slow_log().Newest(limit)) {
    rows.Add(static_cast<double>(call.id));
    rows.Add(static_cast<double>(call.at_s));
    rows.Add(static_cast<double>(call.duration_us));
    rows.Add(static_cast<double>(call.connection));
    FlatArray words(env);
    for (const std::string& argument : call.arguments) words.AddBytes(argument);
    rows.Add(words.array());
  }
  return rows.array();
}

napi_value SlowLogLength(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  return node == nullptr ? nullptr : MakeNumber(env, static_cast<double>(node->slow_log().Length()));
}

napi_value Reset(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  BytesArgument what;
  if (node == nullptr || !what.Read(env, arguments[1])) return nullptr;
  if (what.view() == "slowlog") node->slow_log().Reset();
  if (what.view() == "errors") node->errors().Reset();
  return nullptr;
}

napi_value Configure(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  int64_t slow_us = 0;
  uint64_t length = 0, spike_ms = 0;
  if (node == nullptr || !ReadInteger(env, arguments[1], &slow_us) ||
      !ReadUnsigned(env, arguments[2], UINT32_MAX, &length) ||
      !ReadUnsigned(env, arguments[3], kMaxSafeInteger, &spike_ms)) {
    return nullptr;
  }
  node->slow_log().Configure(slow_us, length);
  node->latency_events().SetThresholdMs(spike_ms);
  return nullptr;
}

// event, Unix seconds and milliseconds of the latest, milliseconds of the longest, of each.
napi_value LatencyEvents(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  if (node == nullptr) return nullptr;
  FlatArray rows(env);
  for (const auto& [event, latest, max_ms] : node->latency_events().Latest()) {
    rows.AddText(event);
    rows.Add(static_cast<double>(latest.at_s));
    rows.Add(static_cast<double>(latest.duration_ms));
    rows.Add(static_cast<double>(max_ms));
  }
  return rows.array();
}

napi_value LatencyHistory(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  BytesArgument event;
  if (node == nullptr || !event.Read(env, arguments[1])) return nullptr;
  FlatArray rows(env);
  for (const auto& [at_s, duration_ms] : node->latency_events().History(event.view())) {
    rows.Add(static_cast<double>(at_s));
    rows.Add(static_cast<double>(duration_ms));
  }
  return rows.array();
}

napi_value ResetLatency(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  BytesArgument event;
  if (node == nullptr || !event.Read(env, arguments[1])) return nullptr;
  return MakeNumber(env, static_cast<double>(node->latency_events().Reset(event.view())));
}

// A spike of the main thread's own, such as a slow sync. Below the threshold nothing happens.
napi_value RecordSpike(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  BytesArgument event;
  uint64_t duration_us = 0;
  if (node == nullptr || !event.Read(env, arguments[1]) ||
      !ReadUnsigned(env, arguments[2], kMaxSafeInteger / 1000, &duration_us)) {
    return nullptr;
  }
  if (node->latency_events().IsSpike(duration_us * 1000)) {
    node->latency_events().Record(event.view(), port::UnixTimeMs() / 1000, duration_us / 1000);
  }
  return nullptr;
}

// A command that TypeScript answered: its place, nanoseconds, and the error's text when that was the reply ("" otherwise).
napi_value RecordCall(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  uint64_t index = 0, duration_ns = 0;
  BytesArgument error;
  if (node == nullptr || !ReadUnsigned(env, arguments[1], node->command_count() - 1, &index) ||
      !ReadUnsigned(env, arguments[2], kMaxSafeInteger, &duration_ns) || !error.Read(env, arguments[3])) {
    return nullptr;
  }
  metrics::ThreadMetrics& own = node->thread(node->thread_count() - 1);
  own.RecordCalls(static_cast<uint16_t>(index), 1, duration_ns);
  if (!error.view().empty()) {
    own.RecordFailure(static_cast<uint16_t>(index));
    node->errors().Record(error.view());
  }
  return nullptr;
}

napi_value TrimMemory(napi_env, napi_callback_info) {
  port::TrimHeap();
  return nullptr;
}

// Enters a command that TypeScript answered into the slow log when it was slow: microseconds, connection, arguments.
napi_value RecordSlow(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  NodeMetrics* node = ReadMetrics(env, arguments[0]);
  uint64_t duration_us = 0, connection = 0;
  uint32_t count = 0;
  if (node == nullptr || !ReadUnsigned(env, arguments[1], kMaxSafeInteger / 1000, &duration_us) ||
      !ReadUnsigned(env, arguments[2], kMaxSafeInteger, &connection) ||
      !Check(env, napi_get_array_length(env, arguments[3], &count))) {
    return nullptr;
  }
  if (!node->slow_log().IsSlow(duration_us * 1000)) return nullptr;
  std::vector<std::string> words;
  for (uint32_t i = 0; i < count; i++) {
    napi_value element = nullptr;
    BytesArgument word;
    if (!Check(env, napi_get_element(env, arguments[3], i, &element)) || !word.Read(env, element)) return nullptr;
    words.emplace_back(word.view());
  }
  node->slow_log().Record(port::UnixTimeMs() / 1000, duration_us,
                          std::vector<std::string_view>(words.begin(), words.end()), connection);
  return nullptr;
}

}  // namespace

void RegisterMetrics(napi_env env, napi_value exports) {
  static constexpr Method kFunctions[] = {
      {"metricsCommands", Commands},
      {"metricsLatency", Latency},
      {"metricsLatencyBounds", LatencyBounds},
      {"metricsTraffic", Traffic},
      {"metricsErrors", Errors},
      {"metricsHotKeys", HotKeys},
      {"metricsBigCalls", BigCalls},
      {"metricsSlots", Slots},
      {"metricsSlowLog", SlowLog},
      {"metricsSlowLogLength", SlowLogLength},
      {"metricsReset", Reset},
      {"metricsConfigure", Configure},
      {"metricsLatencyEvents", LatencyEvents},
      {"metricsLatencyHistory", LatencyHistory},
      {"metricsResetLatency", ResetLatency},
      {"metricsRecordSpike", RecordSpike},
      {"memoryTrim", TrimMemory},
      {"metricsRecordCall", RecordCall},
      {"metricsRecordSlow", RecordSlow},
  };
  Define(env, exports, kFunctions);
}

}  // namespace distcache::addon
