// Windows and waves over agents in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/policy.pb.h"
#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;
using v1::kinds::PolicySpec;

class HoldsTest : public ::testing::Test {
 protected:
  // The clock of a world begins on Tuesday, 14 November 2023, 22:13 UTC.
  static PolicySpec Night(const std::string& from = "restart") {
    PolicySpec spec;
    auto& window = (*spec.mutable_windows())["night"];
    window.add_open("02:00-04:00");
    window.set_from(from);
    return spec;
  }

  void Declare(const PolicySpec& spec) {
    auto request = world.Request("cli:policy");
    World::Put(&request, "policy", "default", spec);
    const auto response = world.Apply(request);
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    world.Settle();
  }

  void MakeWidgets(const std::vector<std::string>& names) {
    auto request = world.Request();
    for (const std::string& name : names) {
      world.AddAgent("on-" + name);
      World::PutServer(&request, "on-" + name);
    }
    for (const std::string& name : names) Add(&request, name, "none", "old");
    ASSERT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  }

  void Add(v1::ApplyRequest* request, const std::string& name, const std::string& disruption,
           const std::string& payload = "new", const std::string& needs = "") {
    auto spec = World::Widget({"on-" + name}, payload);
    spec.set_disruption(disruption);
    if (!needs.empty()) spec.add_needs(needs);
    World::PutWidget(request, name, spec);
    (*request->mutable_puts(request->puts_size() - 1)->mutable_labels())["stage"] = name;
  }

  std::string Has(const std::string& name) { return world.link.Find("on-" + name)->widgets.at(name); }

  v1::Run GetRun(const std::string& id) {
    v1::GetRunRequest request;
    request.set_id(id);
    return world.control().GetRun(world.admin, request).value();
  }

  World world;
};

