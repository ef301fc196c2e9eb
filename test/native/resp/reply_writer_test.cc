// Every reply type in both protocols, byte for byte.
#include "resp/reply_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "port/vectored.h"
#include "resp/decimal.h"

namespace distcache::resp {
namespace {

std::string TakeAll(Output& output) {
  std::string bytes;
  iovec vectors[16];
  while (!output.empty()) {
    const int count = output.Gather(vectors, 16);
    size_t sum = 0;
    for (int i = 0; i < count; ++i) {
      bytes.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
      sum += vectors[i].iov_len;
    }
    output.Consume(sum);
  }
  return bytes;
}

std::string Write(Protocol protocol, const std::function<void(ReplyWriter&)>& write) {
  Output output;
  ReplyWriter writer(output, protocol);
  write(writer);
  return TakeAll(output);
}

void Expect(const std::function<void(ReplyWriter&)>& write, const std::string& resp2, const std::string& resp3) {
  EXPECT_EQ(Write(Protocol::kResp2, write), resp2);
  EXPECT_EQ(Write(Protocol::kResp3, write), resp3);
}

void ExpectBoth(const std::function<void(ReplyWriter&)>& write, const std::string& bytes) {
  Expect(write, bytes, bytes);
}

TEST(ReplyWriterTest, SimpleRepliesAreTheSameInBoth) {
  ExpectBoth([](ReplyWriter& w) { w.Ok(); }, "+OK\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Simple("PONG"); }, "+PONG\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Integer(-42); }, ":-42\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Bulk("hello"); }, "$5\r\nhello\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Bulk(""); }, "$0\r\n\r\n");
  ExpectBoth([](ReplyWriter& w) { w.BulkInteger(INT64_MIN); }, "$20\r\n-9223372036854775808\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Array(3); }, "*3\r\n");
}

TEST(ReplyWriterTest, TypesOfResp3HaveAFormInResp2) {
  Expect([](ReplyWriter& w) { w.Null(); }, "$-1\r\n", "_\r\n");
  Expect([](ReplyWriter& w) { w.NullArray(); }, "*-1\r\n", "_\r\n");
  Expect([](ReplyWriter& w) { w.Map(2); }, "*4\r\n", "%2\r\n");
  Expect([](ReplyWriter& w) { w.Set(2); }, "*2\r\n", "~2\r\n");
  Expect([](ReplyWriter& w) { w.Double(1.5); }, "$3\r\n1.5\r\n", ",1.5\r\n");
  Expect([](ReplyWriter& w) { w.Double(0.1); }, "$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n");
  Expect([](ReplyWriter& w) { w.Double(-INFINITY); }, "$4\r\n-inf\r\n", ",-inf\r\n");
  Expect([](ReplyWriter& w) { w.Double(NAN); }, "$3\r\nnan\r\n", ",nan\r\n");
  Expect([](ReplyWriter& w) { w.Boolean(true); }, ":1\r\n", "#t\r\n");
  Expect([](ReplyWriter& w) { w.Boolean(false); }, ":0\r\n", "#f\r\n");
}

TEST(ReplyWriterTest, AnErrorIsOneLineAndCounted) {
  Output output;
  ReplyWriter writer(output, Protocol::kResp2);
  EXPECT_FALSE(writer.has_error());
  writer.Error("ERR bad\r\nthing\n");
  EXPECT_EQ(TakeAll(output), "-ERR bad  thing \r\n");
  EXPECT_TRUE(writer.has_error());
  EXPECT_EQ(writer.error_code(), "ERR");
  writer.Error("WRONGTYPE");
  EXPECT_EQ(writer.error_code(), "WRONGTYPE");
  EXPECT_EQ(writer.error_count(), 2u);
  writer.Error(std::string(500, 'E') + " x");
  EXPECT_EQ(writer.error_code(), std::string(31, 'E'));
  writer.Reset();
  EXPECT_FALSE(writer.has_error());
  EXPECT_EQ(writer.error_code(), "");
}

TEST(ReplyWriterTest, BulksOfEverySizeAroundTheChunks) {
  Output output;
  ReplyWriter writer(output, Protocol::kResp3);
  std::string expected;
  for (size_t size_bytes = 0; size_bytes < 3 * kChunkBytes; size_bytes += 1 + size_bytes / 3) {
    const std::string bytes(size_bytes, 'v');
    writer.Bulk(bytes);
    expected += "$" + std::to_string(size_bytes) + "\r\n" + bytes + "\r\n";
  }
  EXPECT_TRUE(TakeAll(output) == expected);
}

TEST(ReplyWriterTest, ABlockIsSentByReference) {
  BlockRef block(Block::TryCreate(10));
  std::memcpy(block->data(), "0123456789", 10);
  ExpectBoth([&](ReplyWriter& w) { w.BulkBlock(block); }, "$10\r\n0123456789\r\n");
  ExpectBoth([&](ReplyWriter& w) { w.BulkBlockRange(block, 3, 4); }, "$4\r\n3456\r\n");
  ExpectBoth([&](ReplyWriter& w) { w.BulkBlockRange(block, 3, 0); }, "$0\r\n\r\n");
  EXPECT_FALSE(block->is_shared());
}

TEST(DecimalTest, WritesWhatTheLibraryWrites) {
  char place[kMaxDecimalBytes];
  for (int shift = 0; shift < 64; ++shift) {
    for (int64_t delta = -12; delta <= 12; ++delta) {
      const auto value = static_cast<int64_t>((uint64_t{1} << shift) + static_cast<uint64_t>(delta));
      EXPECT_EQ(std::string(place, WriteSignedDecimal(place, value)), std::to_string(value));
    }
  }
  for (int64_t power = 1; power < INT64_MAX / 10; power *= 10) {
    EXPECT_EQ(std::string(place, WriteSignedDecimal(place, power - 1)), std::to_string(power - 1));
    EXPECT_EQ(std::string(place, WriteSignedDecimal(place, -power)), std::to_string(-power));
  }
  EXPECT_EQ(std::string(place, WriteDecimal(place, UINT64_MAX)), "18446744073709551615");
}

}  // namespace
}  // namespace distcache::resp
