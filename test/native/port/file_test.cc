// Files are written and read whole, in pieces and at offsets; errors name the path.
#include "port/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "port/random.h"

namespace distcache::port {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() { path_ = testing::TempDir() + "file_" + testing::UnitTest::GetInstance()->current_test_info()->name(); }
  ~FileTest() override { std::filesystem::remove(path_); }

  std::string ReadAll() {
    Result<File> file = File::OpenForReading(path_);
    EXPECT_TRUE(file.ok()) << file.status().message();
    std::string bytes(file.value().SizeBytes().value(), '\0');
    EXPECT_EQ(file.value().ReadAt(bytes.data(), bytes.size(), 0).value(), bytes.size());
    return bytes;
  }

  std::string path_;
};

TEST_F(FileTest, WritesManyPiecesInOrder) {
  std::vector<std::string> pieces;
  for (int i = 0; i < 3000; ++i)
    pieces.push_back(std::string(static_cast<size_t>(i % 7), static_cast<char>('a' + i % 26)));
  std::string expected;
  for (const std::string& piece : pieces) expected += piece;
  Result<File> file = File::CreateForWriting(path_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file.value().WriteAll(std::vector<std::string_view>(pieces.begin(), pieces.end())).ok());
  ASSERT_TRUE(file.value().Write("end").ok());
  ASSERT_TRUE(file.value().SyncData().ok());
  ASSERT_TRUE(file.value().Close().ok());
  EXPECT_EQ(ReadAll(), expected + "end");
}

TEST_F(FileTest, WriteAtLeavesThePosition) {
  Result<File> file = File::CreateForWriting(path_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file.value().Write("0123456789").ok());
  ASSERT_TRUE(file.value().WriteAt("ab", 3).ok());
  ASSERT_TRUE(file.value().Write("xyz").ok());
  EXPECT_EQ(ReadAll(), "012ab56789xyz");
}

TEST_F(FileTest, ReadingBeyondTheEndIsShort) {
  Result<File> file = File::CreateForWriting(path_);
  ASSERT_TRUE(file.value().Write("abc").ok());
  char bytes[10];
  EXPECT_EQ(file.value().ReadAt(bytes, 10, 1).value(), 2u);
  EXPECT_EQ(file.value().ReadAt(bytes, 10, 100).value(), 0u);
}

TEST_F(FileTest, CreatingEmptiesTheOldFileForItsOwnerOnly) {
  ASSERT_TRUE(File::CreateForWriting(path_).value().Write("old").ok());
  ASSERT_TRUE(File::CreateForWriting(path_).ok());
  EXPECT_EQ(ReadAll(), "");
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path_).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(FileTest, RenamesRemovesAndSyncsTheDirectory) {
  ASSERT_TRUE(File::CreateForWriting(path_ + ".temporary").value().Write("new").ok());
  ASSERT_TRUE(RenameFile(path_ + ".temporary", path_).ok());
  EXPECT_TRUE(SyncDirectory(testing::TempDir()).ok());
  EXPECT_EQ(ReadAll(), "new");
  EXPECT_TRUE(RemoveFile(path_).ok());
  EXPECT_EQ(RemoveFile(path_).code(), StatusCode::kNotFound);
}

TEST_F(FileTest, AnErrorSaysWhatWasTriedOnWhich) {
  const Result<File> file = File::OpenForReading(path_ + "_missing");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().os_error(), ENOENT);
  EXPECT_EQ(file.status().message(), "cannot open " + path_ + "_missing: No such file or directory");
}

TEST(RandomTest, FillsEveryByteWithSomethingElse) {
  std::string first(1000, '\0');
  std::string second(1000, '\0');
  FillRandom(first.data(), first.size());
  FillRandom(second.data(), second.size());
  EXPECT_NE(first, second);
  EXPECT_NE(first.substr(900), std::string(100, '\0'));
}

}  // namespace
}  // namespace distcache::port
