// A mapping is read whole, out-of-range copies are refused, and a file truncated while mapped is reported, not a crash.
#include "port/mapping.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "port/file.h"

namespace distcache::port {
namespace {

class MappingTest : public testing::Test {
 protected:
  MappingTest() {
    path_ = testing::TempDir() + "mapping_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  ~MappingTest() override { std::filesystem::remove(path_); }

  void WriteFile(const std::string& bytes) {
    Result<File> file = File::CreateForWriting(path_);
    ASSERT_TRUE(file.ok()) << file.status().message();
    ASSERT_TRUE(file.value().Write(bytes).ok());
    ASSERT_TRUE(file.value().Close().ok());
  }

  std::string path_;
};

std::string Pattern(size_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  for (size_t i = 0; i < size_bytes; ++i) bytes[i] = static_cast<char>(i * 31 + i / 4096);
  return bytes;
}

TEST_F(MappingTest, CopiesWhatTheFileHolds) {
  const std::string bytes = Pattern(300'000);
  WriteFile(bytes);
  Result<Mapping> mapping = Mapping::OpenForReading(path_);
  ASSERT_TRUE(mapping.ok()) << mapping.status().message();
  ASSERT_EQ(mapping.value().size_bytes(), bytes.size());
  std::string copy(bytes.size(), '\0');
  ASSERT_TRUE(mapping.value().CopyOut(copy.data(), 0, copy.size()));
  EXPECT_EQ(copy, bytes);
  std::string part(5000, '\0');
  mapping.value().WillNeed(123'456, part.size());
  ASSERT_TRUE(mapping.value().CopyOut(part.data(), 123'456, part.size()));
  EXPECT_EQ(part, bytes.substr(123'456, part.size()));
  mapping.value().DontNeed(0, bytes.size());
  ASSERT_TRUE(mapping.value().CopyOut(part.data(), 0, part.size()));
  EXPECT_EQ(part, bytes.substr(0, part.size()));
}

TEST_F(MappingTest, RefusesRangesOutsideTheFile) {
  WriteFile(Pattern(100));
  Result<Mapping> mapping = Mapping::OpenForReading(path_);
  ASSERT_TRUE(mapping.ok());
  char byte[200];
  EXPECT_FALSE(mapping.value().CopyOut(byte, 0, 101));
  EXPECT_FALSE(mapping.value().CopyOut(byte, 101, 0));
  EXPECT_FALSE(mapping.value().CopyOut(byte, UINT64_MAX, 1));
  EXPECT_FALSE(mapping.value().CopyOut(byte, 50, SIZE_MAX));
  EXPECT_TRUE(mapping.value().CopyOut(byte, 99, 1));
  EXPECT_TRUE(mapping.value().CopyOut(byte, 100, 0));
}

TEST_F(MappingTest, ReportsAFileThatWasTruncatedWhileMapped) {
  const std::string bytes = Pattern(64 * 4096);
  WriteFile(bytes);
  Result<Mapping> mapping = Mapping::OpenForReading(path_);
  ASSERT_TRUE(mapping.ok());
  std::filesystem::resize_file(path_, 8 * 4096);
  std::string copy(bytes.size(), '\0');
  EXPECT_FALSE(mapping.value().CopyOut(copy.data(), 0, bytes.size()));
  EXPECT_FALSE(mapping.value().CopyOut(copy.data(), 32 * 4096, 1));
  EXPECT_TRUE(mapping.value().CopyOut(copy.data(), 0, 8 * 4096));
  EXPECT_EQ(copy.substr(0, 8 * 4096), bytes.substr(0, 8 * 4096));
}

TEST_F(MappingTest, AnEmptyFileIsAnEmptyMapping) {
  WriteFile("");
  Result<Mapping> mapping = Mapping::OpenForReading(path_);
  ASSERT_TRUE(mapping.ok());
  EXPECT_EQ(mapping.value().size_bytes(), 0u);
  char byte;
  EXPECT_TRUE(mapping.value().CopyOut(&byte, 0, 0));
  EXPECT_FALSE(mapping.value().CopyOut(&byte, 0, 1));
}

TEST_F(MappingTest, AMissingFileIsNotFound) {
  Result<Mapping> mapping = Mapping::OpenForReading(path_ + "_missing");
  ASSERT_FALSE(mapping.ok());
  EXPECT_EQ(mapping.status().code(), StatusCode::kNotFound);
  EXPECT_NE(mapping.status().message().find("_missing"), std::string_view::npos);
}

TEST(GuardedCopyTest, ReportsAnAddressThatIsNotMapped) {
  char byte = 0;
  EXPECT_FALSE(GuardedCopy(&byte, nullptr, 1));
  const std::string text = "here";
  std::string copy(4, '\0');
  EXPECT_TRUE(GuardedCopy(copy.data(), text.data(), 4));
  EXPECT_EQ(copy, text);
}

}  // namespace
}  // namespace distcache::port
