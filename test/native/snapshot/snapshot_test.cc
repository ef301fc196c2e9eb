#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <string>
#include <thread>

#include "core/crc32c.h"
#include "port/clock.h"
#include "snapshot/contents.h"
#include "snapshot/loader.h"
#include "snapshot/temporary_file.h"
#include "snapshot/writer.h"
#include "wal/effects.h"
#include "wal/replay.h"

namespace distcache::snapshot {
namespace {

using store::Contents;
using store::ContentsOf;
using store::MakeStore;
using store::SetKey;
using store::Store;

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() : file_(TestName()) {}

  static std::string TestName() {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '-');
    return name;
  }

  SnapshotInfo Write() {
    const auto written = WriteSnapshot(store_.get(), &log_, {.path = file_.path()});
    EXPECT_TRUE(written.ok()) << written.status().message();
    return written.ok() ? written.value() : SnapshotInfo{};
  }

  Result<SnapshotInfo> Load(Store* store, uint32_t threads = 2) {
    return LoadSnapshot(store, {.path = file_.path(), .threads = threads});
  }

  void Fill(int count) {
    for (int i = 0; i < count; ++i) SetKey(*store_, "key" + std::to_string(i), "value" + std::to_string(i), now_ms_);
  }

  const store::TimeMs now_ms_ = port::UnixTimeMs();
  TemporaryFile file_;
  wal::LogBuffer log_{{.log_id = wal::TestLogId(), .next_sequence = 500, .keeps_records = false}, {}};
  std::unique_ptr<Store> store_ = MakeStore(&log_, 8);
};

