// The slow log, latency events and error counts.
#include "metrics/slow_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "metrics/error_counts.h"
#include "metrics/latency_events.h"

namespace distcache::metrics {
namespace {

void Record(SlowLog* log, std::vector<std::string_view> arguments) { log->Record(7, 20'000, arguments, 42); }

TEST(SlowLog, KeepsTheNewestWithGrowingIds) {
  SlowLog log;
  log.Configure(0, 2);
  Record(&log, {"GET", "a"});
  Record(&log, {"GET", "b"});
  Record(&log, {"GET", "c"});
  const std::vector<SlowCall> calls = log.Newest(10);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].id, 2u);
  EXPECT_EQ(calls[0].connection, 42u);
  EXPECT_EQ(calls[0].arguments[1], "c");
  EXPECT_EQ(calls[1].id, 1u);
  EXPECT_EQ(log.Newest(1).size(), 1u);
  log.Reset();
  EXPECT_EQ(log.Length(), 0u);
  Record(&log, {"GET", "d"});
  EXPECT_EQ(log.Newest(1)[0].id, 3u);
}

TEST(SlowLog, ThresholdDecidesWhatIsSlow) {
  SlowLog log;
  EXPECT_TRUE(log.IsSlow(10'000'000));
  EXPECT_FALSE(log.IsSlow(9'999'999));
  log.Configure(SlowLog::kOff, 128);
  EXPECT_FALSE(log.IsSlow(UINT64_MAX));
  log.Configure(0, 128);
  EXPECT_TRUE(log.IsSlow(0));
}

TEST(SlowLog, AShorterLengthDropsTheOldest) {
  SlowLog log;
  for (int i = 0; i < 5; i++) Record(&log, {"PING"});
  log.Configure(0, 2);
  ASSERT_EQ(log.Length(), 2u);
  EXPECT_EQ(log.Newest(9)[0].id, 4u);
}

TEST(SlowLog, LongArgumentsAndManyArgumentsAreShortened) {
  SlowLog log;
  const std::string big(200, 'x');
  Record(&log, {"SET", "k", big});
  EXPECT_EQ(log.Newest(1)[0].arguments[2], std::string(128, 'x') + "... (72 more bytes)");
  Record(&log, std::vector<std::string_view>(40, "a"));
  const SlowCall call = log.Newest(1)[0];
  ASSERT_EQ(call.arguments.size(), 32u);
  EXPECT_EQ(call.arguments[31], "... (9 more arguments)");
}

TEST(LatencyEvents, OneSampleASecondWithItsMaximum) {
  LatencyEvents events;
  events.Record("command", 10, 5);
  events.Record("command", 10, 9);
  events.Record("command", 10, 3);
  events.Record("command", 11, 4);
  events.Record("fsync", 11, 80);
  const auto history = events.History("command");
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].duration_ms, 9u);
  const auto latest = events.Latest();
  ASSERT_EQ(latest.size(), 2u);
  EXPECT_EQ(latest[0].latest.duration_ms, 4u);
  EXPECT_EQ(latest[0].max_ms, 9u);
  EXPECT_EQ(events.Reset("none"), 0u);
  EXPECT_EQ(events.Reset(""), 2u);
  EXPECT_TRUE(events.Latest().empty());
}

TEST(LatencyEvents, HistoryIsBounded) {
  LatencyEvents events;
  for (int i = 0; i < 1'000; i++) events.Record("command", i, 1);
  const auto history = events.History("command");
  ASSERT_EQ(history.size(), LatencyEvents::kHistoryLength);
  EXPECT_EQ(history.back().at_s, 999);
}

TEST(LatencyEvents, NothingIsASpikeUntilAThresholdIsSet) {
  LatencyEvents events;
  EXPECT_FALSE(events.IsSpike(UINT64_MAX));
  events.SetThresholdMs(5);
  EXPECT_TRUE(events.IsSpike(5'000'000));
  EXPECT_FALSE(events.IsSpike(4'999'999));
}

TEST(ErrorCounts, ByFirstWordAndBounded) {
  ErrorCounts errors;
  errors.Record("-WRONGTYPE Operation\r\n");
  errors.Record("WRONGTYPE again");
  errors.Record("-ERR no\r\n");
  EXPECT_EQ(errors.Read().at("WRONGTYPE"), 2u);
  EXPECT_EQ(errors.Total(), 3u);
  for (int i = 0; i < 1'000; i++) errors.Record("-E" + std::to_string(i) + " x");
  EXPECT_LE(errors.Read().size(), ErrorCounts::kMaxKinds + 1);
  EXPECT_EQ(errors.Total(), 1'003u);
  errors.Reset();
  EXPECT_EQ(errors.Total(), 0u);
}

}  // namespace
}  // namespace distcache::metrics
