// The control plane dies at every commit, before or after it took effect; a new one on the same store finishes.
#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"
#include "reconciler/store/helpers.h"

namespace podwright::control::testing {
namespace {

using store::FaultyStore;

// From its n-th commit on nothing gets through: as if the process had ended there.
class Death {
 public:
  Death(FaultyStore& store, std::uint64_t nth, FaultyStore::When when) : nth_(nth), when_(when) {
    store.SetRule([this](const FaultyStore::Call& call) -> std::optional<FaultyStore::Fault> {
      if (call.operation == FaultyStore::Operation::kCommit && !dead_ && ++seen_ == nth_) {
        dead_ = true;
        return FaultyStore::Fault{when_, Unavailable("dead")};
      }
      if (dead_) return FaultyStore::Fault{FaultyStore::When::kBefore, Unavailable("dead")};
      return std::nullopt;
    });
  }
  bool dead() const { return dead_; }

 private:
  std::uint64_t nth_;
  FaultyStore::When when_;
  std::uint64_t seen_ = 0;
  bool dead_ = false;
};

v1::ApplyRequest Topology(World& world) {
  auto request = world.Request();
  request.set_idempotency_key("topology");
  v1::kinds::ServerSpec made;
  made.set_cloud("lab");
  (*made.mutable_files())["/etc/motd"].set_content("hello");
  World::Put(&request, "server", "made", made);
  World::PutServer(&request, "web-1");
  auto top = World::Widget({"made", "web-1"}, "top");
  top.add_needs("base");
  World::PutWidget(&request, "base", World::Widget({"web-1"}, "base"));
  World::PutWidget(&request, "top", top);
  return request;
}

void StepUntilDead(World& world, const Death& death) {
  for (int i = 0; i < 5000 && !death.dead(); ++i) {
    if (!world.control().Step() && !world.link.Pump()) return;
    world.link.Pump();
  }
}

void ReconnectAll(World& world) {
  for (const char* server : {"web-1", "made"}) world.link.Connect(server);
}

void ExpectConverged(World& world) {
  ASSERT_NE(world.link.Find("made"), nullptr);
  EXPECT_EQ(world.link.Find("made")->files["/etc/motd"].content(), "hello");
  EXPECT_EQ(world.link.Find("made")->widgets["top"], "top");
  EXPECT_EQ(world.link.Find("web-1")->widgets["top"], "top");
  EXPECT_EQ(world.link.Find("web-1")->widgets["base"], "base");
  for (const char* name : {"base", "top"}) EXPECT_EQ(world.Get("widget", name).phase(), v1::PHASE_READY) << name;
  EXPECT_EQ(world.Get("server", "made").phase(), v1::PHASE_READY);
  for (const char* server : {"web-1", "made"}) {
    for (const auto& [id, count] : world.link.Find(server)->effects()) EXPECT_EQ(count, 1) << server << " " << id;
  }
  EXPECT_EQ(world.cloud.creations(), 1);
}

TEST(Crash, AtEveryCommitTheRunEndsConvergedAndEffectsHappenOnce) {
  std::uint64_t last = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    bool died = false;
    for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
      SCOPED_TRACE("commit " + std::to_string(nth) + (when == FaultyStore::When::kBefore ? " before" : " after"));
      World world;
      world.AddAgent("web-1");
      world.Settle();
      const auto request = Topology(world);
      const Death death(world.store, nth, when);
      static_cast<void>(world.Apply(request).ok());
      StepUntilDead(world, death);
      died = died || death.dead();
      world.StartControl();
      ReconnectAll(world);
      // The caller never heard: it says the same again.
      const auto again = world.Apply(request);
      ASSERT_TRUE(again.ok()) << again.error().ToString();
      world.Advance(std::chrono::minutes(10));
      ExpectConverged(world);
      if (::testing::Test::HasFailure()) return;
    }
    last = nth;
    if (!died) break;
  }
  EXPECT_GT(last, 10U);
}

