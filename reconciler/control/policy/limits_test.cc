// Limits, approvals and windows over an installation in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"
#include "podwright/v1/kinds/policy.pb.h"
#include "podwright/v1/transfer.pb.h"
#include "reconciler/control/apply_options.h"
#include "reconciler/control/policy/approvals.h"
#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using v1::kinds::PolicySpec;

class PolicyTest : public ::testing::Test {
 protected:
  static std::vector<std::string> Names(const std::string& prefix, int count) {
    std::vector<std::string> out;
    for (int i = 1; i <= count; ++i) out.push_back(prefix + "-" + std::to_string(i));
    return out;
  }

  void Declare(const PolicySpec& spec, const std::string& owner = "cli:policy") {
    auto request = world.Request(owner);
    World::Put(&request, "policy", "default", spec);
    const auto response = world.Apply(request);
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    world.Settle();
  }

  // Servers with an agent, and a widget on each.
  void MakeWidgets(int count) {
    auto request = world.Request();
    for (const std::string& server : Names("web", count)) {
      world.AddAgent(server);
      World::PutServer(&request, server);
    }
    const auto servers = Names("web", count);
    const auto widgets = Names("lamp", count);
    for (std::size_t i = 0; i < servers.size(); ++i) {
      World::PutWidget(&request, widgets[i], World::Widget({servers[i]}, "old"));
    }
    ASSERT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  }

  v1::ApplyRequest Change(const std::vector<std::string>& widgets, const std::string& disruption,
                          const std::string& payload = "new") {
    auto request = world.Request();
    for (const std::string& name : widgets) {
      auto spec = World::Widget({"web-" + name.substr(name.find('-') + 1)}, payload);
      spec.set_disruption(disruption);
      World::PutWidget(&request, name, spec);
    }
    return request;
  }

  v1::ApplyRequest Deletion(const std::vector<std::string>& widgets) {
    auto request = world.Request();
    for (const std::string& name : widgets) World::Delete(&request, "widget", name);
    return request;
  }

  Caller Person(const std::string& name) { return {"token:" + name, Role::kOperator, "*"}; }

  Result<v1::PendingApproval> Approve(const Caller& caller, const std::string& digest) {
    v1::ApproveRequest request;
    request.set_digest(digest);
    request.set_reason("looked at it");
    return world.control().Approve(caller, request);
  }

  // The verdict of a refused apply; fails where it was taken.
  v1::PolicyVerdict Refused(const v1::ApplyRequest& request, const Caller& caller) {
    v1::PolicyVerdict verdict;
    ApplyOptions options;
    options.verdict = &verdict;
    const auto response = world.control().Apply(caller, v1::ApplyRequest(request), options);
    EXPECT_FALSE(response.ok());
    if (!response.ok()) {
      EXPECT_EQ(response.error().code(), ErrorCode::kFailedPrecondition) << response.error().ToString();
      EXPECT_THAT(response.error().message(), HasSubstr("podwright approve " + HexEncode(verdict.digest())));
    }
    EXPECT_TRUE(verdict.approval_needed());
    return verdict;
  }
  v1::PolicyVerdict Refused(const v1::ApplyRequest& request) { return Refused(request, world.admin); }

  v1::PolicyVerdict DryRun(v1::ApplyRequest request) {
    request.set_dry_run(true);
    return world.Apply(request).value().policy();
  }

  int Pending() { return world.control().ListApprovals(world.admin, {}).value().approvals_size(); }

  World world;
};

TEST_F(PolicyTest, WithoutAPolicyOrdinaryWorkGoesThrough) {
  MakeWidgets(3);
  EXPECT_TRUE(world.Apply(Change(Names("lamp", 3), "restart")).ok());
  world.Settle();
  EXPECT_TRUE(world.Apply(Deletion(Names("lamp", 3))).ok());
  EXPECT_EQ(Pending(), 0);
}

TEST_F(PolicyTest, ADataLossNeedsApprovalByItself) {
  MakeWidgets(1);
  const auto request = Change({"lamp-1"}, "data_loss");
  EXPECT_EQ(DryRun(request).limits(0).limit(), "data_losses");
  const auto verdict = Refused(request);
  ASSERT_EQ(verdict.limits_size(), 1);
  EXPECT_THAT(verdict.limits(0).counted(0), HasSubstr("widget/lamp-1"));
  EXPECT_EQ(world.link.Find("web-1")->widgets.at("lamp-1"), "old");
  ASSERT_TRUE(Approve(world.admin, verdict.digest()).ok());
  EXPECT_TRUE(DryRun(request).approved());
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(world.link.Find("web-1")->widgets.at("lamp-1"), "new");
  EXPECT_EQ(Pending(), 0);
}

