#include "reconciler/planner/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using v1::kinds::ServerSpec;
using WidgetSpec = podwright::testing::WidgetSpec;

WidgetSpec Widget(const std::vector<std::string>& servers, const std::vector<std::string>& needs = {},
                  const std::string& payload = "x") {
  WidgetSpec spec;
  for (const std::string& server : servers) spec.add_servers(server);
  for (const std::string& need : needs) spec.add_needs(need);
  spec.set_payload(payload);
  return spec;
}

ServerSpec LabServer() {
  ServerSpec spec;
  spec.set_cloud("lab");
  return spec;
}

const v1::Slice* SliceOf(const v1::Plan& plan, const std::string& name) {
  for (const v1::Slice& slice : plan.slices()) {
    if (slice.object().name() == name) return &slice;
  }
  return nullptr;
}

class PlannerTest : public ::testing::Test {
 protected:
  void Enrolled(const std::string& server) {
    world_.Put("server", server, ServerSpec());
    world_.Enrol(server);
    world_.Observe();
  }
  v1::Plan Plan() { return planner_.PlanAll(world_.facts()); }
  void Converge() { world_.CarryOut(Plan()); }

  World world_;
  KindPlanners kinds_ = TestingPlanners();
  Planner planner_{kinds_};
};

TEST_F(PlannerTest, AnEmptyWorkspaceHasAnEmptyPlanWithADigest) {
  const v1::Plan plan = Plan();
  EXPECT_THAT(plan.slices(), IsEmpty());
  EXPECT_THAT(plan.digest(), SizeIs(32));
  EXPECT_EQ(plan.format_version(), kPlanFormatVersion);
}

TEST_F(PlannerTest, AnObjectWaitsForAllActionsOfWhatItNeeds) {
  world_.Put("server", "s1", LabServer());
  world_.Put("widget", "base", Widget({"s1"}));
  world_.Put("widget", "top", Widget({"s1"}, {"base"}));
  const v1::Plan plan = Plan();
  const v1::Action& base = SliceOf(plan, "base")->actions(0);
  const v1::Action& top = SliceOf(plan, "top")->actions(0);
  const v1::Action& machine = SliceOf(plan, "s1")->actions(0);
  EXPECT_THAT(base.depends_on(), ElementsAre(machine.id()));
  EXPECT_THAT(top.depends_on(), ElementsAre(machine.id(), base.id()));
  EXPECT_THAT(plan.order(), ElementsAre(machine.id(), base.id(), top.id()));
}

TEST_F(PlannerTest, CarryingAPlanOutMakesTheNextOneEmpty) {
  world_.Put("server", "s1", LabServer());
  world_.Put("widget", "base", Widget({"s1"}));
  world_.Put("widget", "top", Widget({"s1"}, {"base"}));
  Converge();
  EXPECT_THAT(Plan().slices(), IsEmpty());
  EXPECT_THAT(world_.problems(), IsEmpty());
}

TEST_F(PlannerTest, ActionsKeepTheirIdsUntilTheObjectHasAnotherGeneration) {
  Enrolled("s1");
  world_.Put("widget", "w", Widget({"s1"}));
  const std::string first = Plan().slices(0).actions(0).id();
  Enrolled("s2");
  EXPECT_EQ(Plan().slices(0).actions(0).id(), first);
  world_.Put("widget", "w", Widget({"s1"}, {}, "y"));
  EXPECT_NE(Plan().slices(0).actions(0).id(), first);
}

TEST_F(PlannerTest, ACycleIsAnErrorOfItsSlicesThatNamesItAndSparesOthers) {
  Enrolled("s1");
  world_.Put("widget", "a", Widget({"s1"}, {"b"}));
  world_.Put("widget", "b", Widget({"s1"}, {"c"}));
  world_.Put("widget", "c", Widget({"s1"}, {"a"}));
  world_.Put("widget", "after", Widget({"s1"}, {"a"}));
  world_.Put("widget", "free", Widget({"s1"}));
  const v1::Plan plan = Plan();
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_THAT(SliceOf(plan, name)->error(), HasSubstr("widget/a → widget/b → widget/c → widget/a")) << name;
    EXPECT_THAT(SliceOf(plan, name)->actions(), IsEmpty());
  }
  EXPECT_EQ(SliceOf(plan, "after")->error(), "waits for widget/a, which cannot be planned");
  EXPECT_THAT(SliceOf(plan, "free")->actions(), SizeIs(1));
  EXPECT_THAT(plan.order(), ElementsAre(SliceOf(plan, "free")->actions(0).id()));
}

