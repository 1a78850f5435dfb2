// Runs over agents in memory: order, batches, failure, taking back, waiting, cancelling, pausing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

class RunsTest : public ::testing::Test {
 protected:
  v1::ApplyRequest Servers(const std::vector<std::string>& names) {
    auto request = world.Request();
    for (const std::string& name : names) World::PutServer(&request, name);
    return request;
  }
  v1::Run GetRun(const std::string& id) {
    v1::GetRunRequest request;
    request.set_id(id);
    return world.control().GetRun(world.admin, request).value();
  }
  World world;
};

TEST_F(RunsTest, WhatIsNeededComesFirst) {
  world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  auto b = World::Widget({"web-1"}, "b");
  b.add_needs("c");
  auto a = World::Widget({"web-1"}, "a");
  a.add_needs("b");
  World::PutWidget(&request, "a", a);
  World::PutWidget(&request, "b", b);
  World::PutWidget(&request, "c", World::Widget({"web-1"}, "c"));
  const v1::Run run = world.ApplyAndFinish(request);
  ASSERT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  std::map<std::string, std::uint64_t> sequence;
  for (const auto& record : run.actions()) sequence[record.action().object().name()] = record.sequence();
  EXPECT_LT(sequence["c"], sequence["b"]);
  EXPECT_LT(sequence["b"], sequence["a"]);
}

TEST_F(RunsTest, ABatchGoesOnlyAsFastAsItsMembersStayHealthy) {
  std::vector<std::string> names;
  for (int i = 1; i <= 4; ++i) names.push_back("web-" + std::to_string(i));
  for (const std::string& name : names) world.AddAgent(name);
  auto request = Servers(names);
  auto widget = World::Widget(names, "x");
  widget.set_max_parallel(2);
  widget.set_healthy_time(60'000);
  World::PutWidget(&request, "lamp", widget);
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok());
  const auto done = [&] {
    int count = 0;
    for (const std::string& name : names) count += world.link.Find(name)->widgets.contains("lamp") ? 1 : 0;
    return count;
  };
  world.Settle();
  EXPECT_EQ(done(), 2);
  world.Advance(seconds(59));
  EXPECT_EQ(done(), 2);
  world.Advance(seconds(2));
  EXPECT_EQ(done(), 4);
  EXPECT_EQ(world.Finish(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(RunsTest, TheFirstFailureStopsABatchAndWhatWasDoneIsTakenBack) {
  const std::vector<std::string> names = {"web-1", "web-2", "web-3"};
  for (const std::string& name : names) world.AddAgent(name);
  world.ApplyAndFinish([&] {
    auto request = Servers(names);
    World::PutWidget(&request, "lamp", World::Widget(names, "old"));
    return request;
  }());
  world.link.Find("web-2")->FailNext("widget.put", 1, true);
  auto request = world.Request();
  auto widget = World::Widget(names, "new");
  widget.set_max_parallel(1);
  World::PutWidget(&request, "lamp", widget);
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_FAILED);
  EXPECT_THAT(run.error(), HasSubstr("web-2"));
  for (const std::string& name : names) EXPECT_EQ(world.link.Find(name)->widgets["lamp"], "old") << name;
  std::map<std::string, v1::ActionState> states;
  for (const auto& record : run.actions()) {
    if (record.compensates().empty()) states[record.action().server()] = record.state();
  }
  EXPECT_EQ(states["web-1"], v1::ACTION_STATE_COMPENSATED);
  EXPECT_EQ(states["web-2"], v1::ACTION_STATE_FAILED);
  EXPECT_EQ(states["web-3"], v1::ACTION_STATE_SKIPPED);
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_STALLED);
}

TEST_F(RunsTest, AStalledObjectIsLeftAloneUntilSomebodySaysRetry) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  agent.FailNext("widget.put", 1, true);
  const v1::Run failed = world.ApplyAndFinish(request);
  ASSERT_EQ(failed.state(), v1::RUN_STATE_FAILED);
  world.Advance(minutes(60));
  EXPECT_EQ(agent.total_effects(), 0);
  v1::RetryRequest retry;
  retry.set_run(failed.id());
  const auto response = world.control().Retry(world.admin, retry);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(world.Finish(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent.widgets["lamp"], "x");
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_READY);
}

