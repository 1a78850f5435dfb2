#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/host/real_files.h"
#include "agent/host/real_machine.h"

namespace podwright::host {
namespace {

class RealHost : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-host-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::filesystem::create_directory(root_ + "/etc");
    me_ = accounts_.UserName(::getuid());
    my_group_ = accounts_.GroupName(::getgid());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  FileAttributes Mine(std::uint32_t mode) const { return {mode, me_, my_group_}; }

  std::string root_;
  std::string me_;
  std::string my_group_;
  Accounts accounts_;
};

TEST_F(RealHost, WrittenFileHasContentModeAndNothingBesideIt) {
  RealFiles files(accounts_, root_);
  ASSERT_TRUE(files.Write("/etc/motd", "hello", Mine(0640)).ok());
  const auto stat = files.Stat("/etc/motd");
  ASSERT_TRUE(stat.ok() && stat->has_value());
  EXPECT_EQ((*stat)->mode, 0640U);
  EXPECT_EQ((*stat)->owner, me_);
  EXPECT_EQ(*files.Read("/etc/motd", 100), "hello");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_ + "/etc"), {}), 1);
}

TEST_F(RealHost, LeftoverOfAKilledWriterIsReplaced) {
  RealFiles files(accounts_, root_);
  ASSERT_TRUE(files.Write("/etc/motd", "one", Mine(0644)).ok());
  // What a writer that was killed before its rename leaves.
  std::filesystem::rename(root_ + "/etc/motd", root_ + "/etc/.podwright-0000000000000000");
  ASSERT_TRUE(files.Write("/etc/motd", "two", Mine(0644)).ok());
  ASSERT_TRUE(files.Write("/etc/motd", "three", Mine(0644)).ok());
  EXPECT_EQ(*files.Read("/etc/motd", 100), "three");
}

TEST_F(RealHost, SymbolicLinkIsNeitherReadNorWrittenThrough) {
  RealFiles files(accounts_, root_);
  ASSERT_TRUE(files.Write("/etc/secret", "keep", Mine(0600)).ok());
  ASSERT_EQ(::symlink("secret", (root_ + "/etc/link").c_str()), 0);
  EXPECT_FALSE(files.Write("/etc/link", "other", Mine(0644)).ok());
  EXPECT_FALSE(files.Read("/etc/link", 100).ok());
  EXPECT_FALSE(files.SetAttributes("/etc/link", Mine(0644)).ok());
  EXPECT_EQ((*files.Stat("/etc/link"))->type, FileType::kSymlink);
  EXPECT_EQ(*files.Read("/etc/secret", 100), "keep");
  EXPECT_EQ((*files.Stat("/etc/secret"))->mode, 0600U);
}

TEST_F(RealHost, ALinkedFolderIsFollowedOnlyWhereNobodyElseCouldHaveMadeIt) {
  RealFiles files(accounts_, root_);
  std::filesystem::create_directory(root_ + "/real");
  std::filesystem::create_directory(root_ + "/open");
  ASSERT_EQ(::symlink("real", (root_ + "/ours").c_str()), 0);
  ASSERT_EQ(::symlink("../real", (root_ + "/open/theirs").c_str()), 0);
  ASSERT_EQ(::chmod((root_ + "/open").c_str(), 0777), 0);
  EXPECT_TRUE(files.Write("/ours/x", "x", Mine(0644)).ok());
  EXPECT_FALSE(files.Write("/open/theirs/y", "y", Mine(0644)).ok());
  EXPECT_FALSE(files.Read("/open/theirs/x", 10).ok());
  EXPECT_FALSE(files.EnsureFolder("/open/theirs", Mine(0700)).ok());
}

TEST_F(RealHost, ChangedContentHasAnotherStamp) {
  RealFiles files(accounts_, root_);
  ASSERT_TRUE(files.Write("/etc/a", "x", Mine(0644)).ok());
  const std::string before = (*files.Stat("/etc/a"))->stamp;
  ASSERT_TRUE(files.Write("/etc/a", "y", Mine(0644)).ok());
  EXPECT_NE((*files.Stat("/etc/a"))->stamp, before);
}

TEST_F(RealHost, PathsThatAreNotNormalisedAreRefused) {
  RealFiles files(accounts_, root_);
  for (const char* path : {"", "/", "etc/x", "/etc/../x", "/etc//x", "/etc/./x", "/etc/", "/etc/.."}) {
    EXPECT_FALSE(files.Write(path, "x", Mine(0644)).ok()) << path;
    EXPECT_FALSE(files.Remove(path).ok()) << path;
  }
}

TEST_F(RealHost, UnknownOwnerIsAnErrorAndLeavesNothing) {
  RealFiles files(accounts_, root_);
  EXPECT_FALSE(files.Write("/etc/a", "x", {0644, "nobody-of-that-name", my_group_}).ok());
  EXPECT_FALSE((*files.Stat("/etc/a")).has_value());
}

