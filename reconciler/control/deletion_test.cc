// Tombstones: what Terraform's order of destroying and creating needs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

class DeletionTest : public ::testing::Test {
 protected:
  DeletionTest() {
    world.AddAgent("web-1");
    world.AddAgent("web-2");
    auto request = world.Request("tofu:shop");
    World::PutServer(&request, "web-1");
    World::PutServer(&request, "web-2");
    World::PutWidget(&request, "lamp", World::Widget({"web-1", "web-2"}, "x"));
    EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
    world.Advance(minutes(1));
  }
  v1::ApplyRequest Deletion(const std::string& kind, const std::string& name) {
    auto request = world.Request("tofu:shop");
    World::Delete(&request, kind, name);
    return request;
  }
  World world;
};

TEST_F(DeletionTest, AReferencedObjectGoesWhenTheLastLetsGo) {
  const auto deleted = world.Apply(Deletion("server", "web-2"));
  ASSERT_TRUE(deleted.ok()) << deleted.error().ToString();
  ASSERT_GT(deleted->warnings_size(), 0);
  EXPECT_THAT(deleted->warnings(0), HasSubstr("widget/lamp"));
  world.Advance(minutes(30));
  EXPECT_EQ(world.Get("server", "web-2").phase(), v1::PHASE_DELETING);
  EXPECT_TRUE(world.link.Find("web-2")->widgets.contains("lamp"));

  auto change = world.Request("tofu:shop");
  World::PutWidget(&change, "lamp", World::Widget({"web-1"}, "x"));
  EXPECT_EQ(world.ApplyAndFinish(change).state(), v1::RUN_STATE_SUCCEEDED);
  world.Advance(minutes(5));
  EXPECT_FALSE(world.link.Find("web-2")->widgets.contains("lamp"));
  EXPECT_FALSE(world.Exists("server", "web-2"));
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_READY);
}

TEST_F(DeletionTest, TheWholeGoesInTheRightOrder) {
  auto request = Deletion("server", "web-1");
  World::Delete(&request, "server", "web-2");
  World::Delete(&request, "widget", "lamp");
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  world.Advance(minutes(5));
  EXPECT_FALSE(world.Exists("widget", "lamp"));
  EXPECT_FALSE(world.Exists("server", "web-1"));
  EXPECT_TRUE(world.link.Find("web-1")->widgets.empty());
  EXPECT_FALSE(world.link.Find("web-1")->Confirmed("server/web-1"));
}

TEST_F(DeletionTest, CreatingALiveTombstoneAgainTakesItUp) {
  const std::string uid = world.Get("server", "web-2").object().uid();
  ASSERT_TRUE(world.Apply(Deletion("server", "web-2")).ok());
  world.Settle();
  auto other = world.Request("tofu:other");
  World::PutServer(&other, "web-2");
  EXPECT_EQ(world.Apply(other).error().code(), ErrorCode::kConflict);
  auto request = world.Request("tofu:shop");
  World::PutServer(&request, "web-2");
  (*request.mutable_expected_revisions())["server/web-2"] = 0;
  const auto again = world.Apply(request);
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  world.Advance(minutes(1));
  EXPECT_EQ(world.Get("server", "web-2").object().uid(), uid);
  EXPECT_EQ(world.Get("server", "web-2").phase(), v1::PHASE_READY);
}

TEST_F(DeletionTest, ANeverReadyObjectIsKeptForAWhileAndResumed) {
  MemoryAgent& agent = *world.link.Find("web-1");
  agent.FailNext("widget.put", 1, true);
  auto create = world.Request("tofu:shop");
  World::PutWidget(&create, "chair", World::Widget({"web-1"}, "wood"));
  ASSERT_EQ(world.ApplyAndFinish(create).state(), v1::RUN_STATE_FAILED);
  const std::string uid = world.Get("widget", "chair").object().uid();
  const auto deleted = world.Apply(Deletion("widget", "chair"));
  ASSERT_TRUE(deleted.ok());
  EXPECT_TRUE(deleted->run().empty());
  world.Advance(minutes(5));
  ASSERT_TRUE(world.Exists("widget", "chair"));
  EXPECT_EQ(world.ApplyAndFinish(create).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(world.Get("widget", "chair").object().uid(), uid);
  EXPECT_EQ(agent.widgets["chair"], "wood");
}

TEST_F(DeletionTest, AReadyObjectIsKeptForAWhileWhereTheRequestAsksForIt) {
  MemoryAgent& agent = *world.link.Find("web-1");
  auto create = world.Request("tofu:shop");
  World::PutWidget(&create, "chair", World::Widget({"web-1"}, "wood"));
  ASSERT_EQ(world.ApplyAndFinish(create).state(), v1::RUN_STATE_SUCCEEDED);
  const std::string uid = world.Get("widget", "chair").object().uid();
  auto deletion = Deletion("widget", "chair");
  deletion.set_hold_deletes(true);
  const auto deleted = world.Apply(deletion);
  ASSERT_TRUE(deleted.ok());
  EXPECT_TRUE(deleted->run().empty());
  world.Advance(minutes(5));
  EXPECT_EQ(agent.widgets["chair"], "wood");
  ASSERT_TRUE(world.Apply(create).ok());
  world.Advance(minutes(12));
  EXPECT_EQ(world.Get("widget", "chair").object().uid(), uid);
  EXPECT_EQ(agent.widgets["chair"], "wood");
  // Without it, or when nobody comes back for it, it goes.
  ASSERT_TRUE(world.Apply(deletion).ok());
  world.Advance(minutes(12));
  EXPECT_FALSE(world.Exists("widget", "chair"));
}

TEST_F(DeletionTest, ANeverReadyObjectThatNobodyCreatesAgainGoes) {
  world.link.Find("web-1")->FailNext("widget.put", 1, true);
  auto create = world.Request("tofu:shop");
  World::PutWidget(&create, "chair", World::Widget({"web-1"}, "wood"));
  ASSERT_EQ(world.ApplyAndFinish(create).state(), v1::RUN_STATE_FAILED);
  ASSERT_TRUE(world.Apply(Deletion("widget", "chair")).ok());
  world.Advance(minutes(12));
  EXPECT_FALSE(world.Exists("widget", "chair"));
}

TEST_F(DeletionTest, DeletingWhatIsNotThereIsDone) {
  EXPECT_TRUE(world.Apply(Deletion("widget", "ghost")).ok());
}

}  // namespace
}  // namespace podwright::control::testing
