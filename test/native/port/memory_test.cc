// The resident size is in bytes, and moves when memory is touched; the clocks run forward.
#include "port/memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "port/clock.h"

namespace distcache::port {
namespace {

TEST(MemoryTest, ResidentBytesGrowWithWhatIsTouched) {
  constexpr size_t kBytes = 64 << 20;
  const uint64_t before = ResidentBytes();
  EXPECT_GT(before, 100'000u);
  const std::unique_ptr<char[]> memory(new char[kBytes]);
  std::memset(memory.get(), 1, kBytes);
  EXPECT_GT(ResidentBytes(), before + kBytes / 2);
  EXPECT_GT(MachineMemoryBytes(), ResidentBytes());
  TrimHeap();
}

TEST(ClockTest, TimesAreOfThisCenturyAndRunForward) {
  EXPECT_GT(UnixTimeMs(), 1'600'000'000'000);
  const uint64_t first = MonotonicTimeNs();
  EXPECT_GE(MonotonicTimeNs(), first);
  EXPECT_GE(MonotonicTimeMs(), first / 1'000'000);
}

}  // namespace
}  // namespace distcache::port
