#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

TEST(Apply, AFileReachesTheServerAndTheObjectIsReady) {
  World world;
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = world.Request();
  World::PutServerFile(&request, "web-1", "hello");
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(agent.files.at("/etc/motd").content(), "hello");
  EXPECT_EQ(agent.total_effects(), 1);
  EXPECT_TRUE(agent.Confirmed("server/web-1"));
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_READY) << world.Get("server", "web-1").DebugString();
}

}  // namespace
}  // namespace podwright::control::testing