TEST_F(PlannerTest, WhatDependsOnASliceWithAnErrorHasOneThatNamesIt) {
  Enrolled("s1");
  world_.Put("widget", "broken", Widget({"s1", "nowhere"}));
  world_.Put("widget", "middle", Widget({"s1"}, {"broken"}));
  world_.Put("widget", "top", Widget({"s1"}, {"middle"}));
  const v1::Plan plan = Plan();
  EXPECT_THAT(SliceOf(plan, "broken")->error(), HasSubstr("server/nowhere does not exist"));
  EXPECT_EQ(SliceOf(plan, "middle")->error(), "waits for widget/broken, which cannot be planned");
  EXPECT_EQ(SliceOf(plan, "top")->error(), "waits for widget/middle, which cannot be planned");
  EXPECT_THAT(plan.order(), IsEmpty());
}

TEST_F(PlannerTest, AKindWithoutAPlannerIsAnError) {
  ObjectInput input = MakeTestObject("widget", "w", Widget({}));
  input.key.kind = "gadget";
  world_.facts().PutObject(input);
  EXPECT_THAT(Plan().slices(0).error(), HasSubstr("there is no kind \"gadget\""));
}

TEST_F(PlannerTest, BatchesStandInTheActions) {
  Enrolled("s1");
  Enrolled("s2");
  WidgetSpec spec = Widget({"s1", "s2"});
  spec.set_max_parallel(1);
  spec.set_healthy_time(3000);
  world_.Put("widget", "w", spec);
  const v1::Plan plan = Plan();
  for (const v1::Action& action : plan.slices(0).actions()) {
    EXPECT_EQ(action.batch().name(), "widget/w");
    EXPECT_EQ(action.batch().max_parallel(), 1U);
    EXPECT_EQ(action.batch().healthy_ms(), 3000);
  }
}

TEST_F(PlannerTest, ATombstoneIsHeldByWhoRefersToItAndSaysSo) {
  Enrolled("s1");
  world_.Put("widget", "w", Widget({"s1"}));
  Converge();
  world_.Delete("server", "s1");
  const v1::Plan held = Plan();
  ASSERT_THAT(held.slices(), SizeIs(1));
  EXPECT_THAT(held.slices(0).notes(0), HasSubstr("widget/w"));
  EXPECT_THAT(held.slices(0).actions(), IsEmpty());

  world_.Put("widget", "w", Widget({}));
  Converge();
  EXPECT_EQ(world_.facts().FindObject({"server", "s1"}), nullptr);
  EXPECT_THAT(world_.problems(), IsEmpty());
}

TEST_F(PlannerTest, ADeletedPairGoesInReverseOrderAndServersLast) {
  world_.Put("server", "s1", LabServer());
  world_.Put("widget", "w", Widget({"s1"}));
  Converge();
  world_.Delete("server", "s1");
  world_.Delete("widget", "w");
  const v1::Plan plan = Plan();
  const v1::Slice& widget = *SliceOf(plan, "w");
  const v1::Slice& server = *SliceOf(plan, "s1");
  EXPECT_EQ(widget.actions(0).verb(), "widget.remove");
  EXPECT_EQ(widget.actions(1).verb(), "object.forget");
  EXPECT_EQ(server.actions(0).verb(), "server.machine.delete");
  EXPECT_EQ(server.actions(0).disruption(), v1::DISRUPTION_DATA_LOSS);
  EXPECT_THAT(plan.order(), ElementsAre(widget.actions(0).id(), widget.actions(1).id(), server.actions(0).id(),
                                        server.actions(1).id()));
  world_.CarryOut(plan);
  EXPECT_THAT(world_.facts().Objects(), IsEmpty());
  EXPECT_THAT(world_.problems(), IsEmpty());
}

TEST_F(PlannerTest, AServerGoesAfterWhatOthersStillDoThere) {
  world_.Put("server", "s1", LabServer());
  Enrolled("s2");
  world_.Put("widget", "w", Widget({"s1", "s2"}));
  Converge();
  world_.Put("widget", "w", Widget({"s2"}));
  world_.Delete("server", "s1");
  const v1::Plan plan = Plan();
  EXPECT_THAT(SliceOf(plan, "s1")->actions(0).depends_on(), ElementsAre(SliceOf(plan, "w")->actions(0).id()));
  // Asked for the server alone, the plan has what must come before.
  planner_.Reset(world_.facts());
  EXPECT_EQ(planner_.CurrentPlan(PlanScope::Of({{"server", "s1"}})).slices_size(), 2);
}

TEST_F(PlannerTest, AScopeHoldsItsObjectsAndAllThatTheyDependOn) {
  Enrolled("s1");
  world_.Put("widget", "a", Widget({"s1"}));
  world_.Put("widget", "b", Widget({"s1"}, {"a"}));
  world_.Put("widget", "c", Widget({"s1"}));
  planner_.Reset(world_.facts());
  const v1::Plan plan = planner_.CurrentPlan(PlanScope::Of({{"widget", "b"}}));
  ASSERT_THAT(plan.slices(), SizeIs(2));
  EXPECT_NE(SliceOf(plan, "a"), nullptr);
  EXPECT_NE(SliceOf(plan, "b"), nullptr);
}

