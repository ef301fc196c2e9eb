// What is written comes out in order, whole, whatever the sizes of pieces and of the sends.
#include "resp/output.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "port/vectored.h"

namespace distcache::resp {
namespace {

// Sends at most max_bytes of what Gather gives, as a socket that takes little would.
std::string SendSome(Output& output, size_t max_bytes, int max_vectors) {
  iovec vectors[8];
  const int count = output.Gather(vectors, std::min(max_vectors, 8));
  std::string sent;
  for (int i = 0; i < count && sent.size() < max_bytes; ++i) {
    const size_t part = std::min(vectors[i].iov_len, max_bytes - sent.size());
    sent.append(static_cast<const char*>(vectors[i].iov_base), part);
  }
  output.Consume(sent.size());
  return sent;
}

std::string SendAll(Output& output) {
  std::string sent;
  while (!output.empty()) sent += SendSome(output, SIZE_MAX, 8);
  return sent;
}

BlockRef MakeBlock(std::string_view bytes) {
  BlockRef block(Block::TryCreate(bytes.size()));
  std::memcpy(block->data(), bytes.data(), bytes.size());
  return block;
}

TEST(OutputTest, AChunkStaysWhileAnEarlierPieceHasBytesInIt) {
  ChunkPool pool;
  Output output(&pool);
  const std::string whole(kChunkBytes, 'w');
  output.Append(whole);  // fills the chunk
  output.AppendBlock(MakeBlock("block"), 0, 5);
  const size_t mark = output.Mark();
  output.Append("next chunk");         // the full one is closed with nothing unsent behind the block
  char* const taken = pool.TryTake();  // would be the first chunk had it been let go
  std::memset(taken, 'X', kChunkBytes);
  output.CutBack(mark);
  EXPECT_TRUE(SendAll(output) == whole + "block");
  pool.Give(taken);
}

TEST(OutputTest, KeepsOrderAcrossChunksAndBlocks) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  ChunkPool pool;
  Output output(&pool);
  std::string expected;
  std::string sent;
  for (int i = 0; i < 3000; ++i) {
    const size_t size_bytes = random() % 20 == 0 ? random() % 40000 : random() % 100;
    const std::string bytes(size_bytes, static_cast<char>('a' + i % 26));
    switch (random() % 4) {
      case 0:
        output.Append(bytes);
        expected += bytes;
        break;
      case 1: {
        const std::string part = bytes.substr(0, kMaxPrepareBytes);
        if (!part.empty()) std::memcpy(output.Prepare(part.size()), part.data(), part.size());
        output.Advance(part.size());
        expected += part;
        break;
      }
      case 2: {
        const size_t offset = bytes.size() / 3;
        output.AppendBlock(MakeBlock(bytes), offset, bytes.size() - offset);
        expected += bytes.substr(offset);
        break;
      }
      case 3:
        sent += SendSome(output, random() % 30000, 1 + static_cast<int>(random() % 5));
        break;
    }
    ASSERT_EQ(sent.size() + output.size_bytes(), expected.size());
  }
  sent += SendAll(output);
  EXPECT_TRUE(sent == expected);
  EXPECT_FALSE(output.failed());
}

TEST(OutputTest, CutBackLeavesWhatStoodBeforeTheMark) {
  Output output;
  output.Append("before");
  output.AppendBlock(MakeBlock("block"), 0, 5);
  output.Append("!");
  const size_t mark = output.Mark();
  output.CutBack(mark);
  output.Append(std::string(50000, 'x'));
  output.AppendBlock(MakeBlock(std::string(20000, 'y')), 10, 100);
  output.Append("z");
  output.CutBack(mark);
  output.Append("after");
  output.CutBack(mark + 2);
  EXPECT_EQ(SendAll(output), "beforeblock!af");
}

TEST(OutputTest, CutBackIntoAClosedChunk) {
  Output output;
  const std::string first(30000, 'a');
  output.Append(first);
  output.Append(std::string(30000, 'b'));
  output.CutBack(25000);
  output.Append("c");
  EXPECT_TRUE(SendAll(output) == first.substr(0, 25000) + "c");
}

TEST(OutputTest, ASentBlockIsLetGo) {
  const BlockRef block = MakeBlock("abc");
  Output output;
  output.AppendBlock(block, 0, 3);
  output.Append("tail");
  EXPECT_TRUE(block->is_shared());
  output.Consume(2);
  EXPECT_TRUE(block->is_shared());
  output.Consume(1);
  EXPECT_FALSE(block->is_shared());
  output.AppendBlock(block, 0, 3);
  output.Clear();
  EXPECT_FALSE(block->is_shared());
  EXPECT_TRUE(output.empty());
}

TEST(OutputTest, AReaderThatNeverCatchesUpIsServedInOrder) {
  Output output;
  std::string expected;
  std::string sent;
  for (int i = 0; i < 5000; ++i) {
    const std::string bytes = std::to_string(i) + ",";
    output.AppendBlock(MakeBlock(bytes), 0, bytes.size());
    expected += bytes;
    if (i > 10) sent += SendSome(output, 5, 2);
  }
  sent += SendAll(output);
  EXPECT_EQ(sent, expected);
}

TEST(OutputTest, BeyondItsLimitItFailsAndKeepsNothing) {
  ChunkPool pool;
  Output output(&pool);
  output.SetLimit(10 * kChunkBytes);
  for (int i = 0; i < 100; ++i) output.AppendBlock(MakeBlock(std::string(kChunkBytes, 'b')), 0, kChunkBytes);
  EXPECT_FALSE(output.failed());
  const std::string bytes(1000, 'x');
  size_t appended = 0;
  for (; !output.failed() && appended < 100 * kChunkBytes; appended += bytes.size()) output.Append(bytes);
  EXPECT_TRUE(output.failed());
  EXPECT_GE(appended, 10 * kChunkBytes);
  EXPECT_LE(appended, 12 * kChunkBytes);
  for (int i = 0; i < 100; ++i) {
    std::memset(output.Prepare(kMaxPrepareBytes), 'x', kMaxPrepareBytes);
    output.Advance(kMaxPrepareBytes);
    output.Append(bytes);
    output.AppendBlock(MakeBlock(bytes), 0, 1);
  }
  output.CutBack(0);
  iovec vectors[8];
  EXPECT_EQ(output.Gather(vectors, 8), 0);
  output.Clear();
  EXPECT_FALSE(output.failed());
  output.Append("again");
  EXPECT_EQ(SendAll(output), "again");
}

TEST(ChunkPoolTest, GivesBackWhatItWasGiven) {
  ChunkPool pool;
  char* chunk = pool.TryTake();
  ASSERT_NE(chunk, nullptr);
  pool.Give(chunk);
  EXPECT_EQ(pool.TryTake(), chunk);
  pool.Give(chunk);
  std::vector<char*> chunks;
  for (int i = 0; i < 200; ++i) chunks.push_back(pool.TryTake());
  for (char* taken : chunks) pool.Give(taken);
}

}  // namespace
}  // namespace distcache::resp