TEST_F(RunsTest, NamingAStalledObjectAgainIsSayingRetry) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  agent.FailNext("widget.put", 1, true);
  ASSERT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_FAILED);
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent.widgets["lamp"], "x");
}

TEST_F(RunsTest, AFactThatChangedIsReasonEnoughToTryAgain) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  agent.FailNext("widget.put", 1, true);
  ASSERT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_FAILED);
  agent.widgets["lamp"] = "something else";
  world.link.Disconnect("web-1");
  world.link.Connect("web-1");
  world.Advance(minutes(5));
  EXPECT_EQ(agent.widgets["lamp"], "x");
}

TEST_F(RunsTest, APassingFaultIsTriedAgainWithBackoffAtMostFourTimes) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  agent.FailNext("widget.put", 3, false);
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED);
  ASSERT_EQ(run.actions_size(), 1);
  EXPECT_EQ(run.actions(0).attempt(), 4U);
  EXPECT_EQ(agent.total_effects(), 1);

  agent.FailNext("widget.put", 4, false);
  auto next = world.Request();
  World::PutWidget(&next, "lamp", World::Widget({"web-1"}, "y"));
  EXPECT_EQ(world.ApplyAndFinish(next).state(), v1::RUN_STATE_FAILED);
  EXPECT_EQ(agent.widgets["lamp"], "x");
}

TEST_F(RunsTest, WhatDependsOnAFailureIsSkippedAndGoesOnWhenThatIsReady) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "base", World::Widget({"web-1"}, "x"));
  auto top = World::Widget({"web-1"}, "y");
  top.add_needs("base");
  World::PutWidget(&request, "top", top);
  World::PutWidget(&request, "other", World::Widget({"web-1"}, "z"));
  agent.FailNext("widget.put", 1, true);
  // "base" is the first to be put, by the order of names.
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_FAILED);
  EXPECT_FALSE(agent.widgets.contains("base"));
  EXPECT_FALSE(agent.widgets.contains("top"));
  EXPECT_TRUE(agent.widgets.contains("other"));
  v1::RetryRequest retry;
  retry.mutable_object()->set_kind("widget");
  retry.mutable_object()->set_name("base");
  const auto response = world.control().Retry(world.admin, retry);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(world.Finish(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
  world.Advance(minutes(10));
  EXPECT_EQ(agent.widgets["top"], "y");
  EXPECT_EQ(world.Get("widget", "top").phase(), v1::PHASE_READY);
}

TEST_F(RunsTest, ARunWaitsForAnAgentThatIsAwayAndSaysSo) {
  MemoryAgent& agent = world.AddAgent("web-1", false);
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok());
  world.Advance(minutes(5));
  ASSERT_EQ(GetRun(response->run()).waiting_size(), 1);
  EXPECT_THAT(GetRun(response->run()).waiting(0), HasSubstr("the agent of web-1 is away"));
  const v1::ObjectView view = world.Get("widget", "lamp");
  EXPECT_EQ(view.phase(), v1::PHASE_CONVERGING);
  EXPECT_THAT(view.conditions(0).message(), HasSubstr("is away"));
  world.link.Connect("web-1");
  EXPECT_EQ(world.Finish(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent.widgets["lamp"], "x");
}

TEST_F(RunsTest, AfterTheDeadlineTheRunFailsAndTheAgentsReturnBringsANewOne) {
  MemoryAgent& agent = world.AddAgent("web-1", false);
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok());
  world.Advance(minutes(11));
  EXPECT_EQ(GetRun(response->run()).state(), v1::RUN_STATE_FAILED);
  EXPECT_THAT(GetRun(response->run()).error(), HasSubstr("did not come in time"));
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_PENDING);
  world.link.Connect("web-1");
  world.Advance(minutes(1));
  EXPECT_EQ(agent.widgets["lamp"], "x");
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_READY);
}

