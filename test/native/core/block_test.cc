// Blocks: sizes, room to grow, and the end of the memory with the last reference.
#include "core/block.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace distcache {
namespace {

TEST(Block, SharesItsBytesUntilTheLastReference) {
  BlockRef first(Block::TryCreate(5));
  std::memcpy(first->data(), "hello", 5);
  EXPECT_FALSE(first->is_shared());
  BlockRef second = first;
  EXPECT_TRUE(first->is_shared());
  first = BlockRef();
  EXPECT_EQ(second->view(), "hello");
  EXPECT_FALSE(second->is_shared());
}

TEST(Block, GrowsInPlaceWithinItsRoom) {
  BlockRef block(Block::TryCreateWithRoom(3, 10));
  EXPECT_EQ(block->size(), 3u);
  EXPECT_EQ(block->capacity(), 10u);
  block->set_size(10);
  EXPECT_EQ(block->view().size(), 10u);
  EXPECT_GE(block->footprint_bytes(), 10 + sizeof(Block));
}

TEST(Block, RefusesWhatCannotBeHad) {
  EXPECT_EQ(Block::TryCreate(SIZE_MAX), nullptr);
  EXPECT_EQ(Block::TryCreate(SIZE_MAX / 2), nullptr);
}

TEST(Block, IsReleasedFromManyThreads) {
  BlockRef block(Block::TryCreate(1000));
  std::memset(block->data(), 'x', 1000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = block] {
      for (int round = 0; round < 1000; ++round) {
        BlockRef another = copy;
        EXPECT_EQ(another->view()[999], 'x');
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(block->is_shared());
}

}  // namespace
}  // namespace distcache
