#include "wal/record.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <random>

#include "core/crc32c.h"
#include "wal/effects.h"

namespace distcache::wal {
namespace {

using store::Effect;

const std::string kAllBytes = [] {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}();

std::vector<std::vector<Effect>> Examples() {
  Effect typed = Put("typed", "value", 1);
  typed.type = 200;
  Effect negative = Expire("past", -5);
  return {
      {Put("key", "value")},
      {Put("", "")},
      {Put(kAllBytes, kAllBytes, 1'700'000'000'000, 15)},
      {Remove("gone"), Put("a;b", "; PUT 0 \"x\" \"y\"")},
      {Expire("key", 0), Expire("key", INT64_MAX), negative},
      {WriteAt("key", 1ull << 40, "tail"), WriteAt("key", 0, "")},
      {Flush(3)},
      {FlushAll()},
      {Swap(0, UINT32_MAX)},
      {typed},
      {Put("quote\"", "back\\slash\n"), FlushAll(), Remove("x", UINT32_MAX)},
  };
}

class RecordTest : public testing::TestWithParam<Format> {
 protected:
  ParseResult Parse(std::string_view bytes) {
    return ParseRecord(GetParam(), ChecksumSeed(TestLogId()), bytes, &record_, &reason_);
  }
  Record record_;
  std::string_view reason_;
};

TEST_P(RecordTest, WhatIsEncodedIsReadBack) {
  for (const uint64_t sequence : {uint64_t{1}, uint64_t{0xffffffff}, kLargestSequence}) {
    for (const auto& effects : Examples()) {
      const std::string bytes = Encode(GetParam(), sequence, effects);
      const std::string longer = bytes + "what follows";
      ASSERT_EQ(Parse(longer), ParseResult::kOk) << bytes;
      EXPECT_EQ(record_.sequence, sequence);
      EXPECT_EQ(record_.size_bytes, bytes.size());
      ASSERT_EQ(record_.effects.size(), effects.size());
      for (size_t i = 0; i < effects.size(); ++i) EXPECT_TRUE(IsSame(record_.effects[i], effects[i])) << bytes;
      RecordClaim claim;
      ASSERT_TRUE(PeekRecord(GetParam(), std::string_view(bytes).substr(0, kPeekBytes), &claim));
      EXPECT_EQ(claim.size_bytes, bytes.size());
      EXPECT_EQ(claim.sequence, sequence);
    }
  }
}

TEST_P(RecordTest, NoPrefixIsARecord) {
  for (const auto& effects : Examples()) {
    const std::string bytes = Encode(GetParam(), 77, effects);
    for (size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_EQ(Parse(std::string_view(bytes).substr(0, size)), ParseResult::kIncomplete) << size << " of " << bytes;
    }
  }
}

TEST_P(RecordTest, NoFlippedBitPasses) {
  for (const auto& effects : Examples()) {
    const std::string bytes = Encode(GetParam(), 77, effects);
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      ASSERT_NE(Parse(flipped), ParseResult::kOk) << "bit " << bit << " of " << bytes;
    }
  }
}

TEST_P(RecordTest, ARecordOfAnotherLogIsNone) {
  const std::string bytes = Encode(GetParam(), 5, {Put("key", "value")}, TestLogId(1));
  ASSERT_EQ(Parse(bytes), ParseResult::kBad);
  EXPECT_EQ(reason_, "checksum does not match");
}

// Right checksum, wrong content: whoever can write the file must not be able to crash the reader.
TEST_P(RecordTest, ContentIsCheckedBehindARightChecksum) {
  std::mt19937_64 random(20240611);
  for (int round = 0; round < 20'000; ++round) {
    const auto examples = Examples();
    std::string bytes = Encode(GetParam(), 9, examples[random() % examples.size()]);
    const size_t content_at = GetParam() == Format::kBinary ? kRecordHeaderBytes : bytes.find(' ', 11) + 1;
    for (uint64_t edits = random() % 4 + 1; edits > 0; --edits) {
      bytes[content_at + random() % (bytes.size() - content_at)] = static_cast<char>(random());
    }
    const std::string_view whole = bytes;
    if (GetParam() == Format::kBinary) {
      const uint32_t checksum = Crc32c(whole.substr(4), ChecksumSeed(TestLogId()));
      std::memcpy(bytes.data(), &checksum, 4);
    } else {
      char digits[9];
      std::snprintf(digits, sizeof(digits), "%08x",
                    Crc32c(whole.substr(9, whole.size() - 10), ChecksumSeed(TestLogId())));
      bytes.replace(0, 8, digits);
    }
    if (Parse(bytes) != ParseResult::kOk) continue;
    for (const Effect& effect : record_.effects) {
      EXPECT_LE(effect.key.size() + effect.bytes.size(), bytes.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, RecordTest, testing::Values(Format::kBinary, Format::kText),
                         [](const auto& info) { return info.param == Format::kBinary ? "Binary" : "Text"; });

TEST(TextRecord, IsOnePrintableLine) {
  const std::string line = Encode(Format::kText, 12, {Put("k\"ey\n", "va\\lue\xff", 1700, 3), Remove("gone")});
  EXPECT_EQ(line.substr(8), R"( 12 58 PUT 3 "k\"ey\x0a" "va\\lue\xff" PXAT 1700; REMOVE 0 "gone")"
                            "\n");
}

// What neither format can say: an effect without a key has no type or deadline, and flushing all names no database.
TEST(BinaryRecord, AnEffectHasOnlyTheFieldsOfItsKind) {
  for (Effect effect : {Flush(3), FlushAll(), Swap(0, 1)}) {
    effect.type = 6;
    Record record;
    const auto parse = [&] {
      return ParseRecord(Format::kBinary, ChecksumSeed(TestLogId()), Encode(Format::kBinary, 1, {effect}), &record,
                         nullptr);
    };
    EXPECT_EQ(parse(), ParseResult::kBad);
    effect.type = 0;
    effect.expires_at_ms = 1;
    EXPECT_EQ(parse(), ParseResult::kBad);
    effect.expires_at_ms = 0;
    EXPECT_EQ(parse(), ParseResult::kOk);
    effect.database += 1;
    EXPECT_EQ(parse(), effect.kind == store::EffectKind::kFlushAll ? ParseResult::kBad : ParseResult::kOk);
  }
}

TEST(BinaryRecord, LiesAsTheFormatIsDrawn) {
  const std::string bytes = Encode(Format::kBinary, 0x0102030405, {Put("key", "value", 0x1122, 2)});
  const std::string expected_tail = std::string("\x27\0\0\0\0\x05\x04\x03\x02\x01\0\0", 12) +
                                    std::string("\x11\x02\x22\x11\0\0\0\0\0\0", 10) + "\x03key\x05value";
  EXPECT_EQ(bytes.size(), 0x24u);
  EXPECT_EQ(bytes.substr(5), expected_tail.substr(1));
}

}  // namespace
}  // namespace distcache::wal
