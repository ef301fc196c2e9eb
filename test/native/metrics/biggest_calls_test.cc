// The biggest calls are kept, one place a key.
#include "metrics/biggest_calls.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace distcache::metrics {
namespace {

void Offer(BiggestCalls* calls, uint64_t size_bytes, const std::string& key, uint32_t database = 0) {
  if (calls->Wants(size_bytes)) calls->Record(size_bytes, 1, database, key, 5);
}

std::vector<BigCall> Read(const BiggestCalls& calls, size_t limit = 100) {
  std::vector<BigCall> read;
  calls.AppendTo(&read);
  MergeBigCalls(&read, limit);
  return read;
}

TEST(BiggestCalls, TheBiggestOfManyStay) {
  BiggestCalls calls;
  for (uint64_t i = 0; i < 1'000; i++) Offer(&calls, 2'000 + (i * 7'919) % 1'000, "key:" + std::to_string(i));
  const std::vector<BigCall> read = Read(calls);
  ASSERT_EQ(read.size(), BiggestCalls::kPlaces);
  for (size_t i = 0; i < read.size(); i++) EXPECT_EQ(read[i].size_bytes, 2'999 - i);
}

TEST(BiggestCalls, SmallCallsAreNotWanted) {
  BiggestCalls calls;
  Offer(&calls, 1'024, "small");
  EXPECT_TRUE(Read(calls).empty());
}

TEST(BiggestCalls, AKeyHasOnePlaceWithItsBiggestCall) {
  BiggestCalls calls;
  Offer(&calls, 5'000, "k");
  Offer(&calls, 9'000, "k");
  Offer(&calls, 7'000, "k");
  Offer(&calls, 6'000, "k", 3);
  const std::vector<BigCall> read = Read(calls);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].size_bytes, 9'000u);
  EXPECT_EQ(read[1].database, 3u);
}

TEST(BiggestCalls, ThreadsAreMergedByKey) {
  BiggestCalls first;
  BiggestCalls second;
  Offer(&first, 5'000, "k");
  Offer(&second, 8'000, "k");
  Offer(&second, 3'000, "other");
  std::vector<BigCall> read;
  first.AppendTo(&read);
  second.AppendTo(&read);
  MergeBigCalls(&read, 10);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].size_bytes, 8'000u);
  EXPECT_EQ(read[1].key, "other");
}

}  // namespace
}  // namespace distcache::metrics
