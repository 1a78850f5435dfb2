// Histories and signatures: what may follow the applied commit.
#include <gmock/gmock.h>

#include <filesystem>

#include "reconciler/sources/sources_fixture.h"

namespace podwright::sources {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(SourcesTest, AForcePushIsRefusedAlsoAfterARestartAndWithoutAMirror) {
  const std::string base = repository.Commit("base");
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Git({"reset", "-q", "--hard", base});
  repository.Write("evil.yaml", ServerDocument("evil"));
  repository.Commit("rewritten");
  NextLook();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  EXPECT_THAT(Message(), HasSubstr("rollback"));
  EXPECT_FALSE(Wanted("evil"));
  Restart();
  sources->RunDue();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  std::filesystem::remove_all(repository.folder() / "mirrors");
  Restart();
  sources->RunDue();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  EXPECT_EQ(Applied(), one);
}

TEST_F(SourcesTest, ACommitBehindTheAppliedOneIsRefused) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string two = repository.Commit("two");
  PutSource();
  repository.Git({"reset", "-q", "--hard", one});
  NextLook();
  EXPECT_EQ(Problem(), "CommitBehind");
  EXPECT_EQ(Applied(), two);
  EXPECT_TRUE(Wanted("db"));
  // Back again is no force-push any more.
  repository.Git({"reset", "-q", "--hard", two});
  NextLook();
  EXPECT_EQ(Problem(), "");
}

TEST_F(SourcesTest, ARollbackStaysUntilItIsReleased) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string two = repository.Commit("two");
  NextLook();
  Pin(one.substr(0, 10));
  EXPECT_EQ(Applied(), one);
  EXPECT_FALSE(Wanted("db"));
  EXPECT_EQ(View().pin().actor(), "token:ada");
  repository.Write("more.yaml", ServerDocument("more"));
  const std::string three = repository.Commit("three");
  NextLook();
  EXPECT_EQ(Applied(), one);
  Restart();
  NextLook();
  EXPECT_EQ(Applied(), one);
  EXPECT_EQ(View().pin().reason(), "it broke");
  ASSERT_TRUE(sources->Release("default", "plans").ok());
  sources->RunDue();
  EXPECT_EQ(Applied(), three);
  EXPECT_TRUE(Wanted("db"));
  EXPECT_FALSE(sources->Release("default", "plans").ok());
}

TEST_F(SourcesTest, ARollbackWithoutACommitTakesTheOneBefore) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Write("web.yaml", ServerDocument("web", "two"));
  repository.Commit("two");
  NextLook();
  Pin("");
  EXPECT_EQ(Applied(), one);
}

TEST_F(SourcesTest, ARewrittenBranchIsAcceptedByAPinAndFollowedAfterItsRelease) {
  const std::string base = repository.Commit("base");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  repository.Git({"reset", "-q", "--hard", base});
  repository.Write("web.yaml", ServerDocument("web", "other"));
  const std::string other = repository.Commit("other");
  NextLook();
  ASSERT_EQ(Problem(), "HistoryRewritten");
  Pin(other);
  EXPECT_EQ(Problem(), "");
  ASSERT_TRUE(sources->Release("default", "plans").ok());
  repository.Write("web.yaml", ServerDocument("web", "more"));
  const std::string more = repository.Commit("more");
  sources->RunDue();
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(Applied(), more);
}

TEST_F(SourcesTest, EveryCommitSinceTheAppliedOneMustBeSigned) {
  std::string ada;
  const std::string key = repository.MakeSshKey("ada", &ada);
  (*spec.mutable_verification()->mutable_signers())["ada"].set_ssh_key(ada);
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("unsigned history before");
  repository.SignWithSsh(key);
  const std::string one = repository.Commit("signed");
  PutSource();
  EXPECT_EQ(Applied(), one);
  repository.SignWithSsh("");
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string between = repository.Commit("unsigned in between");
  repository.SignWithSsh(key);
  repository.Commit("signed again");
  NextLook();
  EXPECT_EQ(Problem(), "Unverified");
  EXPECT_EQ(View().problem().commit(), between);
  EXPECT_THAT(Message(), AllOf(HasSubstr("unsigned in between"), HasSubstr("not signed")));
  EXPECT_FALSE(Wanted("db"));
  // A stranger's signature is none.
  repository.Git({"reset", "-q", "--hard", one});
  std::string eve;
  repository.SignWithSsh(repository.MakeSshKey("eve", &eve));
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("by a stranger");
  NextLook();
  EXPECT_THAT(Message(), HasSubstr("none of the signers"));
  (*spec.mutable_verification()->mutable_signers())["eve"].set_ssh_key(eve);
  PutSource();
  EXPECT_EQ(Problem(), "");
  EXPECT_TRUE(Wanted("db"));
}

TEST_F(SourcesTest, APinIsVerifiedToo) {
  std::string ada;
  const std::string key = repository.MakeSshKey("ada", &ada);
  (*spec.mutable_verification()->mutable_signers())["ada"].set_ssh_key(ada);
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string unsigned_one = repository.Commit("unsigned");
  repository.SignWithSsh(key);
  const std::string signed_one = repository.Commit("signed");
  PutSource();
  Pin(unsigned_one);
  EXPECT_EQ(Problem(), "Unverified");
  EXPECT_EQ(Applied(), signed_one);
}

}  // namespace
}  // namespace podwright::sources