TEST_F(SnapshotTest, WhatIsWrittenIsLoaded) {
  Fill(5000);
  SetKey(*store_, "deadline", "soon", now_ms_, now_ms_ + 1'000'000);
  SetKey(*store_, "other database", "there", now_ms_, 0, 15);
  SetKey(*store_, "large", std::string(3'000'000, 'L'), now_ms_);
  SetKey(*store_, "", "", now_ms_);
  SetKey(*store_, std::string(5000, 'k'), std::string(16'000, 'v'), now_ms_);
  const SnapshotInfo info = Write();
  EXPECT_EQ(info.entries, 5005u);
  EXPECT_EQ(info.first_sequence, log_.last_sequence());
  EXPECT_EQ(info.last_sequence, log_.last_sequence());
  EXPECT_EQ(info.records, 0u);
  EXPECT_EQ(info.file_bytes, file_.Read().size());

  for (const uint32_t threads : {1u, 4u}) {
    const auto loaded = MakeStore(nullptr, threads == 1 ? 1 : 64);
    const auto result = Load(loaded.get(), threads);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result.value().last_sequence, info.last_sequence);
    EXPECT_EQ(result.value().log_id, wal::TestLogId());
    EXPECT_TRUE(ContentsOf(*loaded, now_ms_) == ContentsOf(*store_, now_ms_));
    EXPECT_TRUE(loaded->CheckInvariants().ok());
  }
}

// Used a minute apart, in an order that is not that of their hashes; what goes first after a load is what was used longest ago.
TEST_F(SnapshotTest, KeepsTheOrderInWhichEntriesWereUsed) {
  constexpr int kCount = 50;
  for (int i = 0; i < kCount; ++i) SetKey(*store_, "key" + std::to_string(i), "v", now_ms_ - (kCount - i) * 60'000);
  Write();
  const auto loaded = MakeStore(nullptr, 4);
  ASSERT_TRUE(Load(loaded.get(), 1).ok());
  loaded->SetBounds(kCount, 0, store::EvictionPolicy::kAllKeysLru);
  for (int more = 1; more <= kCount; ++more) {
    SetKey(*loaded, "more" + std::to_string(more), "v", port::UnixTimeMs());
    const Contents contents = ContentsOf(*loaded, now_ms_);
    for (int i = 0; i < kCount; ++i) {
      EXPECT_EQ(contents.contains({0, "key" + std::to_string(i)}), i >= more) << "key" << i << " after " << more;
    }
  }
}

TEST_F(SnapshotTest, AnEmptyStoreGivesAWholeFile) {
  EXPECT_EQ(Write().entries, 0u);
  const auto loaded = MakeStore();
  EXPECT_TRUE(Load(loaded.get()).ok());
  EXPECT_EQ(loaded->Stats().entries, 0u);
}

TEST_F(SnapshotTest, ADeadlineThatPassedIsNotRenewed) {
  SetKey(*store_, "short", "lived", now_ms_, now_ms_ + 600'000);
  SetKey(*store_, "gone", "already", now_ms_, now_ms_ + 1);
  Write();
  const auto loaded = MakeStore();
  ASSERT_TRUE(Load(loaded.get()).ok());
  EXPECT_EQ(ContentsOf(*loaded, now_ms_ + 599'999).size(), 1u);
  EXPECT_EQ(ContentsOf(*loaded, now_ms_ + 600'000).size(), 0u);
}

// Remembers every record, so that a replay of the first so many can say what the store was then.
class History final : public wal::LogBuffer::Tap {
 public:
  explicit History(wal::LogBuffer* log) : log_(log), first_(log->AddTap(this) + 1) {}
  ~History() override { log_->RemoveTap(this); }
  void OnRecord(uint64_t sequence, std::span<const store::Effect> effects) override {
    records_.push_back(wal::Encode(wal::Format::kBinary, sequence, {effects.begin(), effects.end()}));
  }
  std::unique_ptr<Store> Replay(uint64_t last_sequence) const {
    auto replayed = MakeStore();
    wal::Record record;
    for (uint64_t i = 0; i < records_.size() && first_ + i <= last_sequence; ++i) {
      EXPECT_EQ(
          wal::ParseRecord(wal::Format::kBinary, wal::ChecksumSeed(wal::TestLogId()), records_[i], &record, nullptr),
          wal::ParseResult::kOk);
      EXPECT_EQ(record.sequence, first_ + i);
      EXPECT_TRUE(wal::ApplyEffects(replayed.get(), record.effects, 1).ok());
    }
    return replayed;
  }

 private:
  wal::LogBuffer* log_;
  uint64_t first_;
  std::vector<std::string> records_;
};

// One random command, of every kind that a log can hold.
void ChangeSomething(Store& store, std::mt19937_64& random, store::TimeMs now_ms) {
  const std::string key = "key" + std::to_string(random() % 25'000);
  const auto database = static_cast<uint32_t>(random() % 3);
  const std::string value(random() % 200, static_cast<char>('a' + random() % 26));
  const auto deadline = now_ms + 1'000'000 + static_cast<store::TimeMs>(random() % 1000);
  switch (random() % 8) {
    case 0:
      return store::RemoveKey(store, key, now_ms, database);
    case 1:
      return SetKey(store, key, value, now_ms, deadline, database);
    case 2:
      return store::Command(store, database, key, value.size(), now_ms,
                            [&](store::Access& access, const store::Key& k) {
                              const store::ValueView* old = access.Get(k);
                              (void)access.WriteAt(k, old == nullptr ? 0 : old->bytes.size(), value);
                            });
    case 3:
      return store::Command(store, database, key, 0, now_ms, [&](store::Access& access, const store::Key& k) {
        access.SetExpiry(k, random() % 2 == 0 ? 0 : deadline);
      });
    case 4:
      if (random() % 64 == 0) {
        store::OnAllShards(store, now_ms, [&](store::Access& access) {
          access.SwapDatabases(database, static_cast<uint32_t>(random() % 3));
          if (random() % 16 == 0) access.Flush(2);
        });
      }
      return;
    case 5:
      if (random() % 64 == 0) SetKey(store, key, std::string(100'000, 'L'), now_ms, 0, database);
      return;
    default:
      return SetKey(store, key, value, now_ms, 0, database);
  }
}

// Writers change everything while the walk goes on; what is loaded is exactly what the log says that the store was after S1.
class SnapshotUnderWritesTest : public SnapshotTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Pace, SnapshotUnderWritesTest, testing::Bool(),
                         [](const auto& pace) { return std::string(pace.param ? "Background" : "Prompt"); });

TEST_P(SnapshotUnderWritesTest, IsExact) {
  const History history(&log_);
  Fill(20'000);
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    writers.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      while (!stop.load()) ChangeSomething(*store_, random, now_ms_);
    });
  }
  const auto written = WriteSnapshot(store_.get(), &log_, {.path = file_.path(), .is_background = GetParam()});
  stop.store(true);
  for (std::thread& writer : writers) writer.join();
  ASSERT_TRUE(written.ok()) << written.status().message();

  const auto loaded = MakeStore();
  ASSERT_TRUE(Load(loaded.get()).ok());
  EXPECT_TRUE(ContentsOf(*loaded, now_ms_) == ContentsOf(*history.Replay(written.value().last_sequence), now_ms_));
  EXPECT_TRUE(ContentsOf(*store_, now_ms_) == ContentsOf(*history.Replay(log_.last_sequence()), now_ms_));
  EXPECT_TRUE(loaded->CheckInvariants().ok());
}

TEST_F(SnapshotTest, CancellingRemovesTheFile) {
  Fill(1000);
  Progress progress;
  progress.is_cancelled.store(true);
  const auto written = WriteSnapshot(store_.get(), &log_, {.path = file_.path(), .progress = &progress});
  EXPECT_EQ(written.status().code(), StatusCode::kClosed);
  EXPECT_FALSE(std::filesystem::exists(file_.path()));
}

TEST_F(SnapshotTest, APathThatCannotBeMadeIsAnError) {
  const auto written = WriteSnapshot(store_.get(), &log_, {.path = "/nowhere/at/all"});
  EXPECT_EQ(written.status().code(), StatusCode::kNotFound);
}

// Damage. Every load of a damaged copy must fail and leave the store empty.
class DamagedSnapshotTest : public SnapshotTest {
 protected:
  void SetUp() override {
    Fill(3);
    Write();
    whole_ = file_.Read();
  }

  void ExpectRefused(const std::string& bytes, const std::string& what) {
    file_.Write(bytes);
    const auto loaded = MakeStore();
    const auto result = Load(loaded.get(), 1);
    ASSERT_FALSE(result.ok()) << what;
    ASSERT_EQ(result.status().code(), StatusCode::kCorrupt) << what << result.status().message();
    ASSERT_NE(result.status().message().find(file_.path()), std::string_view::npos) << what;
    ASSERT_EQ(loaded->Stats().entries, 0u) << what;
    ASSERT_FALSE(CheckSnapshot({.path = file_.path()}).ok()) << what;
  }

  // A copy whose block 0 was changed by `change` and has a right checksum again.
  template <typename Change>
  std::string Forged(Change change) {
    std::string bytes = whole_;
    BlockHeader header;
    std::memcpy(&header, bytes.data() + sizeof(FileHeader), sizeof(header));
    change(&header, &bytes);
    std::memcpy(bytes.data() + sizeof(FileHeader), &header, sizeof(header));
    const std::string_view id(bytes.data() + offsetof(FileHeader, snapshot_id), sizeof(SnapshotId));
    const size_t payload_bytes =
        std::min<uint64_t>(header.payload_bytes, bytes.size() - sizeof(FileHeader) - sizeof(header) - sizeof(Footer));
    const size_t block_bytes = sizeof(header) + payload_bytes;
    const std::string_view covered(bytes.data() + sizeof(FileHeader) + 4, block_bytes - 4);
    const uint32_t checksum = Crc32c(covered, Crc32c(id));
    std::memcpy(bytes.data() + sizeof(FileHeader), &checksum, sizeof(checksum));
    return bytes;
  }

  static constexpr size_t kPayloadAt = sizeof(FileHeader) + sizeof(BlockHeader);
  std::string whole_;
};

TEST_F(DamagedSnapshotTest, CutAnywhere) {
  for (size_t size = 0; size < whole_.size(); ++size)
    ExpectRefused(whole_.substr(0, size), "cut at " + std::to_string(size));
}

TEST_F(DamagedSnapshotTest, AnyBitFlipped) {
  for (size_t bit = 0; bit < whole_.size() * 8; ++bit) {
    std::string flipped = whole_;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    ExpectRefused(flipped, "bit " + std::to_string(bit));
  }
}

TEST_F(DamagedSnapshotTest, Longer) { ExpectRefused(whole_ + "x", "a byte more"); }

TEST_F(DamagedSnapshotTest, RightChecksumsAndWrongSizes) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32, ~uint64_t{0}, ~uint64_t{31}}) {
    ExpectRefused(Forged([&](BlockHeader* header, std::string*) { header->payload_bytes = size; }), "payload size");
    ExpectRefused(Forged([&](BlockHeader* header, std::string*) { header->count = size; }), "count");
    ExpectRefused(Forged([&](BlockHeader* header, std::string*) { header->index = size | 1; }), "index");
  }
  ExpectRefused(Forged([](BlockHeader* header, std::string*) { header->kind = BlockKind::kRecords; }), "kind");
  ExpectRefused(Forged([](BlockHeader* header, std::string*) { header->kind = static_cast<BlockKind>(3); }), "kind 3");
  ExpectRefused(Forged([](BlockHeader* header, std::string*) { header->count -= 1; }), "one entry less");
  ExpectRefused(Forged([](BlockHeader*, std::string* bytes) { (*bytes)[kPayloadAt] = '\x80'; }), "unknown flag");
  ExpectRefused(Forged([](BlockHeader*, std::string* bytes) { (*bytes)[kPayloadAt + 1] = 99; }), "database");
  ExpectRefused(Forged([](BlockHeader*, std::string* bytes) { (*bytes)[kPayloadAt + 3] = '\x7f'; }), "key size");
}

TEST_F(DamagedSnapshotTest, ANewerVersionIsRefusedByName) {
  std::string newer = whole_;
  newer[8] = 2;
  file_.Write(newer);
  const auto opened = Reader::Open(file_.path());
  ASSERT_EQ(opened.status().code(), StatusCode::kCorrupt);
  EXPECT_NE(opened.status().message().find("version 2"), std::string_view::npos);
}

TEST_F(DamagedSnapshotTest, TruncatedWhileMapped) {
  file_.Write(whole_);
  const auto reader = Reader::Open(file_.path());
  ASSERT_TRUE(reader.ok());
  std::filesystem::resize_file(file_.path(), 0);
  std::vector<char> buffer;
  const auto payload = reader.value().ReadBlock(reader.value().blocks()[0], &buffer);
  EXPECT_EQ(payload.status().code(), StatusCode::kCorrupt);
}

TEST_F(DamagedSnapshotTest, ABlockOfAnotherSnapshotIsRefused) {
  Write();  // the same contents, another snapshot id
  std::string mixed = file_.Read();
  ASSERT_EQ(mixed.size(), whole_.size());
  mixed.replace(sizeof(FileHeader), sizeof(BlockHeader), whole_, sizeof(FileHeader), sizeof(BlockHeader));
  ExpectRefused(mixed, "foreign block");
}

TEST_F(SnapshotTest, AMissingFileIsNotFound) {
  const auto loaded = MakeStore();
  EXPECT_EQ(Load(loaded.get()).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace distcache::snapshot