TEST_F(HoldsTest, WhatDisturbsWaitsForItsWindowAndTheRestGoesOn) {
  MakeWidgets({"calm", "loud"});
  Declare(Night());
  auto request = world.Request();
  Add(&request, "calm", "reload");
  Add(&request, "loud", "restart");
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  ASSERT_EQ(response->policy().windows_size(), 1);
  EXPECT_EQ(response->policy().windows(0).object().name(), "loud");
  world.Settle();
  EXPECT_EQ(Has("calm"), "new");
  EXPECT_EQ(Has("loud"), "old");
  EXPECT_EQ(world.Get("widget", "calm").phase(), v1::PHASE_READY);
  const v1::ObjectView waits = world.Get("widget", "loud");
  EXPECT_EQ(waits.phase(), v1::PHASE_PENDING);
  EXPECT_EQ(waits.conditions(0).reason(), "WaitsForWindow");
  EXPECT_THAT(waits.conditions(0).message(), HasSubstr("opens at 2023-11-15T02:00:00"));
  EXPECT_THAT(GetRun(response->run()).waiting(0), HasSubstr("night (02:00-04:00 UTC)"));
  world.Advance(hours(3));
  EXPECT_EQ(Has("loud"), "old");
  world.Advance(minutes(60));
  EXPECT_EQ(Has("loud"), "new");
  EXPECT_EQ(GetRun(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(HoldsTest, ARunIsReleasedByAPerson) {
  MakeWidgets({"loud"});
  Declare(Night());
  auto request = world.Request();
  Add(&request, "loud", "restart");
  const std::string run = world.Apply(request)->run();
  world.Settle();
  v1::GetRunRequest release;
  release.set_id(run);
  EXPECT_EQ(world.control().ReleaseRun({"token:v", Role::kViewer, "*"}, release).error().code(),
            ErrorCode::kPermissionDenied);
  ASSERT_TRUE(world.control().ReleaseRun({"token:ada", Role::kOperator, "*"}, release).ok());
  world.Settle();
  EXPECT_EQ(Has("loud"), "new");
  EXPECT_EQ(GetRun(run).released_by(), "token:ada");
  EXPECT_EQ(world.CountEvents("run.released"), 1);
}

TEST_F(HoldsTest, WhatWaitsForAWindowSurvivesARestart) {
  MakeWidgets({"loud"});
  Declare(Night());
  auto request = world.Request();
  Add(&request, "loud", "restart");
  const std::string run = world.Apply(request)->run();
  world.Settle();
  world.StartControl();
  world.link.Connect("on-loud");
  world.Settle();
  EXPECT_EQ(Has("loud"), "old");
  world.Advance(hours(4));
  EXPECT_EQ(Has("loud"), "new");
  EXPECT_EQ(GetRun(run).state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(HoldsTest, WhatDependsOnSomethingThatWaitsIsDoneAfterIt) {
  MakeWidgets({"base", "user"});
  Declare(Night());
  auto request = world.Request();
  Add(&request, "base", "restart");
  Add(&request, "user", "none", "new", "base");
  const std::string run = world.Apply(request)->run();
  world.Settle();
  EXPECT_EQ(Has("user"), "old");
  world.Advance(hours(4));
  EXPECT_EQ(Has("base"), "new");
  EXPECT_EQ(Has("user"), "new");
  EXPECT_EQ(GetRun(run).state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(HoldsTest, WhatChangedWhileItWaitedIsPlannedAgain) {
  MakeWidgets({"loud"});
  Declare(Night());
  auto request = world.Request();
  Add(&request, "loud", "restart");
  const std::string run = world.Apply(request)->run();
  world.Settle();
  // Somebody did it by hand.
  world.link.Find("on-loud")->widgets["loud"] = "new";
  world.link.Disconnect("on-loud");
  world.link.Connect("on-loud");
  world.Advance(hours(4));
  const v1::Run done = GetRun(run);
  EXPECT_EQ(done.state(), v1::RUN_STATE_SUCCEEDED);
  for (const auto& record : done.actions()) EXPECT_EQ(record.state(), v1::ACTION_STATE_SKIPPED);
}

TEST_F(HoldsTest, ANewerChangeTakesOverWhatWaits) {
  MakeWidgets({"loud"});
  Declare(Night());
  auto request = world.Request();
  Add(&request, "loud", "restart");
  const std::string first = world.Apply(request)->run();
  world.Settle();
  auto newer = world.Request();
  Add(&newer, "loud", "none", "newest");
  ASSERT_EQ(world.ApplyAndFinish(newer).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Has("loud"), "newest");
  EXPECT_EQ(GetRun(first).state(), v1::RUN_STATE_SUPERSEDED);
}

TEST_F(HoldsTest, AWindowIsForWhatItNames) {
  MakeWidgets({"loud", "free"});
  PolicySpec spec = Night();
  (*spec.mutable_windows())["night"].set_selector("stage=loud");
  Declare(spec);
  auto request = world.Request();
  Add(&request, "loud", "restart");
  Add(&request, "free", "restart");
  ASSERT_TRUE(world.Apply(request).ok());
  world.Settle();
  EXPECT_EQ(Has("loud"), "old");
  EXPECT_EQ(Has("free"), "new");
}

TEST_F(HoldsTest, WavesGoOneAfterTheOther) {
  MakeWidgets({"canary", "main", "apart"});
  PolicySpec spec;
  spec.add_waves("stage=canary");
  spec.add_waves("stage=main");
  Declare(spec);
  world.link.Disconnect("on-canary");
  world.Settle();
  auto request = world.Request();
  for (const char* name : {"canary", "main", "apart"}) Add(&request, name, "none");
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  ASSERT_EQ(response->policy().waves_size(), 2);
  EXPECT_EQ(response->policy().waves(0).objects(0).name(), "canary");
  world.Settle();
  EXPECT_EQ(Has("main"), "old");
  EXPECT_EQ(Has("apart"), "new");
  world.link.Connect("on-canary");
  const v1::Run run = world.Finish(response->run());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  std::map<std::string, std::uint64_t> sequence;
  for (const auto& record : run.actions()) sequence[record.action().object().name()] = record.sequence();
  EXPECT_LT(sequence["canary"], sequence["main"]);
  EXPECT_EQ(Has("main"), "new");
}

TEST_F(HoldsTest, AFailureInAWaveStopsTheLaterOnes) {
  MakeWidgets({"canary", "main"});
  PolicySpec spec;
  spec.add_waves("stage=canary");
  spec.add_waves("stage=main");
  Declare(spec);
  world.link.Find("on-canary")->FailNext("widget.put", 1, true);
  auto request = world.Request();
  Add(&request, "canary", "none");
  Add(&request, "main", "none");
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_FAILED);
  EXPECT_EQ(Has("main"), "old");
  bool told = false;
  for (const auto& record : run.actions()) {
    if (record.action().object().name() != "main") continue;
    EXPECT_EQ(record.state(), v1::ACTION_STATE_SKIPPED);
    told = record.outcome().error().find("wave 1 did not become ready: widget/canary") != std::string::npos;
  }
  EXPECT_TRUE(told) << run.DebugString();
  // Nor later by themselves, until somebody has seen to what failed.
  world.Advance(std::chrono::hours(1));
  EXPECT_EQ(Has("main"), "old");
  auto mended = world.Request();
  Add(&mended, "canary", "none", "mended");
  EXPECT_EQ(world.ApplyAndFinish(mended).state(), v1::RUN_STATE_SUCCEEDED);
  world.Advance(std::chrono::hours(1));
  EXPECT_EQ(Has("canary"), "mended");
  EXPECT_EQ(Has("main"), "new");
}

TEST_F(HoldsTest, WhatAnEarlierWaveNeedsGoesWithIt) {
  MakeWidgets({"canary", "main"});
  PolicySpec spec;
  spec.add_waves("stage=canary");
  spec.add_waves("stage=main");
  Declare(spec);
  auto request = world.Request();
  Add(&request, "canary", "none", "new", "main");
  Add(&request, "main", "none");
  const auto response = world.Apply(request);
  ASSERT_EQ(response->policy().waves_size(), 1);
  EXPECT_EQ(response->policy().waves(0).objects_size(), 2);
  EXPECT_EQ(world.Finish(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace podwright::control::testing
