#include "reconciler/planner/kinds/secret_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using v1::kinds::SecretSpec;
using v1::kinds::SecretStatus;

TEST(SecretPlanner, ASecretWithoutAValueIsANoteNoAction) {
  World world;
  world.Put("secret", "s", SecretSpec());
  const KindPlanners kinds = TestingPlanners();
  const Planner planner(kinds);
  const v1::Plan plan = planner.PlanAll(world.facts());
  EXPECT_THAT(plan.slices(0).notes(0), HasSubstr("podwright secret set s"));
  EXPECT_THAT(plan.slices(0).actions(), IsEmpty());
  world.SetSecret("s", 1);
  EXPECT_THAT(planner.PlanAll(world.facts()).slices(), IsEmpty());
}

TEST(SecretPlanner, TheStatusTellsTheVersion) {
  World world;
  world.Put("secret", "s", SecretSpec());
  const ObjectInput& object = world.facts().FindObject({"secret", "s"})->input;
  const SecretPlanner planner;
  const StatusReader reader(world.facts(), nullptr);
  EXPECT_FALSE(static_cast<const SecretStatus&>(*planner.ComputeStatus(object, reader)).has_value());
  world.SetSecret("s", 4);
  EXPECT_EQ(static_cast<const SecretStatus&>(*planner.ComputeStatus(object, reader)).version(), 4);
}

TEST(SecretPlanner, ADeletedSecretIsForgotten) {
  World world;
  world.Put("secret", "s", SecretSpec());
  world.Delete("secret", "s");
  const KindPlanners kinds = TestingPlanners();
  const v1::Plan plan = Planner(kinds).PlanAll(world.facts());
  ASSERT_EQ(plan.slices(0).actions_size(), 1);
  EXPECT_EQ(plan.slices(0).actions(0).verb(), "object.forget");
  EXPECT_EQ(plan.slices(0).actions(0).executor(), v1::EXECUTOR_CONTROL);
}

}  // namespace
}  // namespace podwright::planner
