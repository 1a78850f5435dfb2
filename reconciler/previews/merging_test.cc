// A merge does what its pull request showed, or stops and says what changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/previews/testing/preview_world.h"

namespace podwright::previews {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ServerDocument;

class MergingTest : public ::testing::Test, public testing::PreviewWorld {
 protected:
  std::string Problem() { return Source().problem().reason(); }
  std::string Message() { return Source().problem().message(); }
};

TEST_F(MergingTest, AMergeRunsWhatWasShown) {
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  Merge(one, "change");
  PassInterval();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Source().applied().commit(), repository.Head());
  EXPECT_EQ(Motd("web"), "changed");
  EXPECT_EQ(Pull(one).state(), "merged");
}

TEST_F(MergingTest, SquashAndRebaseKeepTheDigest) {
  Begin();
  const auto one = Open("squashed", "web.yaml", ServerDocument("web", "changed"));
  const auto two = Open("rebased", "db.yaml", ServerDocument("db", "one"));
  Push(two, "rebased", "db.yaml", ServerDocument("db", "two"));
  PassInterval();
  Squash(one, "squashed");
  repository.Git({"checkout", "-q", "rebased"});
  repository.Git({"rebase", "-q", "main"});
  repository.Git({"checkout", "-q", "main"});
  repository.Git({"merge", "-q", "--ff-only", "rebased"});
  MarkMerged(two);
  PassInterval();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Source().applied().commit(), repository.Head());
  EXPECT_EQ(Motd("web"), "changed");
  EXPECT_EQ(Motd("db"), "two");
}

// atlantis#2082: a plan that would revert what was just merged.
TEST_F(MergingTest, TwoMergesInQuickSuccessionAreAppliedOneByOne) {
  Begin();
  const auto one = Open("one", "web.yaml", ServerDocument("web", "changed"));
  const auto two = Open("two", "db.yaml", ServerDocument("db", "changed"));
  PassInterval();
  Squash(one, "one");
  Squash(two, "two");
  PassInterval();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Motd("web"), "changed");
  EXPECT_EQ(Motd("db"), "changed");
  EXPECT_EQ(Source().history_size(), 3);
}

// atlantis#1624: stale plans applied.
TEST_F(MergingTest, AMergeThatWouldDoSomethingElseStopsAndSaysWhat) {
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  Push(one, "change", "web.yaml", ServerDocument("web", "sneaked in"));
  Squash(one, "change");
  Pass(std::chrono::seconds(70));
  EXPECT_EQ(Problem(), "PlanChanged");
  EXPECT_THAT(Message(), AllOf(HasSubstr("#1"), HasSubstr("server/web"), HasSubstr("/etc/motd"),
                               HasSubstr("podwright source sync plans --accept")));
  EXPECT_EQ(Motd("web"), "hello");
  const std::string digest = HexEncode(Source().problem().digest());
  EXPECT_FALSE(sources->Accept("token:ada", "default", "plans", "00000000").ok());
  ASSERT_TRUE(sources->Accept("token:ada", "default", "plans", digest.substr(0, 16)).ok());
  Pass(std::chrono::seconds(5));
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Motd("web"), "sneaked in");
}

TEST_F(MergingTest, AMergeThatWasNotShownAndIsTakenBackNeedsNobody) {
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  Push(one, "change", "web.yaml", ServerDocument("web", "sneaked in"));
  Squash(one, "change");
  Pass(std::chrono::seconds(70));
  EXPECT_EQ(Problem(), "PlanChanged");
  Direct("db.yaml", ServerDocument("db", "not shown either"));
  PassInterval();
  EXPECT_EQ(Problem(), "PlanChanged");
  repository.Git({"revert", "--no-edit", "HEAD", "HEAD~1"});
  PassInterval();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Source().applied().commit(), repository.Head());
  EXPECT_EQ(Motd("web"), "hello");
}

TEST_F(MergingTest, AMergeOfWhatConflictsWithSomebodyElsesWorkInBetweenStops) {
  Begin();
  const auto one = Open("one", "web.yaml", ServerDocument("web", "one"));
  const auto two = Open("two", "web2.yaml", ServerDocument("db", "two"));
  PassInterval();
  repository.Git({"merge", "-q", "--no-commit", "--no-ff", "one"});
  repository.Write("extra.yaml", "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: extra}\nspec: {}\n");
  repository.Write("db2.yaml", ServerDocument("db", "smuggled"));
  repository.Commit("merge one");
  MarkMerged(one);
  Pass(std::chrono::seconds(70));
  EXPECT_EQ(Problem(), "PlanChanged");
  EXPECT_THAT(Message(), AllOf(HasSubstr("server/db"), HasSubstr("did not show it"), Not(HasSubstr("server/web"))));
  static_cast<void>(two);
}

TEST_F(MergingTest, ADirectPushNeedsNoPullRequest) {
  Begin();
  Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  Direct("db.yaml", ServerDocument("db", "directly"));
  PassInterval();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Motd("db"), "directly");
}

TEST_F(MergingTest, ADirectPushAndAMergeAreAppliedInTheirOrder) {
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  Direct("db.yaml", ServerDocument("db", "directly"));
  Merge(one, "change");
  PassInterval();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Motd("db"), "directly");
  EXPECT_EQ(Motd("web"), "changed");
}

TEST_F(MergingTest, WithoutExactAMergeRunsWhatItComesTo) {
  spec.mutable_pull_requests()->set_merge("any");
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  Push(one, "change", "web.yaml", ServerDocument("web", "later"));
  Squash(one, "change");
  PassInterval();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Motd("web"), "later");
}

}  // namespace
}  // namespace podwright::previews
