#include "reconciler/clouds/memory_cloud.h"

#include "reconciler/clouds/cloud_contract.h"

namespace podwright::clouds {
namespace {

class MemoryCloudTest : public testing::Test {
 protected:
  Cloud& cloud() { return cloud_; }
  static CallOptions options() { return {}; }
  static std::string Tag(int n) { return "t" + std::to_string(n); }
  Status MakeIncomplete(const MachineRequest& request) {
    cloud_.Inject(Operation::kCreate, FaultMoment::kMidway, Unavailable("the power went"));
    auto made = cloud_.Create(request, {});
    if (!made.ok()) return std::move(made).error();
    return Ok();
  }

  FakeClock clock_;
  MemoryCloud cloud_{"inst-1", clock_};
};

PW_CLOUD_CONTRACT(MemoryCloudTest)

TEST_F(MemoryCloudTest, AFaultBeforeLeavesNothingAndOneAfterLeavesTheMachine) {
  cloud_.Inject(Operation::kCreate, FaultMoment::kBefore, Unavailable("no answer"));
  cloud_.Inject(Operation::kCreate, FaultMoment::kAfter, Unavailable("answer lost"));
  EXPECT_FALSE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  EXPECT_EQ(cloud_.creations(), 0);
  EXPECT_FALSE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  EXPECT_TRUE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  EXPECT_EQ(cloud_.creations(), 1);
}

TEST_F(MemoryCloudTest, AFaultyDeleteCanBeRepeated) {
  ASSERT_TRUE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  cloud_.Inject(Operation::kDelete, FaultMoment::kBefore, Unavailable("no answer"));
  EXPECT_FALSE(cloud_.Delete("t1", {}).ok());
  EXPECT_EQ(cloud_.List({})->size(), 1U);
  cloud_.Inject(Operation::kDelete, FaultMoment::kAfter, Unavailable("answer lost"));
  EXPECT_FALSE(cloud_.Delete("t1", {}).ok());
  EXPECT_TRUE(cloud_.Delete("t1", {}).ok());
  EXPECT_TRUE(cloud_.List({})->empty());
}

TEST_F(MemoryCloudTest, AMachineBootsOnceForEachStart) {
  int boots = 0;
  cloud_.OnBoot([&](const Machine& machine, const MachineRequest& request) {
    ++boots;
    EXPECT_EQ(machine.tag, request.tag);
  });
  ASSERT_TRUE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  ASSERT_TRUE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  EXPECT_EQ(boots, 1);
  cloud_.Stop("t1");
  EXPECT_EQ((*cloud_.Read("t1", {}))->state, MachineState::kStopped);
  ASSERT_TRUE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  EXPECT_EQ(boots, 2);
  EXPECT_EQ(cloud_.creations(), 1);
}

TEST_F(MemoryCloudTest, ALostMachineIsAbsent) {
  ASSERT_TRUE(cloud_.Create(contract::Request("t1", "web-1"), {}).ok());
  cloud_.Lose("t1");
  EXPECT_FALSE(cloud_.Read("t1", {})->has_value());
}

TEST_F(MemoryCloudTest, ThePassedDeadlineIsAnError) {
  CallOptions options;
  options.deadline = clock_.Steady() + std::chrono::seconds(1);
  EXPECT_TRUE(cloud_.List(options).ok());
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(cloud_.List(options).error().code(), ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace podwright::clouds
