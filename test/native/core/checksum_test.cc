// Checksums against published values, and each fast way against the plain one.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/crc16.h"
#include "core/crc32c.h"
#include "core/slot.h"

namespace distcache {
namespace {

TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);    // RFC 3720 B.4
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);  // RFC 3720 B.4
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32c, PortableAndInstructionAgreeOnEveryLength) {
  std::mt19937_64 random(7);
  std::string bytes;
  for (size_t size = 0; size < 2000; ++size) {
    ASSERT_EQ(Crc32c(bytes), Crc32cPortable(bytes)) << size;
    bytes.push_back(static_cast<char>(random()));
  }
}

TEST(Crc32c, ContinuesWhereAnotherEnded) {
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes.push_back(static_cast<char>(i * 7));
  for (size_t cut = 0; cut <= bytes.size(); cut += 97) {
    const std::string_view view = bytes;
    EXPECT_EQ(Crc32c(view.substr(cut), Crc32c(view.substr(0, cut))), Crc32c(view)) << cut;
  }
}

TEST(Crc16, GivesThePublishedValue) {
  EXPECT_EQ(Crc16("123456789"), 0x31C3u);
  EXPECT_EQ(Crc16(""), 0u);
}

TEST(Slot, HashesTheTagWhenThereIsOne) {
  EXPECT_EQ(HashTagOf("{user1000}.following"), "user1000");
  EXPECT_EQ(HashTagOf("foo{}{bar}"), "foo{}{bar}");
  EXPECT_EQ(HashTagOf("foo{{bar}}zap"), "{bar");
  EXPECT_EQ(HashTagOf("foo{bar}{zap}"), "bar");
  EXPECT_EQ(HashTagOf("foo{bar"), "foo{bar");
  EXPECT_EQ(SlotOfKey("{user1000}.following"), SlotOfKey("{user1000}.followers"));
  EXPECT_EQ(SlotOfKey("123456789"), 0x31C3u);
  EXPECT_EQ(SlotOfKey("foo"), 12182u);
}

}  // namespace
}  // namespace distcache