TEST_F(RealHost, FoldersAreMadeOutermostFirstAndRemovedOnlyWhenEmpty) {
  RealFiles files(accounts_, root_);
  const auto made = files.MakeFolders("/srv/app/conf");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(*made, (std::vector<std::string>{"/srv", "/srv/app", "/srv/app/conf"}));
  EXPECT_TRUE(files.MakeFolders("/srv/app/conf")->empty());
  ASSERT_TRUE(files.Write("/srv/app/conf/x", "x", Mine(0644)).ok());
  EXPECT_TRUE(files.RemoveEmptyFolder("/srv/app/conf").ok());
  EXPECT_TRUE((*files.Stat("/srv/app/conf")).has_value());
  EXPECT_TRUE(files.Remove("/srv/app/conf/x").ok());
  EXPECT_TRUE(files.RemoveEmptyFolder("/srv/app/conf").ok());
  EXPECT_FALSE((*files.Stat("/srv/app/conf")).has_value());
}

TEST_F(RealHost, RemovingWhatIsNotThereIsNoErrorAndAFolderIsRefused) {
  RealFiles files(accounts_, root_);
  EXPECT_TRUE(files.Remove("/etc/none").ok());
  EXPECT_FALSE(files.Remove("/etc").ok());
}

TEST_F(RealHost, AFileBeyondTheLimitIsNotRead) {
  RealFiles files(accounts_, root_);
  ASSERT_TRUE(files.Write("/etc/a", std::string(5000, 'x'), Mine(0644)).ok());
  EXPECT_EQ(files.Read("/etc/a", 4999).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_TRUE(files.Read("/etc/a", 5000).ok());
}

TEST_F(RealHost, AccountsAreReadFromTheirFilesAndReadAgainWhenTheyChange) {
  const std::string passwd = root_ + "/etc/passwd";
  const std::string group = root_ + "/etc/group";
  std::ofstream(passwd) << "root:x:0:0:root:/root:/bin/bash\nbroken line\napp:x:1001:1002:,,,:/home/app:/bin/sh\n";
  std::ofstream(group) << "root:x:0:\nsudo:x:27:app,other\napp:x:1002:\nadm:x:4:app\n";
  Accounts accounts(passwd, group);
  LocalUsers users(accounts);
  const auto found = users.Find({"app", "none"});
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->at("app").uid, 1001U);
  EXPECT_EQ(found->at("app").primary_group, "app");
  EXPECT_EQ(found->at("app").groups, (std::vector<std::string>{"adm", "sudo"}));
  EXPECT_EQ(accounts.UserName(4711), "4711");
  std::ofstream(passwd, std::ios::app) << "late:x:1003:1002::/home/late:/bin/sh\n";
  EXPECT_EQ(users.Find({"late"})->size(), 1U);
}

TEST_F(RealHost, KernelParametersLoseTabsAndKeepNoLineEnd) {
  std::filesystem::create_directories(root_ + "/net/ipv4");
  std::ofstream(root_ + "/net/ipv4/tcp_rmem") << "4096\t131072\t6291456\n";
  ProcSysctls sysctls(root_);
  EXPECT_EQ(*sysctls.Get("net.ipv4.tcp_rmem"), std::optional<std::string>("4096 131072 6291456"));
  EXPECT_EQ(*sysctls.Get("net.ipv4.none"), std::nullopt);
  EXPECT_FALSE(sysctls.Get("net..ipv4").ok());
  EXPECT_FALSE(sysctls.Get("net/ipv4").ok());
  ASSERT_TRUE(sysctls.Set("net.ipv4.tcp_rmem", "1 2 3").ok());
}

TEST(ParseShow, BlocksBelongToTheUnitsInTheirOrder) {
  const auto states = ParseShow(
      "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nInvocationID=abc\n"
      "ActiveExitTimestampMonotonic=10\nActiveEnterTimestampMonotonic=20\n\n"
      "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nInvocationID=\n",
      {"ssh.service", "none.service"});
  ASSERT_TRUE(states.ok());
  EXPECT_TRUE(states->at("ssh.service").Active());
  EXPECT_TRUE(states->at("ssh.service").Enabled());
  EXPECT_EQ(states->at("ssh.service").invocation_id, "abc");
  EXPECT_EQ(states->at("ssh.service").started_us, 20);
  EXPECT_EQ(states->at("none.service").load_state, "not-found");
  EXPECT_FALSE(states->at("none.service").Enabled());
  EXPECT_FALSE(ParseShow("LoadState=loaded\n", {"a.service", "b.service"}).ok());
}

}  // namespace
}  // namespace podwright::host
