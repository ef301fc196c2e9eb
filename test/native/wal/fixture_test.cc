// Files of format version 1, written once and kept: they must load for ever. When one of these fails, the format was changed.
#include <gtest/gtest.h>

#include "snapshot/contents.h"
#include "snapshot/loader.h"
#include "wal/segment_replay.h"

namespace distcache {
namespace {

using store::Contents;

constexpr store::TimeMs kFarMs = 4'000'000'000'000;
constexpr store::TimeMs kNowMs = 1'800'000'000'000;

std::string AllBytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

class LogFixtureTest : public testing::TestWithParam<const char*> {};

TEST_P(LogFixtureTest, GivesWhatWasWritten) {
  auto source = wal::OpenFileSource(std::string("test/fixtures/") + GetParam());
  ASSERT_TRUE(source.ok()) << source.status().message();
  const auto store = store::MakeStore();
  const auto outcome = wal::ReplaySegment(std::move(source.value()), {.store = store.get()});
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome.value().end, wal::ReadResult::kEnd) << outcome.value().reason;
  EXPECT_EQ(outcome.value().header.first_sequence, 41u);
  EXPECT_EQ(outcome.value().header.created_at_ms, 1'700'000'000'000);
  EXPECT_EQ(outcome.value().records, 13u);
  EXPECT_EQ(outcome.value().last_sequence, 53u);
  const Contents expected = {
      {{0, "plain"}, {"value and more"}},
      {{0, "deadline"}, {"v"}},
      {{0, "a"}, {"1", kFarMs}},
      {{0, "b"}, {"2"}},
      {{0, "gap"}, {std::string("\0\0\0x", 4)}},
      {{0, "passed"}, {"p", kFarMs}},
      {{4, "third"}, {"3"}},
      {{3, "fourth"}, {"4"}},
      {{15, AllBytes()}, {AllBytes()}},
  };
  EXPECT_TRUE(ContentsOf(*store, kNowMs) == expected);
}

INSTANTIATE_TEST_SUITE_P(Formats, LogFixtureTest, testing::Values("log-v1-binary.wal", "log-v1-text.wal"),
                         [](const auto& info) { return info.index == 0 ? "Binary" : "Text"; });

TEST(SnapshotFixture, GivesWhatWasWritten) {
  const auto store = store::MakeStore();
  const auto loaded = snapshot::LoadSnapshot(store.get(), {.path = "test/fixtures/snapshot-v1.snapshot", .threads = 1});
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded.value().first_sequence, 100u);
  EXPECT_EQ(loaded.value().last_sequence, 103u);
  EXPECT_EQ(loaded.value().entries, 6u);
  const Contents expected = {
      {{0, "plain"}, {"changed"}},
      {{0, "passed"}, {"p", kFarMs}},
      {{2, "one"}, {"1"}},
      {{9, "large"}, {std::string(20'000, 'L')}},
  };
  EXPECT_TRUE(ContentsOf(*store, kNowMs) == expected);
}

}  // namespace
}  // namespace distcache