TEST_F(RunsTest, AnActionLostWithItsStreamIsSentAgainAndDoneOnce) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  agent.Hold(true);
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok());
  world.Settle();
  EXPECT_EQ(agent.total_effects(), 0);
  world.link.Disconnect("web-1");
  agent.Hold(false);
  world.link.Connect("web-1");
  const v1::Run run = world.Finish(response->run());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(run.actions(0).attempt(), 1U);
  EXPECT_EQ(agent.total_effects(), 1);
}

TEST_F(RunsTest, ANewerRevisionTakesOverItsObjectAndLeavesTheOthers) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "a", World::Widget({"web-1"}, "a1"));
  World::PutWidget(&request, "b", World::Widget({"web-1"}, "b1"));
  agent.Hold(true);
  const auto first = world.Apply(request);
  ASSERT_TRUE(first.ok());
  world.Settle();
  auto newer = world.Request();
  World::PutWidget(&newer, "b", World::Widget({"web-1"}, "b2"));
  const auto second = world.Apply(newer);
  ASSERT_TRUE(second.ok());
  world.Settle();
  agent.Hold(false);
  const v1::Run old_run = world.Finish(first->run());
  EXPECT_EQ(old_run.state(), v1::RUN_STATE_SUCCEEDED) << old_run.DebugString();
  EXPECT_EQ(world.Finish(second->run()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent.widgets["a"], "a1");
  EXPECT_EQ(agent.widgets["b"], "b2");
  std::map<std::string, v1::RunPartState> parts;
  for (const auto& part : old_run.parts()) parts[part.object().name()] = part.state();
  EXPECT_EQ(parts["a"], v1::RUN_PART_STATE_DONE);
  EXPECT_EQ(parts["b"], v1::RUN_PART_STATE_SUPERSEDED);
}

TEST_F(RunsTest, ARunWhoseObjectsWereAllTakenOverIsSuperseded) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "1"));
  agent.Hold(true);
  const auto first = world.Apply(request);
  world.Settle();
  auto newer = world.Request();
  World::PutWidget(&newer, "lamp", World::Widget({"web-1"}, "2"));
  const auto second = world.Apply(newer);
  ASSERT_TRUE(second.ok());
  world.Settle();
  EXPECT_EQ(GetRun(second->run()).state(), v1::RUN_STATE_QUEUED) << "an action of the first run is under way";
  agent.Hold(false);
  EXPECT_EQ(world.Finish(second->run()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(GetRun(first->run()).state(), v1::RUN_STATE_SUPERSEDED);
  EXPECT_EQ(agent.widgets["lamp"], "2");
}

TEST_F(RunsTest, ACancelledRunBeginsNothingMoreAndIsNotBegunAgainByItself) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "a", World::Widget({"web-1"}, "x"));
  World::PutWidget(&request, "b", World::Widget({"web-1"}, "x"));
  agent.Hold(true);
  const auto response = world.Apply(request);
  world.Settle();
  v1::GetRunRequest cancel;
  cancel.set_id(response->run());
  ASSERT_TRUE(world.control().CancelRun(world.admin, cancel).ok());
  agent.Hold(false);
  const v1::Run run = world.Finish(response->run());
  EXPECT_EQ(run.state(), v1::RUN_STATE_CANCELLED) << run.DebugString();
  EXPECT_EQ(agent.widgets.size(), 1U);
  world.Advance(minutes(30));
  EXPECT_EQ(agent.widgets.size(), 1U);
}

TEST_F(RunsTest, APausedObjectWaitsAndIsNotRepaired) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  world.ApplyAndFinish(request);
  v1::PauseRequest pause;
  pause.mutable_object()->set_kind("widget");
  pause.mutable_object()->set_name("lamp");
  pause.set_for_ms(minutes(30).count() * 60'000);
  pause.set_reason("people at work");
  const auto view = world.control().Pause(world.admin, pause);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->phase(), v1::PHASE_PAUSED);
  world.Settle();
  EXPECT_TRUE(agent.Paused("widget/lamp"));
  agent.widgets["lamp"] = "y";
  agent.CheckDrift(true);
  world.Advance(minutes(10));
  EXPECT_EQ(agent.widgets["lamp"], "y");
  pause.set_for_ms(0);
  ASSERT_TRUE(world.control().Pause(world.admin, pause).ok());
  world.Advance(minutes(2));
  EXPECT_EQ(agent.widgets["lamp"], "x");
  EXPECT_FALSE(agent.Paused("widget/lamp"));
}

