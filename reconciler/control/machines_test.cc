// Machines of a cloud: made once, found again, removed, and strays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MachinesTest : public ::testing::Test {
 protected:
  v1::ApplyRequest LabServer(const std::string& size = "") {
    auto request = world.Request();
    v1::kinds::ServerSpec spec;
    spec.set_cloud("lab");
    if (!size.empty()) spec.set_size(size);
    (*spec.mutable_files())["/etc/motd"].set_content("hello");
    World::Put(&request, "server", "web-1", spec);
    return request;
  }
  std::size_t Machines() { return world.cloud.List({}).value().size(); }
  World world;
};

TEST_F(MachinesTest, AServerIsMadeEnrolledAndConverged) {
  const v1::Run run = world.ApplyAndFinish(LabServer());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(world.link.Find("web-1")->files["/etc/motd"].content(), "hello");
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_READY);
  const auto machines = world.control().ListMachines(world.admin);
  ASSERT_TRUE(machines.ok());
  ASSERT_EQ(machines->machines_size(), 1);
  EXPECT_EQ(machines->machines(0).state(), "running");
}

TEST_F(MachinesTest, ADeletedServerLeavesNoMachine) {
  world.ApplyAndFinish(LabServer());
  auto deletion = world.Request();
  World::Delete(&deletion, "server", "web-1");
  const v1::Run run = world.ApplyAndFinish(deletion);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(Machines(), 0U);
  EXPECT_FALSE(world.Exists("server", "web-1"));
  EXPECT_TRUE(world.link.released.contains("web-1"));
}

TEST_F(MachinesTest, APassingFaultOfTheCloudIsTriedAgainWithTheSameTag) {
  world.cloud.Inject(clouds::Operation::kCreate, clouds::FaultMoment::kMidway, Unavailable("the cloud hiccups"));
  world.cloud.Inject(clouds::Operation::kCreate, clouds::FaultMoment::kAfter, Unavailable("the answer was lost"));
  const v1::Run run = world.ApplyAndFinish(LabServer());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(Machines(), 1U);
}

TEST_F(MachinesTest, WhatTheCloudRefusesForGoodStallsWithItsWords) {
  world.cloud.Inject(clouds::Operation::kCreate, clouds::FaultMoment::kBefore, InvalidArgument("no such image"));
  const v1::Run run = world.ApplyAndFinish(LabServer());
  EXPECT_EQ(run.state(), v1::RUN_STATE_FAILED);
  EXPECT_THAT(run.error(), HasSubstr("no such image"));
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_STALLED);
}

TEST_F(MachinesTest, AnAgentThatNeverComesIsAFailureInTheEnd) {
  world.cloud.OnBoot([](const clouds::Machine&, const clouds::MachineRequest&) {});
  const auto response = world.Apply(LabServer());
  ASSERT_TRUE(response.ok());
  world.Advance(std::chrono::hours(2));
  v1::GetRunRequest request;
  request.set_id(response->run());
  const v1::Run run = world.control().GetRun(world.admin, request).value();
  EXPECT_EQ(run.state(), v1::RUN_STATE_FAILED);
  EXPECT_THAT(run.error(), HasSubstr("did not enrol in time"));
}

TEST_F(MachinesTest, AStrayIsFoundByItsTagAndRemoved) {
  clouds::MachineRequest request;
  request.tag = "pw-web-9-left-over";
  request.name = "web-9";
  request.labels["workspace"] = "default";
  world.cloud.OnBoot([](const clouds::Machine&, const clouds::MachineRequest&) {});
  ASSERT_TRUE(world.cloud.Create(request, {}).ok());
  world.Advance(minutes(6));
  EXPECT_EQ(Machines(), 0U);
  EXPECT_EQ(world.CountEvents("machine.stray"), 1);
}

TEST_F(MachinesTest, TheListShowsWhatIsOnRecordAndStrays) {
  world.ApplyAndFinish(LabServer());
  clouds::MachineRequest request;
  request.tag = "pw-web-9-left-over";
  request.name = "web-9";
  request.labels["workspace"] = "shop";
  world.cloud.OnBoot([](const clouds::Machine&, const clouds::MachineRequest&) {});
  ASSERT_TRUE(world.cloud.Create(request, {}).ok());
  const auto list = [&](const std::string& workspace) {
    Caller caller = world.admin;
    caller.workspace = workspace;
    std::vector<std::string> lines;
    const auto machines = world.control().ListMachines(caller);
    if (!machines.ok()) return std::vector<std::string>{machines.error().ToString()};
    for (const v1::MachineView& machine : machines->machines()) {
      lines.push_back(machine.workspace() + "/" + machine.server() + " " + machine.state() +
                      (machine.stray() ? " stray" : ""));
    }
    return lines;
  };
  EXPECT_THAT(list("*"), ElementsAre("default/web-1 running", "shop/web-9 running stray"));
  EXPECT_THAT(list("default"), ElementsAre("default/web-1 running"));
  world.cloud.Inject(clouds::Operation::kList, clouds::FaultMoment::kBefore, Unavailable("no answer"));
  EXPECT_THAT(list("*"), ElementsAre(HasSubstr("lab cannot be listed: no answer")));
  world.Advance(minutes(6));
  EXPECT_THAT(list("*"), ElementsAre("default/web-1 running"));
}

TEST_F(MachinesTest, AMachineThatIsLostIsMadeAgain) {
  world.ApplyAndFinish(LabServer());
  const std::string tag = world.cloud.List({}).value().front().tag;
  world.cloud.Lose(tag);
  world.link.Remove("web-1");
  world.Advance(minutes(10));
  EXPECT_EQ(world.CountEvents("machine.lost"), 1);
  ASSERT_EQ(Machines(), 1U);
  EXPECT_NE(world.cloud.List({}).value().front().tag, tag);
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_READY);
}

}  // namespace
}  // namespace podwright::control::testing
