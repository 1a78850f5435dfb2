// What the CLI reads out of a local clone. The clone is made by the program git.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/git_tree.h"
#include "core/process.h"

namespace podwright::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class GitCloneTest : public ::testing::Test {
 protected:
  GitCloneTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-clone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Git({"init", "-q", "-b", "main"});
  }
  ~GitCloneTest() override { std::filesystem::remove_all(folder_); }

  void Git(std::vector<std::string> arguments) {
    ProcessRequest request;
    request.argv = {"git", "-C", folder_.string(), "-c", "user.name=a", "-c", "user.email=a@b"};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    request.env = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_SYSTEM", "/dev/null"}};
    const auto out = RunForOutput(request);
    ASSERT_TRUE(out.ok()) << out.error().ToString();
  }
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  void Commit() {
    Git({"add", "-A"});
    Git({"commit", "-q", "--allow-empty", "-m", "x"});
  }
  GitClone Clone() const { return GitClone(folder_.string()); }

  std::filesystem::path folder_;
};

TEST_F(GitCloneTest, FilesOfAFolderComeAsTheyWereCommitted) {
  Write("prod/b.yaml", "b\n\nb");
  Write("prod/a.yml", "");
  Write("prod/.x/c.yaml", "c");
  Write("prod/notes", "n");
  Write("production/d.yaml", "d");
  Commit();
  Write("prod/b.yaml", "not committed");
  const auto files = Clone().Read("main", "prod");
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  ASSERT_THAT(*files, SizeIs(2));
  EXPECT_EQ(files->at(0).file, "prod/a.yml");
  EXPECT_EQ(files->at(0).text, "");
  EXPECT_EQ(files->at(1).text, "b\n\nb");
  EXPECT_THAT(Clone().Read("main", "").value(), SizeIs(3));
}

TEST_F(GitCloneTest, LinksAreRefused) {
  std::filesystem::create_symlink("/etc/passwd", folder_ / "a.yaml");
  Commit();
  EXPECT_THAT(Clone().Read("main", "").error().ToString(), HasSubstr("a.yaml: symbolic links"));
}

TEST_F(GitCloneTest, AMergeIsMadeWithoutTouchingAnythingAndAConflictNamesItsFiles) {
  Write("a.yaml", "1\n");
  Commit();
  Git({"checkout", "-q", "-b", "side"});
  Write("b.yaml", "2\n");
  Commit();
  Git({"checkout", "-q", "main"});
  Write("c.yaml", "3\n");
  Commit();
  const auto tree = Clone().Merged(Clone().Resolve("main").value(), Clone().Resolve("side").value());
  ASSERT_TRUE(tree.ok()) << tree.error().ToString();
  EXPECT_THAT(Clone().Read(*tree, "").value(), SizeIs(3));
  Git({"checkout", "-q", "side"});
  Write("a.yaml", "side\n");
  Commit();
  Git({"checkout", "-q", "main"});
  Write("a.yaml", "main\n");
  Commit();
  const auto conflict = Clone().Merged("main", "side");
  EXPECT_EQ(conflict.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(conflict.error().ToString(), AllOf(HasSubstr("a.yaml"), HasSubstr("rebase")));
}

TEST_F(GitCloneTest, WhatIsNoReferenceIsSaid) {
  Commit();
  EXPECT_THAT(Clone().Resolve("nowhere").error().ToString(), HasSubstr("there is no commit nowhere"));
  EXPECT_FALSE(Clone().Resolve("--all").ok());
  EXPECT_FALSE(GitClone("/nonexistent").Resolve("main").ok());
}

}  // namespace
}  // namespace podwright::cli
