#include "net/connection_metering.h"

#include <algorithm>
#include <vector>

#include "core/slot.h"

namespace distcache::net {
namespace {

using command::CommandSpec;

size_t SubcommandCount() {
  size_t count = 0;
  for (uint16_t i = 0; i < command::CommandCount(); i++) count += command::CommandAt(i).subcommands.size();
  return count;
}

// One key at most, and no walk over keys.
bool IsPrompt(const CommandSpec& spec) {
  const bool has_one_key = spec.first_key == 1 && spec.last_key == 1;
  const bool has_none = spec.first_key == 0 && (spec.flags & command::kFast) != 0;
  return (has_one_key || has_none) && spec.subcommands.empty() && spec.name != "exec";
}

// Beyond this many bytes of request or reply a command is no longer like its neighbours.
constexpr size_t kManyBytes = 64 * 1024;

// Whether the executor refused it before it ran, by the reasons it has for that.
bool IsRejection(std::string_view code, const CommandSpec& spec, size_t argument_count) {
  constexpr std::string_view kReasons[] = {"NOAUTH", "LOADING", "MISCONF", "OOM", "NOPERM", "EXECABORT"};
  if (std::find(std::begin(kReasons), std::end(kReasons), code) != std::end(kReasons)) return true;
  return !command::FitsArity(spec.arity, argument_count);
}

uint16_t MetricIndexOf(const CommandSpec& spec, std::span<const resp::Argument> arguments) {
  if (spec.subcommands.empty() || arguments.size() < 2) return spec.index;
  const command::SubcommandSpec* subcommand = command::FindSubcommand(spec, arguments[1].bytes);
  if (subcommand == nullptr) return spec.index;
  return static_cast<uint16_t>(command::CommandCount() + subcommand->index);
}

// The same on every thread, so that their keys can be merged; a client that made keys collide would spoil a list only.
constexpr std::array<uint8_t, 16> kKeySeed = {'h', 'o', 't', ' ', 'k', 'e', 'y', 's'};

std::string_view KeyOf(const CommandSpec& spec, std::span<const resp::Argument> arguments) {
  const auto place = static_cast<size_t>(spec.first_key);
  return place == 0 || place >= arguments.size() ? std::string_view() : arguments[place].bytes;
}

}  // namespace

size_t MetricCount() { return command::CommandCount() + SubcommandCount(); }

ConnectionMetering::ConnectionMetering(metrics::NodeMetrics& node, metrics::ThreadMetrics& thread)
    : node_(node),
      thread_(thread),
      secrets_(HashSecrets::FromSeed(kKeySeed)),
      is_prompt_(new bool[command::CommandCount()]),
      random_state_(reinterpret_cast<uintptr_t>(this) | 1) {
  for (uint16_t i = 0; i < command::CommandCount(); i++) is_prompt_[i] = IsPrompt(command::CommandAt(i));
}

// Evenly spread over 1 to 2 * period - 1, so that a pipeline with a rhythm can not hide a key. xorshift (Marsaglia, 2003).
uint32_t ConnectionMetering::NextSample() {
  random_state_ ^= random_state_ << 13;
  random_state_ ^= random_state_ >> 7;
  random_state_ ^= random_state_ << 17;
  return 1 + static_cast<uint32_t>(random_state_ >> 33) % (2 * sample_period_ - 1);
}

void ConnectionMetering::LookAtKey(Connection& connection, const CommandSpec& spec, size_t reply_bytes) {
  const auto arguments = connection.parser.arguments();
  const std::string_view key = KeyOf(spec, arguments);
  const uint32_t database = connection.client.database;
  if (until_sample_ == 0) {
    if (spec.first_key != 0) {
      thread_.hot_keys().Record(Hash64(secrets_, database, key), database, key, sample_period_, now_ms_);
      thread_.RecordSlot(SlotOfKey(key), sample_period_);
    }
    until_sample_ = NextSample();
  }
  if (thread_.biggest_requests().Wants(request_bytes_)) {
    thread_.biggest_requests().Record(request_bytes_, spec.index, database, key, now_ms_);
  }
  if (thread_.biggest_replies().Wants(reply_bytes)) {
    thread_.biggest_replies().Record(reply_bytes, spec.index, database, key, now_ms_);
  }
  unwanted_bytes_ = std::min(thread_.biggest_requests().unwanted_bytes(), thread_.biggest_replies().unwanted_bytes());
  if (request_bytes_ + reply_bytes > kManyBytes && batch_calls_ > 0) FinishLong(connection, spec.index);
}

void ConnectionMetering::AfterUnusual(Connection& connection, const command::Executed& executed, size_t reply_bytes) {
  if (executed.failed || executed.spec == nullptr) {
    if (!CountsAsCall(connection, executed)) return;
  }
  const CommandSpec& spec = *executed.spec;
  const uint16_t index = MetricIndexOf(spec, connection.parser.arguments());
  Count(index);
  if (LooksAtKey(connection, reply_bytes)) LookAtKey(connection, spec, reply_bytes);
  if (batch_calls_ > 0 && (is_exact_ || !is_prompt_[spec.index])) FinishLong(connection, index);
}

// Counts the error. False when the command did not run.
bool ConnectionMetering::CountsAsCall(Connection& connection, const command::Executed& executed) {
  node_.errors().Record(connection.client.error_code);
  if (executed.spec == nullptr) return false;
  const auto arguments = connection.parser.arguments();
  const uint16_t index = MetricIndexOf(*executed.spec, arguments);
  if (IsRejection(connection.client.error_code, *executed.spec, arguments.size())) {
    thread_.RecordRejection(index);
    return false;
  }
  thread_.RecordFailure(index);
  return true;
}

// There are more different commands in a row than places: what is there is recorded with the usual time.
void ConnectionMetering::FoldRuns() {
  const uint64_t taken_ns = usual_ns_ * batch_calls_;
  RecordRuns(usual_ns_);
  begun_ns_ += taken_ns;
}

void ConnectionMetering::RecordRuns(uint64_t each_ns) {
  for (size_t i = 0; i < run_count_; i++) thread_.RecordCalls(runs_[i].index, runs_[i].calls, each_ns);
  run_count_ = 0;
  batch_calls_ = 0;
}

// The batch's commands share its time.
void ConnectionMetering::FinishShared(Connection& connection, uint64_t now_ns) {
  const uint64_t elapsed_ns = now_ns > begun_ns_ ? now_ns - begun_ns_ : 0;
  const uint64_t each_ns = elapsed_ns / batch_calls_;
  if (node_.slow_log().IsSlow(elapsed_ns) || node_.latency_events().IsSpike(elapsed_ns)) [[unlikely]] {
    const std::string note = "(" + std::to_string(batch_calls_) + " calls of a pipeline, in which something waited)";
    const uint16_t index = runs_[0].index;
    const std::string_view name = index < command::CommandCount() ? command::CommandAt(index).name : "";
    NoteSlow(connection, elapsed_ns, std::array<std::string_view, 2>{name, note});
  } else {
    usual_ns_ = each_ns;
  }
  RecordRuns(each_ns);
  begun_ns_ = now_ns;
}

// The batch ends with a command of its own kind: it gets what the others did not take.
void ConnectionMetering::FinishLong(Connection& connection, uint16_t index) {
  const uint64_t now_ns = port::MonotonicTimeNs();
  const uint64_t elapsed_ns = now_ns > begun_ns_ ? now_ns - begun_ns_ : 0;
  const uint64_t others_ns = std::min(usual_ns_, elapsed_ns / batch_calls_);
  const uint64_t duration_ns = elapsed_ns - others_ns * (batch_calls_ - 1);
  CommandRun& last = runs_[run_count_ - 1];
  if (--last.calls == 0) run_count_--;
  RecordRuns(others_ns);
  thread_.RecordCalls(index, 1, duration_ns);
  begun_ns_ = now_ns;
  if (!node_.slow_log().IsSlow(duration_ns) && !node_.latency_events().IsSpike(duration_ns)) return;
  std::vector<std::string_view> arguments;
  for (const resp::Argument& argument : connection.parser.arguments()) arguments.push_back(argument.bytes);
  NoteSlow(connection, duration_ns, arguments);
}

void ConnectionMetering::NoteSlow(Connection& connection, uint64_t duration_ns,
                                  std::span<const std::string_view> arguments) {
  const int64_t now_s = now_ms_ / 1000;
  if (node_.slow_log().IsSlow(duration_ns)) {
    node_.slow_log().Record(now_s, duration_ns / 1000, arguments, connection.id);
  }
  if (node_.latency_events().IsSpike(duration_ns)) {
    node_.latency_events().Record("command", now_s, duration_ns / 1'000'000);
  }
}

}  // namespace distcache::net
