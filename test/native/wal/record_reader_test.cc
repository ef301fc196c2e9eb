#include "wal/record_reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "wal/effects.h"

namespace distcache::wal {
namespace {

// Five records behind a header; at(i) is where record i begins, at(5) the end.
class RecordReaderTest : public testing::TestWithParam<Format> {
 protected:
  void SetUp() override {
    segment_ = EncodeSegmentHeader({GetParam(), TestLogId(), 100, 1'700'000'000'000});
    for (uint64_t i = 0; i < 5; ++i) {
      at_.push_back(segment_.size());
      segment_ += Encode(GetParam(), 100 + i, {Put("key" + std::to_string(i), std::string(20 + i * 7, 'v'))});
    }
    at_.push_back(segment_.size());
  }

  std::string Part(size_t i) const { return segment_.substr(at_[i], at_[i + 1] - at_[i]); }

  // Reads all; what ended it.
  ReadResult Read(const std::string& bytes) {
    reader_ = std::make_unique<RecordReader>(BorrowMemorySource(bytes));
    ReadResult result = reader_->ReadHeader();
    Record record;
    while (result == ReadResult::kRecord) {
      result = reader_->Next(&record);
      if (result == ReadResult::kRecord) {
        EXPECT_EQ(record.effects[0].key, "key" + std::to_string(record.sequence - 100));
      }
    }
    EXPECT_EQ(reader_->Next(&record), result) << "an end is final";
    return result;
  }

