#include "reconciler/planner/kinds/git_source_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using v1::kinds::GitSourceSpec;
using v1::kinds::GitSourceStatus;

TEST(GitSourcePlanner, ASecretWithoutAValueIsANoteNoAction) {
  World world;
  GitSourceSpec spec;
  spec.set_url("https://git.example/plans.git");
  spec.mutable_credentials()->set_secret("token");
  world.Put("secret", "token", v1::kinds::SecretSpec());
  world.Put("git_source", "plans", spec);
  const KindPlanners kinds = TestingPlanners();
  const Planner planner(kinds);
  const v1::Plan plan = planner.PlanAll(world.facts());
  ASSERT_GE(plan.slices_size(), 1);
  EXPECT_EQ(plan.slices(0).object().kind(), "git_source");
  EXPECT_THAT(plan.slices(0).notes(0), HasSubstr("podwright secret set token"));
  EXPECT_THAT(plan.slices(0).actions(), IsEmpty());
  world.SetSecret("token", 1);
  EXPECT_THAT(planner.PlanAll(world.facts()).slices(), IsEmpty());
}

TEST(GitSourcePlanner, TheStatusNamesTheOwnerOfWhatItApplies) {
  World world;
  GitSourceSpec spec;
  spec.set_url("file:///srv/plans.git");
  world.Put("git_source", "plans", spec);
  const ObjectInput& object = world.facts().FindObject({"git_source", "plans"})->input;
  const StatusReader reader(world.facts(), nullptr);
  const auto status = GitSourcePlanner().ComputeStatus(object, reader);
  EXPECT_EQ(static_cast<const GitSourceStatus&>(*status).owner(), "git:plans");
}

}  // namespace
}  // namespace podwright::planner
