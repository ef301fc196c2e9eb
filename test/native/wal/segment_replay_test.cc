#include "wal/segment_replay.h"

#include <gtest/gtest.h>

#include "snapshot/contents.h"
#include "wal/effects.h"
#include "wal/replay.h"

namespace distcache::wal {
namespace {

using store::ContentsOf;
using store::MakeStore;

constexpr store::TimeMs kMadeAtMs = 1'700'000'000'000;
constexpr store::TimeMs kLongAgoMs = kMadeAtMs - 24 * 3600 * 1000;

std::string Segment(const std::vector<std::vector<store::Effect>>& records, uint64_t first_sequence = 1) {
  std::string bytes = EncodeSegmentHeader({Format::kBinary, TestLogId(), first_sequence, kMadeAtMs});
  for (const auto& effects : records) bytes += Encode(Format::kBinary, first_sequence++, effects);
  return bytes;
}

Result<SegmentOutcome> Replay(const std::string& bytes, store::Store* store, uint64_t after_sequence = 0) {
  return ReplaySegment(BorrowMemorySource(bytes), {.store = store, .after_sequence = after_sequence});
}

TEST(SegmentReplay, AppliesOnlyWhatIsAboveTheGivenRecord) {
  std::vector<std::vector<store::Effect>> records;
  std::vector<std::string> keys;
  for (int i = 0; i < 50; ++i) keys.push_back("key" + std::to_string(i));
  for (const std::string& key : keys) records.push_back({Put(key, "v")});
  for (const uint64_t after : {0, 1, 15, 16, 17, 49, 50, 1000}) {
    const auto store = MakeStore();
    const auto outcome = Replay(Segment(records), store.get(), after);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.value().records, 50u);
    EXPECT_EQ(outcome.value().applied, after > 50 ? 0 : 50 - after);
    EXPECT_EQ(store->Stats().entries, outcome.value().applied);
    EXPECT_EQ(store->EntryCount(0) == 0 || ContentsOf(*store, kMadeAtMs).contains({0, "key49"}), true);
  }
}

TEST(SegmentReplay, ADeadlineThatALaterRecordLiftsIsNotActedUpon) {
  const auto store = MakeStore();
  ASSERT_TRUE(Replay(Segment({{Put("kept", "v", kMadeAtMs + 1)}, {Expire("kept", 0)}}), store.get()).ok());
  EXPECT_EQ(ContentsOf(*store, kMadeAtMs * 2).size(), 1u);
}

// Else a log full of short-lived keys would not fit into the memory that held them one after the other.
TEST(SegmentReplay, WhatExpiredLongBeforeTheSegmentIsNotKept) {
  std::vector<std::string> keys;
  std::vector<std::vector<store::Effect>> records;
  for (int i = 0; i < 20'000; ++i) keys.push_back("key" + std::to_string(i));
  for (const std::string& key : keys) records.push_back({Put(key, "v", kLongAgoMs)});
  const auto store = MakeStore();
  ASSERT_TRUE(Replay(Segment(records), store.get()).ok());
  EXPECT_LT(store->Stats().entries, 20'000u);
}

TEST(SegmentReplay, AppliesWhatStandsBeforeATornTail) {
  const std::string bytes = Segment({{Put("a", "1")}, {Put("b", "2")}});
  const auto store = MakeStore();
  const auto outcome = Replay(bytes.substr(0, bytes.size() - 1), store.get());
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.value().end, ReadResult::kTorn);
  EXPECT_EQ(outcome.value().last_sequence, 1u);
  EXPECT_EQ(store->Stats().entries, 1u);
}

TEST(SegmentReplay, ATornHeaderIsAnOutcomeAndADamagedOneAnError) {
  const std::string bytes = Segment({{Put("a", "1")}});
  const auto torn = Replay(bytes.substr(0, 40), nullptr);
  ASSERT_TRUE(torn.ok());
  EXPECT_EQ(torn.value().end, ReadResult::kTorn);
  EXPECT_FALSE(torn.value().has_header);
  std::string damaged = bytes;
  damaged[20] = static_cast<char>(damaged[20] ^ 1);
  EXPECT_EQ(Replay(damaged, nullptr).status().code(), StatusCode::kCorrupt);
}

TEST(SegmentReplay, RefusesWhatNoCommandCouldHaveDone) {
  const auto store = MakeStore();
  EXPECT_EQ(Replay(Segment({{Put("a", "1", 0, 16)}}), store.get()).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(Replay(Segment({{Swap(0, 99)}}), store.get()).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(Replay(Segment({{WriteAt("a", ~0ull, "x")}}), store.get()).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(Replay(Segment({{WriteAt("a", 512ull << 20, "x")}}), store.get()).status().code(), StatusCode::kCorrupt);
  EXPECT_TRUE(store->CheckInvariants().ok());
}

TEST(SegmentReplay, CanBeCancelled) {
  const std::atomic<bool> is_cancelled{true};
  const std::string bytes = Segment({{Put("a", "1")}});
  const auto outcome = ReplaySegment(BorrowMemorySource(bytes), {.is_cancelled = &is_cancelled});
  EXPECT_EQ(outcome.status().code(), StatusCode::kClosed);
}

}  // namespace
}  // namespace distcache::wal
