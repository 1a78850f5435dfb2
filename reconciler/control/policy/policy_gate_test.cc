// Approvals across restarts, repetitions and several applies at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/policy.pb.h"
#include "reconciler/control/apply_options.h"
#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using v1::kinds::PolicySpec;

class PolicyGateTest : public ::testing::Test {
 protected:
  PolicyGateTest() {
    world.AddAgent("web-1");
    auto request = world.Request();
    World::PutServer(&request, "web-1");
    World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "old"));
    World::PutWidget(&request, "bulb", World::Widget({"web-1"}, "old"));
    EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  }

  v1::ApplyRequest Loss(const std::string& name = "lamp") const {
    auto request = world.Request();
    auto spec = World::Widget({"web-1"}, "new");
    spec.set_disruption("data_loss");
    World::PutWidget(&request, name, spec);
    return request;
  }

  v1::PolicyVerdict Refused(const v1::ApplyRequest& request) {
    v1::PolicyVerdict verdict;
    ApplyOptions options;
    options.verdict = &verdict;
    EXPECT_FALSE(world.control().Apply(world.admin, v1::ApplyRequest(request), options).ok());
    EXPECT_TRUE(verdict.approval_needed());
    return verdict;
  }

  void Approve(const v1::PolicyVerdict& verdict) {
    v1::ApproveRequest request;
    request.set_digest(verdict.digest());
    ASSERT_TRUE(world.control().Approve(world.admin, request).ok());
  }

  std::string Lamp() { return world.link.Find("web-1")->widgets.at("lamp"); }
  int Pending() { return world.control().ListApprovals(world.admin, {}).value().approvals_size(); }

  World world;
};

TEST_F(PolicyGateTest, ARestartBetweenTheApprovalAndTheApplyChangesNothing) {
  const auto verdict = Refused(Loss());
  world.KillControl();
  world.StartControl();
  Approve(verdict);
  world.KillControl();
  world.StartControl();
  world.link.Connect("web-1");
  world.Settle();
  EXPECT_EQ(world.ApplyAndFinish(Loss()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Lamp(), "new");
  EXPECT_EQ(Pending(), 0);
}

TEST_F(PolicyGateTest, AStoreThatFailsUsesNoApproval) {
  Approve(Refused(Loss()));
  world.store.FailNth(store::FaultyStore::Operation::kCommit, 1, store::FaultyStore::When::kBefore);
  EXPECT_FALSE(world.Apply(Loss()).ok());
  world.Settle();
  EXPECT_EQ(Pending(), 1);
  EXPECT_EQ(world.ApplyAndFinish(Loss()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Pending(), 0);
}

TEST_F(PolicyGateTest, ARepetitionWithTheSameKeyIsAnsweredAndUsesNothing) {
  Approve(Refused(Loss()));
  auto request = Loss();
  request.set_idempotency_key("once");
  const auto first = world.Apply(request);
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  world.Finish(first->run());
  const auto again = world.Apply(request);
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(again->run(), first->run());
  EXPECT_EQ(world.CountEvents("approval.used"), 1);
}

TEST_F(PolicyGateTest, OfTwoAppliesOfOnePreviewOneUsesTheApproval) {
  auto request = Loss();
  request.set_dry_run(true);
  const auto planned = world.Apply(request);
  ASSERT_TRUE(planned.ok());
  Approve(planned->policy());
  request.set_dry_run(false);
  request.set_plan_digest(planned->plan().digest());
  const auto first = world.Apply(request);
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  const auto second = world.Apply(request);
  EXPECT_TRUE(!second.ok() || second->run().empty() || !second->policy().approval_needed());
  world.Finish(first->run());
  EXPECT_EQ(world.CountEvents("approval.used"), 1);
  EXPECT_EQ(Pending(), 0);
}

TEST_F(PolicyGateTest, AnApprovedPlanWithMoreInItIsAnotherPlan) {
  Approve(Refused(Loss()));
  auto more = Loss();
  more.MergeFrom(Loss("bulb"));
  const auto verdict = Refused(more);
  EXPECT_EQ(verdict.given_size(), 0);
  EXPECT_EQ(Lamp(), "old");
}

TEST_F(PolicyGateTest, ThePlansDigestIsWhatIsApprovedAndWhatIsBound) {
  auto request = Loss();
  request.set_dry_run(true);
  const auto planned = world.Apply(request);
  ASSERT_TRUE(planned.ok());
  EXPECT_EQ(planned->policy().digest(), planned->plan().digest());
  Approve(planned->policy());
  request.set_dry_run(false);
  request.set_plan_digest(planned->plan().digest());
  EXPECT_TRUE(world.Apply(request).ok());
}

TEST_F(PolicyGateTest, APersonOfAnotherWorkspaceApprovesNothingHere) {
  const auto verdict = Refused(Loss());
  v1::ApproveRequest request;
  request.set_digest(verdict.digest());
  const Caller stranger{"token:eve", Role::kOperator, "elsewhere"};
  EXPECT_EQ(world.control().Approve(stranger, request).error().code(), ErrorCode::kPermissionDenied);
  const Caller viewer{"token:vera", Role::kViewer, "*"};
  EXPECT_EQ(world.control().Approve(viewer, request).error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(PolicyGateTest, WhoIsNoApproverAnyMoreCountsNoMore) {
  PolicySpec spec;
  spec.mutable_approvals()->add_approvers("token:ada");
  spec.mutable_approvals()->add_approvers("token:admin");
  auto declared = world.Request("cli:policy");
  World::Put(&declared, "policy", "default", spec);
  ASSERT_TRUE(world.Apply(declared).ok());
  world.Settle();
  const auto verdict = Refused(Loss());
  v1::ApproveRequest request;
  request.set_digest(verdict.digest());
  ASSERT_TRUE(world.control().Approve({"token:ada", Role::kOperator, "*"}, request).ok());
  spec.mutable_approvals()->clear_approvers();
  spec.mutable_approvals()->add_approvers("token:admin");
  declared.clear_puts();
  World::Put(&declared, "policy", "default", spec);
  Approve(Refused(declared));
  ASSERT_TRUE(world.Apply(declared).ok());
  world.Settle();
  EXPECT_EQ(Refused(Loss()).given_size(), 0);
}

}  // namespace
}  // namespace podwright::control::testing