TEST(Crash, AStoreThatFailsOnceAnywhereOnlyDelays) {
  for (std::uint64_t nth = 1; nth < 30; ++nth) {
    for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
      SCOPED_TRACE("commit " + std::to_string(nth));
      World world;
      world.AddAgent("web-1");
      world.Settle();
      const auto request = Topology(world);
      world.store.FailNth(FaultyStore::Operation::kCommit, nth, when);
      auto response = world.Apply(request);
      if (!response.ok()) response = world.Apply(request);
      ASSERT_TRUE(response.ok()) << response.error().ToString();
      world.Advance(std::chrono::minutes(10));
      ExpectConverged(world);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(Crash, AWholeDyingStoreIsReportedAndWorkGoesOnAfterwards) {
  World world;
  MemoryAgent& agent = world.AddAgent("web-1");
  world.Settle();
  world.store.SetRule([](const FaultyStore::Call& call) -> std::optional<FaultyStore::Fault> {
    if (call.operation != FaultyStore::Operation::kCommit) return std::nullopt;
    return FaultyStore::Fault{FaultyStore::When::kBefore, ResourceExhausted("no space left")};
  });
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  EXPECT_EQ(world.Apply(request).error().code(), ErrorCode::kResourceExhausted);
  world.link.Disconnect("web-1");
  world.Settle();
  EXPECT_FALSE(world.control().Healthy().ok());
  world.store.Clear();
  world.link.Connect("web-1");
  world.Advance(std::chrono::minutes(2));
  EXPECT_TRUE(world.control().Healthy().ok());
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent.widgets["lamp"], "x");
}

TEST(Fencing, AnOldControlPlaneWritesNothingAndItsAgentsLeave) {
  World world;
  world.AddAgent("web-1");
  world.Settle();
  // Somebody else raises the epoch of the store.
  ASSERT_TRUE(store::Put(world.memory_store, "epoch", "7").ok());
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_NE(refused.error().message().find("taken over"), std::string::npos);
}

TEST(Fencing, AnAgentThatSawANewerEpochIsNotWelcomed) {
  World world;
  MemoryAgent& agent = world.AddAgent("web-1", false);
  v1::Hello hello = agent.MakeHello();
  hello.set_highest_epoch(99);
  const auto refused = world.control().OnAgentConnected("default", "web-1", 1, hello);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
}

TEST(Fencing, EveryStartRaisesTheEpochAndAgentsRefuseLowerOnes) {
  World world;
  MemoryAgent& agent = world.AddAgent("web-1");
  const auto before = world.control().epoch();
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  world.ApplyAndFinish(request);
  world.StartControl();
  EXPECT_EQ(world.control().epoch(), before + 1);
  world.link.Connect("web-1");
  world.Settle();
  EXPECT_EQ(agent.highest_epoch(), before + 1);
  v1::ControlMessage forged;
  forged.mutable_dispatch()->set_epoch(before);
  forged.mutable_dispatch()->mutable_action()->set_id("old");
  forged.mutable_dispatch()->mutable_action()->set_verb("widget.remove");
  forged.mutable_dispatch()->mutable_action()->mutable_object()->set_name("lamp");
  agent.Handle(forged);
  EXPECT_EQ(agent.refused(), 1);
  EXPECT_EQ(agent.widgets["lamp"], "x");
}

TEST(Away, AfterThreeDaysWithoutAControlPlaneAllAgentsReturn) {
  World world;
  std::vector<std::string> names;
  auto request = world.Request();
  for (int i = 0; i < 20; ++i) {
    names.push_back("web-" + std::to_string(i));
    world.AddAgent(names.back());
    World::PutServerFile(&request, names.back(), "hello");
  }
  ASSERT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  world.Advance(std::chrono::minutes(1));
  world.KillControl();
  world.clock.Advance(std::chrono::hours(72));
  world.link.Find("web-3")->files["/etc/motd"].set_content("changed");
  world.link.Find("web-3")->CheckDrift(true);
  world.StartControl();
  for (const std::string& name : names) EXPECT_EQ(world.Get("server", name).phase(), v1::PHASE_DEGRADED);
  for (const std::string& name : names) world.link.Connect(name);
  world.Advance(std::chrono::minutes(1));
  for (const std::string& name : names) {
    EXPECT_EQ(world.Get("server", name).phase(), v1::PHASE_READY) << name;
    EXPECT_EQ(world.link.Find(name)->total_effects(), 1) << name;
  }
  EXPECT_EQ(world.CountEvents("drift.repaired"), 1);
}

}  // namespace
}  // namespace podwright::control::testing