  std::string segment_;
  std::vector<size_t> at_;
  std::unique_ptr<RecordReader> reader_;
};

TEST_P(RecordReaderTest, ReadsAllRecords) {
  EXPECT_EQ(Read(segment_), ReadResult::kEnd);
  EXPECT_EQ(reader_->record_count(), 5u);
  EXPECT_EQ(reader_->next_sequence(), 105u);
  EXPECT_EQ(reader_->valid_bytes(), segment_.size());
  EXPECT_EQ(reader_->header().created_at_ms, 1'700'000'000'000);
  EXPECT_EQ(reader_->header().log_id, TestLogId());
}

TEST_P(RecordReaderTest, CutAnywhereIsATornTail) {
  for (size_t size = 0; size < segment_.size(); ++size) {
    const std::string cut = segment_.substr(0, size);
    const ReadResult result = Read(cut);
    size_t whole = 0;
    while (whole < 5 && at_[whole + 1] <= size) ++whole;
    const bool is_on_a_border = size == at_[whole];
    ASSERT_EQ(result, is_on_a_border ? ReadResult::kEnd : ReadResult::kTorn) << size << ": " << reader_->reason();
    if (size >= at_[0]) {
      ASSERT_EQ(reader_->valid_bytes(), at_[whole]);
      ASSERT_EQ(reader_->record_count(), whole);
    }
  }
}

TEST_P(RecordReaderTest, AFlippedBitBeforeTheLastRecordIsDamageAndInItATornTail) {
  for (size_t bit = at_[0] * 8; bit < segment_.size() * 8; ++bit) {
    std::string flipped = segment_;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const bool is_in_last = bit / 8 >= at_[4];
    ASSERT_EQ(Read(flipped), is_in_last ? ReadResult::kTorn : ReadResult::kDamaged) << bit << reader_->reason();
    size_t record = 0;
    while (at_[record + 1] <= bit / 8) ++record;
    ASSERT_EQ(reader_->valid_bytes(), at_[record]);
    ASSERT_EQ(reader_->record_count(), record);
  }
}

TEST_P(RecordReaderTest, AFlippedBitInTheHeaderIsDamage) {
  for (size_t bit = 0; bit < at_[0] * 8; ++bit) {
    std::string flipped = segment_;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    ASSERT_EQ(Read(flipped), ReadResult::kDamaged) << bit;
  }
}

TEST_P(RecordReaderTest, DuplicatedSwappedMissingAndZeroedRecordsAreDamage) {
  const std::string head = segment_.substr(0, at_[0]);
  const std::string zeroes(Part(2).size(), '\0');
  const struct {
    const char* what;
    std::string bytes;
    size_t valid_records;
  } cases[] = {
      {"duplicate", head + Part(0) + Part(1) + Part(1) + Part(2), 2},
      {"duplicate of the last", segment_ + Part(4), 5},
      {"swapped", head + Part(0) + Part(2) + Part(1) + Part(3), 1},
      {"last two swapped", head + Part(0) + Part(1) + Part(2) + Part(4) + Part(3), 3},
      {"missing", head + Part(0) + Part(2) + Part(3), 1},
      {"first missing", head + Part(1) + Part(2), 0},
      {"zeroed", head + Part(0) + Part(1) + zeroes + Part(3) + Part(4), 2},
      {"bytes between", head + Part(0) + "xyz" + Part(1), 1},
  };
  for (const auto& damage : cases) {
    EXPECT_EQ(Read(damage.bytes), ReadResult::kDamaged) << damage.what;
    EXPECT_EQ(reader_->record_count(), damage.valid_records) << damage.what;
    EXPECT_FALSE(reader_->reason().empty());
  }
}

TEST_P(RecordReaderTest, ZeroesAndOldOrForeignRecordsAtTheEndAreATornTail) {
  const std::string tails[] = {
      std::string(5000, '\0'),
      "garbage" + Part(0) + Part(4),
      "garbage" + Encode(GetParam(), 105, {Put("key", "of another log")}, TestLogId(9)),
  };
  for (const std::string& tail : tails) {
    EXPECT_EQ(Read(segment_ + tail), ReadResult::kTorn) << reader_->reason();
    EXPECT_EQ(reader_->valid_bytes(), segment_.size());
  }
}

TEST_P(RecordReaderTest, AFileOfZeroesIsTorn) {
  EXPECT_EQ(Read(std::string(700'000, '\0')), ReadResult::kTorn);
  EXPECT_EQ(Read(std::string(700'000, '\0') + "x"), ReadResult::kDamaged);
}

TEST_P(RecordReaderTest, DamageIsFoundAcrossReadWindows) {
  std::string bytes =
      EncodeSegmentHeader({GetParam(), TestLogId(), 100, 0}) + "x" + std::string(900'001, 'y') + Part(3);
  EXPECT_EQ(Read(bytes), ReadResult::kDamaged);
}

TEST_P(RecordReaderTest, RecordsLargerThanTheWindowAreRead) {
  const std::string large(3'000'000, 'L');
  std::string bytes = EncodeSegmentHeader({GetParam(), TestLogId(), 100, 0}) + Part(0);
  bytes += Encode(GetParam(), 101, {Put("key1", large)}) + Part(2);
  EXPECT_EQ(Read(bytes), ReadResult::kEnd);
  EXPECT_EQ(reader_->record_count(), 3u);
}

// Bytes that look like records at every turn: the verdict must come in a bounded number of passes, and must not be "cut".
TEST_P(RecordReaderTest, AFileMadeToLookLikeRecordsIsNotCut) {
  std::string bytes = segment_ + "!";
  std::string fake = Encode(GetParam(), 150, {Put("key", std::string(4000, 'f'))});
  fake.resize(40);
  for (int i = 0; i < 30'000; ++i) bytes += fake;
  EXPECT_EQ(Read(bytes), ReadResult::kDamaged);
}

INSTANTIATE_TEST_SUITE_P(Formats, RecordReaderTest, testing::Values(Format::kBinary, Format::kText),
                         [](const auto& info) { return info.param == Format::kBinary ? "Binary" : "Text"; });

TEST(SegmentHeader, OfANewerVersionIsRefusedByName) {
  std::string binary = EncodeSegmentHeader({Format::kBinary, TestLogId(), 1, 0});
  binary[8] = 2;
  std::string text = EncodeSegmentHeader({Format::kText, TestLogId(), 1, 0});
  text.replace(text.find(" 1 "), 3, " 2 ");
  for (const std::string& bytes : {binary, text}) {
    const auto parsed = ParseSegmentHeader(bytes);
    ASSERT_FALSE(parsed.ok());
    EXPECT_NE(parsed.status().message().find("version 2"), std::string_view::npos) << parsed.status().message();
  }
}

}  // namespace
}  // namespace distcache::wal
