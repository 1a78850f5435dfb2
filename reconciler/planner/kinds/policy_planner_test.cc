#include "reconciler/planner/kinds/policy_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/policy.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using v1::kinds::PolicySpec;
using v1::kinds::PolicyStatus;

TEST(PolicyPlanner, APolicyAsksForNothingToBeDone) {
  World world;
  world.Put("policy", "default", PolicySpec());
  const KindPlanners kinds = TestingPlanners();
  EXPECT_THAT(Planner(kinds).PlanAll(world.facts()).slices(), IsEmpty());
}

TEST(PolicyPlanner, AWorkspaceHasOnePolicyOnly) {
  World world;
  world.Put("policy", "second", PolicySpec());
  const KindPlanners kinds = TestingPlanners();
  const v1::Plan plan = Planner(kinds).PlanAll(world.facts());
  ASSERT_EQ(plan.slices_size(), 1);
  EXPECT_THAT(plan.slices(0).error(), HasSubstr("its name is `default`"));
}

TEST(PolicyPlanner, TheStatusSaysHowManyHaveToApprove) {
  World world;
  PolicySpec spec;
  spec.mutable_approvals()->set_needed(3);
  world.Put("policy", "default", spec);
  const ObjectInput& object = world.facts().FindObject({"policy", "default"})->input;
  const StatusReader reader(world.facts(), nullptr);
  const auto status = PolicyPlanner().ComputeStatus(object, reader);
  EXPECT_EQ(static_cast<const PolicyStatus&>(*status).needed(), 3);
}

}  // namespace
}  // namespace podwright::planner