TEST_F(PolicyTest, AnApprovalIsUsedUpByOneApply) {
  MakeWidgets(1);
  const auto verdict = Refused(Change({"lamp-1"}, "data_loss"));
  ASSERT_TRUE(Approve(world.admin, verdict.digest()).ok());
  world.ApplyAndFinish(Change({"lamp-1"}, "data_loss"));
  world.ApplyAndFinish(Change({"lamp-1"}, "none", "old"));
  Refused(Change({"lamp-1"}, "data_loss"));
}

TEST_F(PolicyTest, ManySmallChangesPassNoMoreThanOneLargeOne) {
  PolicySpec spec;
  spec.mutable_limits()->set_restarts(2);
  spec.mutable_limits()->set_within(600'000);
  Declare(spec);
  MakeWidgets(3);
  world.ApplyAndFinish(Change({"lamp-1"}, "restart"));
  world.ApplyAndFinish(Change({"lamp-2"}, "restart"));
  const auto verdict = Refused(Change({"lamp-3"}, "restart"));
  EXPECT_EQ(verdict.limits(0).limit(), "restarts");
  EXPECT_EQ(verdict.limits(0).recent(), 2);
  world.Advance(minutes(11));
  EXPECT_TRUE(world.Apply(Change({"lamp-3"}, "restart")).ok());
}

TEST_F(PolicyTest, WhatWasUsedSurvivesARestart) {
  PolicySpec spec;
  spec.mutable_limits()->set_restarts(1);
  Declare(spec);
  MakeWidgets(2);
  world.ApplyAndFinish(Change({"lamp-1"}, "restart"));
  const auto verdict = Refused(Change({"lamp-2"}, "restart"));
  ASSERT_TRUE(Approve(world.admin, verdict.digest()).ok());
  world.StartControl();
  for (const std::string& server : Names("web", 2)) world.link.Connect(server);
  world.Settle();
  EXPECT_EQ(Pending(), 1);
  Refused(Change({"lamp-2"}, "restart", "another"));
  EXPECT_TRUE(world.Apply(Change({"lamp-2"}, "restart")).ok());
}

TEST_F(PolicyTest, DeletionsAreCountedAndWhatWasNeverReadyIsNot) {
  PolicySpec spec;
  spec.mutable_limits()->set_deletes(1);
  Declare(spec);
  MakeWidgets(2);
  auto never = world.Request();
  World::PutServer(&never, "late-1");
  World::PutServer(&never, "late-2");
  ASSERT_TRUE(world.Apply(never).ok());
  auto gone = world.Request();
  World::Delete(&gone, "server", "late-1");
  World::Delete(&gone, "server", "late-2");
  EXPECT_TRUE(world.Apply(gone).ok());
  const auto verdict = Refused(Deletion({"lamp-1", "lamp-2"}));
  EXPECT_EQ(verdict.limits(0).limit(), "deletes");
  EXPECT_EQ(verdict.limits(0).planned(), 2);
  EXPECT_TRUE(world.Apply(Deletion({"lamp-1"})).ok());
}

TEST_F(PolicyTest, AnOwnerIsNeverEmptiedWithoutApproval) {
  MakeWidgets(1);
  auto request = world.Request();
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  const auto verdict = Refused(request);
  EXPECT_EQ(verdict.limits(0).limit(), "whole_owner");
  EXPECT_TRUE(world.Exists("widget", "lamp-1"));
  ASSERT_TRUE(Approve(world.admin, verdict.digest()).ok());
  EXPECT_TRUE(world.Apply(request).ok());
}

TEST_F(PolicyTest, AServerThatNobodyDeclaresAnyMoreIsADataLoss) {
  auto request = world.Request();
  v1::kinds::ServerSpec lab;
  lab.set_cloud("lab");
  World::Put(&request, "server", "machine-1", lab);
  World::Put(&request, "server", "machine-2", lab);
  world.AddAgent("machine-1", false);
  world.AddAgent("machine-2", false);
  const auto made = world.Apply(request);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  world.Settle();
  world.link.Connect("machine-1");
  world.link.Connect("machine-2");
  world.Finish(made->run());
  auto pruned = world.Request();
  World::Put(&pruned, "server", "machine-1", lab);
  pruned.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  EXPECT_EQ(Refused(pruned).limits(0).limit(), "data_losses");
  auto named = world.Request();
  World::Delete(&named, "server", "machine-2");
  EXPECT_TRUE(world.Apply(named).ok());
}

TEST_F(PolicyTest, TheShareOfServersCountsFromTenOn) {
  MakeWidgets(10);
  EXPECT_TRUE(world.Apply(Change(Names("lamp", 5), "reload")).ok());
  world.Settle();
  const auto verdict = Refused(Change({"lamp-6"}, "reload"));
  EXPECT_EQ(verdict.limits(0).limit(), "servers_percent");
  EXPECT_EQ(verdict.limits(0).recent(), 5);
  EXPECT_TRUE(world.Apply(Change({"lamp-5"}, "reload", "newer")).ok());
}

TEST_F(PolicyTest, SeveralPeopleHaveToApproveAndNobodyCountsTwice) {
  PolicySpec spec;
  spec.mutable_approvals()->set_needed(2);
  for (const char* name : {"token:ada", "token:bob", "token:eve"}) spec.mutable_approvals()->add_approvers(name);
  Declare(spec);
  MakeWidgets(1);
  const auto request = Change({"lamp-1"}, "data_loss");
  const auto verdict = Refused(request);
  EXPECT_EQ(verdict.needed(), 2U);
  EXPECT_EQ(Approve(Person("mallory"), verdict.digest()).error().code(), ErrorCode::kPermissionDenied);
  ASSERT_TRUE(Approve(Person("ada"), verdict.digest()).ok());
  const auto again = Approve(Person("ada"), verdict.digest());
  EXPECT_FALSE(again->approved());
  EXPECT_EQ(Refused(request).given_size(), 1);
  EXPECT_TRUE(Approve(Person("bob"), verdict.digest())->approved());
  EXPECT_TRUE(world.Apply(request).ok());
}

TEST_F(PolicyTest, NobodyApprovesWhatIsTheirOwn) {
  PolicySpec spec;
  spec.mutable_approvals()->set_not_by_author(true);
  Declare(spec);
  MakeWidgets(1);
  const auto request = Change({"lamp-1"}, "data_loss");
  const auto verdict = Refused(request, Person("ada"));
  EXPECT_EQ(Approve(Person("ada"), verdict.digest()).error().code(), ErrorCode::kPermissionDenied);
  ASSERT_TRUE(Approve(Person("bob"), verdict.digest()).ok());
  // Nor does who applies it.
  EXPECT_EQ(Refused(request, Person("bob")).given_size(), 0);
  EXPECT_TRUE(world.control().Apply(Person("ada"), request).ok());
}

TEST_F(PolicyTest, ApprovalsExpireAndAreTakenBack) {
  MakeWidgets(1);
  const auto request = Change({"lamp-1"}, "data_loss");
  const auto verdict = Refused(request);
  ASSERT_TRUE(Approve(Person("ada"), verdict.digest()).ok());
  v1::RevokeApprovalRequest revoke;
  revoke.set_digest(verdict.digest());
  EXPECT_EQ(world.control().RevokeApproval(Person("bob"), revoke).error().code(), ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(world.control().RevokeApproval(Person("ada"), revoke).ok());
  Refused(request);
  ASSERT_TRUE(Approve(Person("ada"), verdict.digest()).ok());
  world.clock.Advance(hours(24 * 7));
  Refused(request);
}

TEST_F(PolicyTest, OnlyTheWholeDigestApprovesAndOnlyAKnownPlan) {
  MakeWidgets(1);
  const auto verdict = Refused(Change({"lamp-1"}, "data_loss"));
  EXPECT_EQ(Approve(world.admin, verdict.digest().substr(0, 16)).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Approve(world.admin, std::string(32, 'x')).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(Approve({"token:plan", Role::kPlanner, "*"}, verdict.digest()).error().code(),
            ErrorCode::kPermissionDenied);
}

TEST_F(PolicyTest, APreviewCanBeApprovedBeforeItIsApplied) {
  MakeWidgets(1);
  const auto request = Change({"lamp-1"}, "data_loss");
  const auto verdict = DryRun(request);
  EXPECT_TRUE(verdict.approval_needed());
  EXPECT_FALSE(verdict.approved());
  ASSERT_TRUE(Approve(world.admin, verdict.digest()).ok());
  EXPECT_TRUE(world.Apply(request).ok());
}

TEST_F(PolicyTest, AnApprovedPlanIsAppliedObjectByObjectAndEachActionOnce) {
  MakeWidgets(3);
  const auto whole = DryRun(Change({"lamp-1", "lamp-2"}, "data_loss"));
  ASSERT_TRUE(Approve(world.admin, whole.digest()).ok());
  ASSERT_EQ(world.ApplyAndFinish(Change({"lamp-1"}, "data_loss")).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Pending(), 1);
  Refused(Change({"lamp-3"}, "data_loss"));
  Refused(Change({"lamp-1"}, "data_loss", "newer"));
  // The same place, and something else than was approved.
  Refused(Change({"lamp-2"}, "data_loss", "newer"));
  ASSERT_EQ(world.ApplyAndFinish(Change({"lamp-2"}, "data_loss")).state(), v1::RUN_STATE_SUCCEEDED);
  // What was approved is used up; the three refused ones wait.
  EXPECT_EQ(Pending(), 3);
}

TEST_F(PolicyTest, AnotherOwnersApprovalCountsForNothing) {
  MakeWidgets(1);
  const auto verdict = DryRun(Change({"lamp-1"}, "data_loss"));
  ASSERT_TRUE(Approve(world.admin, verdict.digest()).ok());
  v1::TransferRequest transfer;
  transfer.set_from("cli:test");
  transfer.set_to("cli:other");
  ASSERT_TRUE(world.control().Transfer(world.admin, transfer).ok());
  auto foreign = world.Request("cli:other");
  auto spec = World::Widget({"web-1"}, "new");
  spec.set_disruption("data_loss");
  World::PutWidget(&foreign, "lamp-1", spec);
  EXPECT_EQ(Refused(foreign).digest(), verdict.digest());
  EXPECT_EQ(Refused(foreign).given_size(), 0);
}

TEST_F(PolicyTest, AChangeOfThePolicyIsJudgedByTheOneBefore) {
  PolicySpec strict;
  strict.mutable_approvals()->set_needed(2);
  Declare(strict);
  PolicySpec loose;
  loose.mutable_limits()->set_data_losses(1000);
  auto request = world.Request("cli:policy");
  World::Put(&request, "policy", "default", loose);
  const auto verdict = Refused(request);
  EXPECT_EQ(verdict.limits(0).limit(), "policy_change");
  auto other = world.Request("cli:policy");
  loose.mutable_limits()->set_deletes(1);
  World::Put(&other, "policy", "default", loose);
  EXPECT_NE(Refused(other).digest(), verdict.digest());
  auto gone = world.Request("cli:policy");
  World::Delete(&gone, "policy", "default");
  Refused(gone);
  ASSERT_TRUE(Approve(Person("ada"), verdict.digest()).ok());
  Refused(request);
  ASSERT_TRUE(Approve(Person("bob"), verdict.digest()).ok());
  EXPECT_TRUE(world.Apply(request).ok());
}

TEST_F(PolicyTest, AnApplyThatLoosensThePolicyIsHeldByTheOldLimits) {
  PolicySpec spec;
  Declare(spec, "cli:test");
  MakeWidgets(1);
  auto request = Change({"lamp-1"}, "data_loss");
  spec.mutable_limits()->set_data_losses(10);
  World::Put(&request, "policy", "default", spec);
  EXPECT_EQ(Refused(request).limits(0).limit(), "data_losses");
}

TEST_F(PolicyTest, ATimeZoneThatIsNotKnownIsRefusedAtOnce) {
  PolicySpec spec;
  auto& window = (*spec.mutable_windows())["night"];
  window.add_open("02:00-04:00");
  window.set_time_zone("Europe/Atlantis");
  auto request = world.Request();
  World::Put(&request, "policy", "default", spec);
  const auto response = world.Apply(request);
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(response.error().message(), HasSubstr("Europe/Atlantis"));
}

TEST_F(PolicyTest, WhatPeopleSayIsAuditedWithTheirNames) {
  MakeWidgets(1);
  const auto verdict = Refused(Change({"lamp-1"}, "data_loss"));
  ASSERT_TRUE(Approve(Person("ada"), verdict.digest()).ok());
  bool found = false;
  for (const auto& entry : world.Audit()) {
    if (entry.event.verb != "approve" || entry.event.outcome != "ok") continue;
    found = entry.event.actor == "token:ada" && entry.event.object == "plan/" + HexEncode(verdict.digest());
  }
  EXPECT_TRUE(found);
  ASSERT_TRUE(world.Apply(Change({"lamp-1"}, "data_loss")).ok());
  EXPECT_THAT(world.Audit().back().event.detail, HasSubstr("approved by token:ada"));
  EXPECT_EQ(world.CountEvents("approval.used"), 1);
  EXPECT_EQ(world.CountEvents("approval.needed"), 1);
  EXPECT_EQ(world.CountEvents("approval.given"), 1);
}

TEST_F(PolicyTest, WhatWaitsForApprovalIsBounded) {
  MakeWidgets(1);
  const auto first = Refused(Change({"lamp-1"}, "data_loss", "wanted"));
  for (int i = 0; i < static_cast<int>(kApprovalsKept) + 20; ++i) {
    world.clock.Advance(seconds(1));
    DryRun(Change({"lamp-1"}, "data_loss", "new" + std::to_string(i)));
  }
  EXPECT_EQ(Pending(), static_cast<int>(kApprovalsKept));
  EXPECT_TRUE(Approve(world.admin, first.digest()).ok());
}

}  // namespace
}  // namespace podwright::control::testing
