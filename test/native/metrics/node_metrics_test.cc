// Merging over threads while they record.
#include "metrics/node_metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace distcache::metrics {
namespace {

TEST(NodeMetrics, SumsWhatThreadsCounted) {
  NodeMetrics node(2, 4);
  node.thread(0).RecordCalls(3, 16, 1'000);
  node.thread(1).RecordCalls(3, 4, 2'000);
  node.thread(1).RecordFailure(3);
  node.thread(0).RecordRejection(3);
  node.thread(0).connections().bytes_in.Add(5);
  node.thread(1).connections().bytes_in.Add(6);
  const CommandTotals totals = node.Command(3);
  EXPECT_EQ(totals.calls, 20u);
  EXPECT_EQ(totals.duration_ns, 24'000u);
  EXPECT_EQ(totals.failed, 1u);
  EXPECT_EQ(totals.rejected, 1u);
  EXPECT_EQ(node.Command(0).calls, 0u);
  EXPECT_EQ(node.Connections().bytes_in, 11u);
  std::vector<uint64_t> counts(Histogram::kBucketCount);
  node.AddHistogramTo(3, counts);
  EXPECT_EQ(counts[Histogram::BucketOf(1'000)], 16u);
  EXPECT_EQ(counts[Histogram::BucketOf(2'000)], 4u);
}

TEST(NodeMetrics, SlotsAreCountedOverThreads) {
  NodeMetrics node(2, 1);
  node.thread(0).RecordSlot(16'383, 8);
  node.thread(1).RecordSlot(16'383, 1);
  std::vector<uint64_t> slots(kSlotCount);
  node.AddSlotsTo(slots);
  EXPECT_EQ(slots[16'383], 9u);
  EXPECT_EQ(slots[0], 0u);
}

TEST(NodeMetrics, HotKeysOfThreadsAreSummed) {
  NodeMetrics node(2, 1);
  node.thread(0).hot_keys().Record(1, 0, "k", 5, 1'000);
  node.thread(1).hot_keys().Record(1, 0, "k", 7, 900);
  int64_t since_ms = 0;
  const auto keys = node.HottestKeys(2'000, 5, &since_ms);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].calls, 12u);
  EXPECT_EQ(since_ms, 900);
}

TEST(NodeMetrics, NothingIsLostWhenReadWhileThreadsRecord) {
  constexpr uint64_t kCalls = 100'000;
  NodeMetrics node(2, 2);
  std::atomic<int> running{2};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 2; t++) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < kCalls; i++) node.thread(t).RecordCalls(1, 1, i);
      running--;
    });
  }
  uint64_t before = 0;
  while (running.load() > 0) {
    const uint64_t calls = node.Command(1).calls;
    ASSERT_GE(calls, before);
    before = calls;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(node.Command(1).calls, 2 * kCalls);
  std::vector<uint64_t> counts(Histogram::kBucketCount);
  node.AddHistogramTo(1, counts);
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  EXPECT_EQ(total, 2 * kCalls);
}

}  // namespace
}  // namespace distcache::metrics
