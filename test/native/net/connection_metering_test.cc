// What running commands leaves in a thread's metrics: calls, failures, rejections, time, hot keys, big calls, slow log.
#include "net/connection_metering.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/command_runner.h"
#include "net/shared_state.h"

namespace distcache::net {
namespace {

using metrics::CommandTotals;

class Metering : public ::testing::Test {
 protected:
  Metering() {
    auto store = store::Store::Create({});
    store_ = std::move(store.value());
    shared_ = std::make_unique<SharedState>(*store_, ServerOptions{}, [] {});
    runner_ = std::make_unique<CommandRunner>(*shared_, shared_->metrics.thread(0));
    connection_ = std::make_unique<Connection>(port::Descriptor(), 7, &chunks_);
    runner_->SetTime(1'700'000'000'000);
  }

  // Each element is one batch of inline commands.
  void Run(const std::string& lines) {
    size_t kept_bytes = 0;
    EXPECT_EQ(runner_->Run(*connection_, lines, &kept_bytes), lines.size());
    connection_->output.Clear();
  }

  CommandTotals TotalsOf(std::string_view name) { return shared_->metrics.Command(command::FindCommand(name)->index); }
  uint64_t TimesOf(std::string_view name) {
    std::vector<uint64_t> counts(metrics::Histogram::kBucketCount);
    shared_->metrics.AddHistogramTo(command::FindCommand(name)->index, counts);
    uint64_t sum = 0;
    for (const uint64_t count : counts) sum += count;
    return sum;
  }
  std::vector<metrics::HotKey> HotKeys() {
    int64_t since_ms = 0;
    return shared_->metrics.HottestKeys(1'700'000'000'000, 10, &since_ms);
  }

  resp::ChunkPool chunks_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<SharedState> shared_;
  std::unique_ptr<CommandRunner> runner_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(Metering, CountsEveryCallOfABatchAndTimesEachOnce) {
  Run("SET a 1\r\nGET a\r\nGET a\r\nMGET a b\r\nGET a\r\nPING\r\n");
  EXPECT_EQ(TotalsOf("set").calls, 1u);
  EXPECT_EQ(TotalsOf("get").calls, 3u);
  EXPECT_EQ(TotalsOf("mget").calls, 1u);
  EXPECT_EQ(TotalsOf("ping").calls, 1u);
  for (const char* name : {"set", "get", "mget", "ping"}) EXPECT_EQ(TimesOf(name), TotalsOf(name).calls) << name;
  EXPECT_GT(TotalsOf("mget").duration_ns, 0u);
}

TEST_F(Metering, MoreDifferentCommandsThanPlacesAreAllCounted) {
  std::string batch;
  for (int i = 0; i < 50; i++) batch += "SET a 1\r\nGET a\r\nINCR a\r\n";
  Run(batch);
  EXPECT_EQ(TotalsOf("set").calls, 50u);
  EXPECT_EQ(TotalsOf("get").calls, 50u);
  EXPECT_EQ(TimesOf("incr"), 50u);
}

TEST_F(Metering, FailuresAndRejectionsAreToldApart) {
  Run("SET a x\r\nINCR a\r\nGET\r\nNOSUCH\r\n");
  EXPECT_EQ(TotalsOf("incr").calls, 1u);
  EXPECT_EQ(TotalsOf("incr").failed, 1u);
  EXPECT_EQ(TotalsOf("get").calls, 0u);
  EXPECT_EQ(TotalsOf("get").rejected, 1u);
  EXPECT_EQ(shared_->metrics.errors().Read().at("ERR"), 3u);
}

TEST_F(Metering, SubcommandsHavePlacesOfTheirOwn) {
  Run("SET a 1\r\nOBJECT ENCODING a\r\n");
  const command::CommandSpec* object = command::FindCommand("object");
  const command::SubcommandSpec* encoding = command::FindSubcommand(*object, "encoding");
  EXPECT_EQ(shared_->metrics.Command(static_cast<uint16_t>(command::CommandCount() + encoding->index)).calls, 1u);
  EXPECT_EQ(TotalsOf("object").calls, 0u);
}

TEST_F(Metering, HotKeysOfSingleCommandsAreExact) {
  for (int i = 0; i < 40; i++) Run("GET hot\r\n");
  Run("GET cold\r\n");
  const auto keys = HotKeys();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].key, "hot");
  EXPECT_EQ(keys[0].calls, 40u);
}

TEST_F(Metering, HotKeysOfPipelinesAreSampledWithoutBias) {
  std::string batch;
  for (int i = 0; i < 8; i++) batch += "GET hot\r\nGET cold\r\nGET hot\r\nGET hot\r\n";
  for (int i = 0; i < 2'000; i++) Run(batch);
  const auto keys = HotKeys();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].key, "hot");
  EXPECT_NEAR(static_cast<double>(keys[0].calls), 48'000, 4'800);
  EXPECT_NEAR(static_cast<double>(keys[1].calls), 16'000, 3'200);
}

TEST_F(Metering, SlotsAreCounted) {
  Run("SET {tag}a 1\r\n");
  Run("GET {tag}b\r\n");
  std::vector<uint64_t> slots(kSlotCount);
  shared_->metrics.AddSlotsTo(slots);
  EXPECT_EQ(slots[SlotOfKey("tag")], 2u);
}

TEST_F(Metering, BigRequestsAndRepliesAreRemembered) {
  const std::string value(5'000, 'x');
  Run("SET big " + value + "\r\n");
  Run("GET big\r\n");
  const auto requests = shared_->metrics.BiggestRequests(5);
  const auto replies = shared_->metrics.BiggestReplies(5);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].key, "big");
  EXPECT_EQ(requests[0].size_bytes, 5'006u);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_GT(replies[0].size_bytes, 5'000u);
}

TEST_F(Metering, WithAThresholdOfZeroEveryCommandEntersTheSlowLogWithItsArguments) {
  shared_->metrics.slow_log().Configure(0, 128);
  Run("SET a 1\r\nGET a\r\n");
  const auto calls = shared_->metrics.slow_log().Newest(10);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].arguments, (std::vector<std::string>{"GET", "a"}));
  EXPECT_EQ(calls[1].arguments[0], "SET");
  EXPECT_EQ(calls[0].connection, 7u);
  EXPECT_EQ(TotalsOf("get").calls, 1u);
}

TEST_F(Metering, WithoutAThresholdNothingEnters) {
  shared_->metrics.slow_log().Configure(metrics::SlowLog::kOff, 128);
  Run("SET a 1\r\nMGET a b\r\n");
  EXPECT_EQ(shared_->metrics.slow_log().Length(), 0u);
}

TEST_F(Metering, QueuedCommandsAndTheirExecAreCounted) {
  Run("MULTI\r\nSET a 1\r\nGET a\r\nEXEC\r\n");
  EXPECT_EQ(TotalsOf("exec").calls, 1u);
  EXPECT_EQ(TotalsOf("set").calls, 1u);
}

}  // namespace
}  // namespace distcache::net
