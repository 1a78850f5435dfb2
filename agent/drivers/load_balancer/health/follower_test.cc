#include "agent/drivers/load_balancer/health/follower.h"

#include <gtest/gtest.h>

namespace podwright::drivers {
namespace {

using States = std::map<std::string, std::string>;

// Tells what the test wants.
class ScriptedProbing final : public Probing {
 public:
  void SetTargets(const std::map<std::string, WantedProbe>& wanted) override {
    targets = wanted;
    ++set;
  }
  std::vector<ProbeTurn> TakeTurns() override { return std::exchange(turns_, {}); }
  bool HasTurns() const override { return !turns_.empty(); }

  void Turn(const std::string& address, int port, bool up) {
    for (const auto& [id, probe] : targets) {
      if (probe.target.address != address || probe.target.port != port) continue;
      turns_.push_back({id, probe.target.type, up, up ? "" : "no connection: Connection refused", ""});
    }
  }
  void Tell(const std::string& address, const std::vector<roles::RoleClaim>& claims) {
    for (const auto& [id, probe] : targets) {
      if (probe.target.type != ProbeType::kRoles || probe.target.address != address) continue;
      turns_.push_back({id, probe.target.type, true, "", roles::FormatClaims(claims)});
    }
  }

  std::map<std::string, WantedProbe> targets;
  int set = 0;

 private:
  std::vector<ProbeTurn> turns_;
};

class FollowerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WatchedBackend& web = backends_["shop/http/web"];
    web.object = "shop";
    web.backend = "web";
    web.members = {{"web-1", {"10.0.0.1", 8080}}, {"web-2", {"10.0.0.2", 8080}}};
    web.check = ProbeTarget();
  }
  void FollowOrders(FollowedRole role) {
    WatchedBackend& orders = backends_["shop/streams/orders"];
    orders.object = "shop";
    orders.backend = "orders";
    orders.members = {{"db-1", {"10.0.0.4", 5432}}, {"db-2", {"10.0.0.5", 5432}}};
    orders.check = ProbeTarget();
    orders.role = WatchedRole{"database", "orders", role, "db-1", {}};
    orders.now = InitialView(orders);
  }
  // As the driver does: what is to be otherwise is so afterwards.
  std::vector<BackendChange> Follow() {
    auto changes = follower_.Follow(backends_);
    for (const auto& change : changes) backends_[change.id].now = change.view;
    return changes;
  }
  States Of(const std::string& id) { return backends_[id].now.states; }
  static std::vector<roles::RoleClaim> Claim(roles::Role role, std::uint64_t epoch) {
    return {{"database", "orders", role, epoch, ""}};
  }

  ScriptedProbing probing_;
  Follower follower_{probing_};
  std::map<std::string, WatchedBackend> backends_;
};

TEST_F(FollowerTest, AMemberThatTurnsIsTakenOutAndBroughtBack) {
  EXPECT_TRUE(Follow().empty());
  probing_.Turn("10.0.0.1", 8080, false);
  const auto changes = Follow();
  ASSERT_EQ(changes.size(), 1U);
  ASSERT_EQ(changes[0].lines.size(), 1U);
  EXPECT_EQ(changes[0].lines[0].type, "load_balancer.member-down");
  EXPECT_EQ(changes[0].lines[0].message,
            "Backend web: web-1 (10.0.0.1:8080) is down: no connection: Connection refused");
  EXPECT_EQ(Of("shop/http/web"), (States{{"web-1", "down"}}));
  EXPECT_TRUE(Follow().empty());
  probing_.Turn("10.0.0.1", 8080, true);
  EXPECT_EQ(Follow().at(0).lines.at(0).message, "Backend web: web-1 (10.0.0.1:8080) is up again");
  EXPECT_TRUE(Of("shop/http/web").empty());
}

TEST_F(FollowerTest, WhatWasDownBeforeTheAgentStartedIsDownUntilItIsFoundUp) {
  backends_["shop/http/web"].now.states = {{"web-2", "down"}};
  EXPECT_TRUE(Follow().empty());
  bool down = false;
  for (const auto& [id, probe] : probing_.targets) down = down || (probe.target.address == "10.0.0.2" && !probe.up);
  EXPECT_TRUE(down);
}