TEST_F(RunsTest, APauseEndsByItself) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  world.ApplyAndFinish(request);
  v1::PauseRequest pause;
  pause.mutable_object()->set_kind("widget");
  pause.mutable_object()->set_name("lamp");
  pause.set_for_ms(600'000);
  ASSERT_TRUE(world.control().Pause(world.admin, pause).ok());
  world.Settle();
  agent.widgets["lamp"] = "y";
  agent.CheckDrift(false);
  world.Advance(minutes(9));
  EXPECT_EQ(agent.widgets["lamp"], "y");
  world.Advance(minutes(3));
  EXPECT_EQ(agent.widgets["lamp"], "x");
}

TEST_F(RunsTest, DriftThatTheAgentRepairsNeedsNoRun) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  world.ApplyAndFinish(request);
  const int effects = agent.total_effects();
  agent.widgets["lamp"] = "y";
  agent.CheckDrift(false);
  world.Settle();
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_DEGRADED);
  agent.CheckDrift(true);
  world.Advance(minutes(5));
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_READY);
  EXPECT_EQ(agent.total_effects(), effects);
  EXPECT_EQ(world.CountEvents("drift.repaired"), 1);
}

TEST_F(RunsTest, DriftThatTheAgentLeavesIsRepairedByARun) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  world.ApplyAndFinish(request);
  agent.widgets["lamp"] = "y";
  agent.CheckDrift(false);
  world.Advance(seconds(20));
  EXPECT_EQ(agent.widgets["lamp"], "y");
  world.Advance(seconds(20));
  EXPECT_EQ(agent.widgets["lamp"], "x");
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_READY);
}

TEST_F(RunsTest, AnAgentThatIsPausedOnItsServerIsSentNothing) {
  MemoryAgent& agent = world.AddAgent("web-1");
  agent.PauseOnHost(ToUnixMillis(world.clock.Now()) + 3'600'000);
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok());
  world.Advance(minutes(50));
  EXPECT_TRUE(agent.widgets.empty());
  EXPECT_THAT(GetRun(response->run()).waiting(0), HasSubstr("web-1 is paused on the server"));
  world.Advance(minutes(15));
  EXPECT_EQ(agent.widgets["lamp"], "x");
  EXPECT_EQ(GetRun(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(RunsTest, MeasuredDowntimeStandsBesideTheEstimate) {
  world.AddAgent("web-1");
  auto request = Servers({"web-1"});
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  world.ApplyAndFinish(request);
  auto change = world.Request();
  auto widget = World::Widget({"web-1"}, "y");
  widget.set_disruption("restart");
  World::PutWidget(&change, "lamp", widget);
  const v1::Run run = world.ApplyAndFinish(change);
  EXPECT_GT(run.estimated_downtime_ms(), 0);
  EXPECT_EQ(run.measured_downtime_ms(), run.estimated_downtime_ms() / 2);
}

TEST_F(RunsTest, RunsAreListedTheNewestFirstInPages) {
  world.AddAgent("web-1");
  world.ApplyAndFinish(Servers({"web-1"}));
  std::vector<std::string> ids;
  for (const char* payload : {"1", "2", "3"}) {
    auto request = world.Request();
    World::PutWidget(&request, "lamp", World::Widget({"web-1"}, payload));
    ids.push_back(world.ApplyAndFinish(request).id());
    world.Advance(seconds(1));
  }
  v1::ListRunsRequest list;
  list.set_page_size(2);
  const auto first = world.control().ListRuns(world.admin, list);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->runs_size(), 2);
  EXPECT_EQ(first->runs(0).id(), ids[2]);
  list.set_page_token(first->next_page_token());
  const auto second = world.control().ListRuns(world.admin, list);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second->runs_size(), 1);
  EXPECT_EQ(second->runs(0).id(), ids[0]);
}

}  // namespace
}  // namespace podwright::control::testing
