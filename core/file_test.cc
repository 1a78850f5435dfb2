#include "core/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace podwright {
namespace {

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-file-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const char* name) const { return (folder_ / name).string(); }
  static std::string Content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static mode_t Mode(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }

  std::filesystem::path folder_;
};

TEST_F(FileTest, AReplacedFileHasItsContentAndItsModeAndNothingIsLeftBeside) {
  std::ofstream(Path("a.new")) << "left over by a crash";
  const mode_t before = ::umask(077);
  const Status replaced = ReplaceFile(Path("a"), "one", 0644);
  ::umask(before);
  ASSERT_TRUE(replaced.ok()) << replaced.error().ToString();
  EXPECT_EQ(Mode(Path("a")), 0644U);
  ASSERT_TRUE(ReplaceFile(Path("a"), "two", 0600).ok());
  EXPECT_EQ(Content(Path("a")), "two");
  EXPECT_EQ(Mode(Path("a")), 0600U);
  EXPECT_FALSE(std::filesystem::exists(Path("a.new")));
}

TEST_F(FileTest, ALinkInTheFilesPlaceIsReplacedAndNotFollowed) {
  std::ofstream(Path("other")) << "other";
  std::filesystem::create_symlink(Path("other"), Path("a"));
  std::filesystem::create_symlink(Path("other"), Path("a.new"));
  ASSERT_TRUE(ReplaceFile(Path("a"), "new", 0600).ok());
  EXPECT_EQ(Content(Path("other")), "other");
  EXPECT_FALSE(std::filesystem::is_symlink(Path("a")));
}

TEST_F(FileTest, WhatCannotBeReplacedStaysAndTheErrorNamesIt) {
  std::filesystem::create_directory(Path("folder"));
  const Status refused = ReplaceFile(Path("folder"), "x", 0600);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find(Path("folder")), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(Path("folder.new")));
  EXPECT_EQ(ReplaceFile(Path("nowhere/a"), "x", 0600).error().code(), ErrorCode::kNotFound);
}

TEST_F(FileTest, ReadingEndsAtTheLimit) {
  const std::string text(200'000, 'x');
  std::ofstream(Path("a")) << text;
  const FileHandle whole(::open(Path("a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(*ReadAll(whole.get(), "a", text.size()), text);
  const FileHandle again(::open(Path("a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(ReadAll(again.get(), "a", text.size() - 1).error().code(), ErrorCode::kResourceExhausted);
}

TEST_F(FileTest, AHandleThatIsReplacedClosesTheOneBefore) {
  FileHandle handle(::open(Path("a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(handle.open());
  const int first = handle.get();
  FileHandle other(::open(Path("b").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  handle = std::move(other);
  EXPECT_EQ(::fcntl(first, F_GETFD), -1);
  EXPECT_TRUE(WriteSynced(handle.get(), "text", "b").ok());
  errno = ENOSPC;
  handle.Close();
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(Content(Path("b")), "text");
}

}  // namespace
}  // namespace podwright