TEST_F(FollowerTest, AMemberAtAnotherAddressBeginsAnew) {
  Follow();
  probing_.Turn("10.0.0.1", 8080, false);
  Follow();
  backends_["shop/http/web"].members["web-1"].address = "10.0.0.9";
  backends_["shop/http/web"].now.states.clear();
  EXPECT_TRUE(Follow().empty());
  EXPECT_TRUE(Of("shop/http/web").empty());
}

TEST_F(FollowerTest, WithoutACheckNothingIsAsked) {
  backends_["shop/http/web"].check.reset();
  Follow();
  EXPECT_TRUE(probing_.targets.empty());
}

TEST_F(FollowerTest, ThePrimaryAloneServesAndIsFollowed) {
  FollowOrders(FollowedRole::kPrimary);
  EXPECT_TRUE(Follow().empty());
  EXPECT_EQ(Of("shop/streams/orders"), (States{{"db-2", "waiting"}}));
  probing_.Turn("10.0.0.4", 5432, false);
  Follow();
  EXPECT_EQ(Of("shop/streams/orders"), (States{{"db-1", "down"}, {"db-2", "waiting"}}));
  probing_.Tell("10.0.0.5", Claim(roles::Role::kPrimary, 2));
  const auto changes = Follow();
  EXPECT_EQ(Of("shop/streams/orders"), (States{{"db-1", "waiting"}}));
  EXPECT_EQ(backends_["shop/streams/orders"].now.epoch, 2U);
  ASSERT_EQ(changes.at(0).lines.size(), 1U);
  EXPECT_EQ(changes[0].lines[0].message, "Backend orders: the primary of database/orders is db-2, before db-1");
}

TEST_F(FollowerTest, WhoWasFollowedIsRememberedByWhatNginxHas) {
  FollowOrders(FollowedRole::kPrimary);
  Follow();
  probing_.Tell("10.0.0.5", Claim(roles::Role::kPrimary, 2));
  Follow();
  Follower restarted(probing_);
  EXPECT_TRUE(restarted.Follow(backends_).empty());
  probing_.Tell("10.0.0.4", Claim(roles::Role::kPrimary, 1));
  EXPECT_TRUE(restarted.Follow(backends_).empty()) << "the old primary came back";
}

TEST_F(FollowerTest, ReplicasServeAndThePrimaryOnlyWithoutThem) {
  FollowOrders(FollowedRole::kReplica);
  Follow();
  EXPECT_EQ(Of("shop/streams/orders"), (States{{"db-1", "waiting"}}));
  probing_.Turn("10.0.0.5", 5432, false);
  Follow();
  EXPECT_EQ(Of("shop/streams/orders"), (States{{"db-2", "down"}}));
  probing_.Turn("10.0.0.5", 5432, true);
  Follow();
  EXPECT_EQ(Of("shop/streams/orders"), (States{{"db-1", "waiting"}}));
}

TEST_F(FollowerTest, SentinelsOnOtherServersAreAskedToo) {
  FollowOrders(FollowedRole::kPrimary);
  WatchedBackend& orders = backends_["shop/streams/orders"];
  orders.role->kind = "cache";
  orders.role->witnesses = {{"s-1", "10.0.1.1"}, {"s-2", "10.0.1.2"}, {"s-3", "10.0.1.3"}};
  Follow();
  const std::vector<roles::RoleClaim> vote{{"cache", "orders", roles::Role::kWitness, 3, "10.0.0.5:5432"}};
  probing_.Tell("10.0.1.1", vote);
  EXPECT_TRUE(Follow().empty());
  probing_.Tell("10.0.1.3", vote);
  Follow();
  EXPECT_EQ(orders.now.primary, "db-2");
}

TEST_F(FollowerTest, TargetsAreSetOnlyWhenTheyChange) {
  Follow();
  Follow();
  EXPECT_EQ(probing_.set, 1);
  backends_.clear();
  Follow();
  EXPECT_EQ(probing_.set, 2);
  EXPECT_TRUE(probing_.targets.empty());
}

}  // namespace
}  // namespace podwright::drivers