TEST_F(PlannerTest, AChangeElsewhereMakesNothingStale) {
  Enrolled("s1");
  world_.Put("widget", "a", Widget({"s1"}));
  planner_.Reset(world_.facts());
  const PlanScope scope = PlanScope::Of({{"widget", "a"}});
  const std::string before = planner_.CurrentPlan(scope).digest();
  world_.facts().TakeChangedKeys();
  world_.Put("widget", "other", Widget({"s1"}));
  planner_.Update(world_.facts(), world_.facts().TakeChangedKeys());
  EXPECT_EQ(planner_.CurrentPlan(scope).digest(), before);
}

TEST_F(PlannerTest, AnUpdateReplansJustWhatReadsTheChange) {
  Enrolled("s1");
  world_.Put("widget", "a", Widget({"s1"}));
  world_.Put("widget", "b", Widget({"s1"}, {"a"}));
  planner_.Reset(world_.facts());
  world_.facts().TakeChangedKeys();
  podwright::testing::WidgetObserved observed;
  observed.set_payload("x");
  world_.facts().PutObserved(MakeTestObserved({"widget", "a"}, "s1", observed));
  const PlanUpdate update = planner_.Update(world_.facts(), world_.facts().TakeChangedKeys());
  EXPECT_THAT(update.replanned, ElementsAre(ObjectKey{"widget", "a"}));
  EXPECT_THAT(update.changed, ElementsAre(ObjectKey{"widget", "a"}));
  EXPECT_EQ(planner_.CurrentPlan().SerializeAsString(), Plan().SerializeAsString());
  EXPECT_EQ(std::string(planner_.CurrentDigest().View()), Plan().digest());
}

TEST_F(PlannerTest, APreviewPlansTheWouldBeAndTouchesNothing) {
  Enrolled("s1");
  world_.Put("widget", "a", Widget({"s1"}));
  Converge();
  world_.facts().TakeChangedKeys();
  planner_.Reset(world_.facts());
  FactOverlay overlay(world_.facts());
  ObjectInput changed = MakeTestObject("widget", "a", Widget({"s1"}, {}, "y"));
  changed.generation = 2;
  overlay.PutObject(changed);
  overlay.PutObject(MakeTestObject("widget", "b", Widget({"s1"}, {"a"})));
  std::vector<ObjectKey> touched;
  const v1::Plan preview = planner_.Preview(overlay, PlanScope::All(), &touched);
  EXPECT_THAT(touched, ElementsAre(ObjectKey{"widget", "a"}, ObjectKey{"widget", "b"}));
  EXPECT_EQ(preview.SerializeAsString(), planner_.PlanAll(overlay).SerializeAsString());
  EXPECT_THAT(planner_.CurrentPlan().slices(), IsEmpty());

  world_.facts().PutObject(changed);
  world_.Put("widget", "b", Widget({"s1"}, {"a"}));
  planner_.Update(world_.facts(), world_.facts().TakeChangedKeys());
  EXPECT_EQ(planner_.CurrentPlan().digest(), preview.digest());
}

TEST_F(PlannerTest, TheDigestDoesNotKnowUidsAndGenerations) {
  Enrolled("s1");
  ObjectInput input = MakeTestObject("widget", "w", Widget({"s1"}));
  world_.facts().PutObject(input);
  const v1::Plan before = Plan();
  input.uid = "another";
  input.generation = 7;
  world_.facts().PutObject(input);
  const v1::Plan after = Plan();
  EXPECT_EQ(after.digest(), before.digest());
  EXPECT_NE(after.slices(0).actions(0).id(), before.slices(0).actions(0).id());
}

TEST_F(PlannerTest, TheFirstDifferenceNamesTheFact) {
  Enrolled("s1");
  world_.Put("widget", "w", Widget({"s1"}));
  const v1::Plan before = Plan();
  EXPECT_EQ(FirstDifference(before, before), std::nullopt);

  podwright::testing::WidgetObserved observed;
  observed.set_payload("drifted");
  world_.facts().PutObserved(MakeTestObserved({"widget", "w"}, "s1", observed));
  EXPECT_EQ(FirstDifference(before, Plan()), "observed/widget/w@s1 is there now");
  const v1::Plan drifted = Plan();

  observed.set_payload("otherwise");
  world_.facts().PutObserved(MakeTestObserved({"widget", "w"}, "s1", observed));
  EXPECT_EQ(FirstDifference(drifted, Plan()), "observed/widget/w@s1 changed");

  world_.Put("widget", "w", Widget({"s1"}, {}, "z"));
  EXPECT_EQ(FirstDifference(drifted, Plan()), "object/widget/w changed");
  world_.CarryOut(Plan());
  EXPECT_EQ(FirstDifference(drifted, Plan()), "widget/w has nothing to do any more");
}

}  // namespace
}  // namespace podwright::planner
