// Approvals in comments: of the digest that stands there, by people who may write, and never lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "podwright/v1/kinds/policy.pb.h"
#include "reconciler/previews/testing/preview_world.h"

namespace podwright::previews {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ServerDocument;

class ApprovalsTest : public ::testing::Test, public testing::PreviewWorld {
 protected:
  ApprovalsTest() {
    forge.SetPermission("bob", forge::Permission::kWrite);
    forge.SetPermission("eve", forge::Permission::kRead);
  }

  // Two servers, and a pull request of ada's that leaves one of them out.
  std::int64_t BeginDeletion(const v1::kinds::PolicySpec& policy) {
    Begin();
    v1::ApplyRequest request = world.Request("cli:policy");
    control::testing::World::Put(&request, "policy", "default", policy);
    if (const auto applied = world.Apply(request); !applied.ok()) Die(applied.error().ToString());
    Direct("db.yaml", ServerDocument("db"));
    PassInterval();
    const std::int64_t number = Open("smaller", "db.yaml", "# nothing is left\n");
    PassInterval();
    return number;
  }

  // The command that the comment asks for.
  std::string Command(std::int64_t number) {
    const std::string text = Comment(number);
    const std::size_t at = text.find("podwright approve ");
    if (at == std::string::npos) Die("there is no command in: " + text);
    return text.substr(at, text.find('`', at) - at);
  }
  std::string Head(const std::string& branch) { return repository.Git({"rev-parse", branch}); }
};

v1::kinds::PolicySpec Needs(std::int64_t people, bool not_by_author = false) {
  v1::kinds::PolicySpec policy;
  policy.mutable_limits()->set_deletes(0);
  policy.mutable_approvals()->set_needed(people);
  policy.mutable_approvals()->set_not_by_author(not_by_author);
  return policy;
}

TEST_F(ApprovalsTest, WhatNeedsApprovalSaysSoAndIsAppliedByTheMergeOnly) {
  const auto one = BeginDeletion(Needs(1));
  EXPECT_THAT(Comment(one), AllOf(HasSubstr("**needs approval"), HasSubstr("A merge would be stopped")));
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kPending);
  forge.AddComment(one, "eve", Command(one));
  PassInterval();
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kPending);
  forge.AddComment(one, "ada", Command(one));
  PassInterval();
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kSuccess);
  EXPECT_THAT(Comment(one), AllOf(HasSubstr("ada approved"), HasSubstr("runs just this")));
  EXPECT_TRUE(world.Exists("server", "db")) << "nothing unmerged is applied";
  Squash(one, "smaller");
  PassInterval();
  EXPECT_EQ(Source().problem().reason(), "") << Source().problem().message();
  EXPECT_FALSE(world.Exists("server", "db"));
}

TEST_F(ApprovalsTest, TwoPeopleMayApproveBetweenTwoLooks) {
  const auto one = BeginDeletion(Needs(2));
  forge.AddComment(one, "ada", Command(one));
  forge.AddComment(one, "bob", Command(one));
  PassInterval();
  EXPECT_THAT(Comment(one), AllOf(HasSubstr("1 of 2"), HasSubstr("2 of 2")));
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kSuccess);
}

TEST_F(ApprovalsTest, TheAuthorDoesNotApproveWherePolicyWantsSomebodyElse) {
  const auto one = BeginDeletion(Needs(1, true));
  forge.AddComment(one, "ada", Command(one));
  PassInterval();
  EXPECT_THAT(Comment(one), HasSubstr("somebody else than the author"));
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kPending);
  forge.AddComment(one, "bob", Command(one));
  PassInterval();
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kSuccess);
}

TEST_F(ApprovalsTest, AnApprovalThatWasReadAndNotGivenOutlivesACrash) {
  const auto one = BeginDeletion(Needs(1));
  const std::string command = Command(one);
  std::filesystem::rename(repository.folder() / "plans", repository.folder() / "away");
  forge.AddComment(one, "ada", command);
  PassInterval();
  EXPECT_EQ(Source().pull_requests_problem().reason(), "FetchFailed");
  Restart();
  std::filesystem::rename(repository.folder() / "away", repository.folder() / "plans");
  Pass(std::chrono::minutes(3));
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kSuccess);
  EXPECT_THAT(Comment(one), HasSubstr("ada approved"));
}

TEST_F(ApprovalsTest, AnotherDigestApprovesNothing) {
  const auto one = BeginDeletion(Needs(1));
  const std::string old = Command(one);
  forge.AddComment(one, "ada", "podwright approve 0123456789abcdef");
  PassInterval();
  EXPECT_THAT(Comment(one), HasSubstr("is not the digest that stands here"));
  Push(one, "smaller", "web.yaml", ServerDocument("web", "changed as well"));
  forge.AddComment(one, "ada", old);
  PassInterval();
  EXPECT_EQ(Status(Head("smaller")).state, forge::StatusState::kPending);
  EXPECT_THAT(Comment(one), Not(HasSubstr("ada approved")));
}

}  // namespace
}  // namespace podwright::previews
