#include "agent/drivers/load_balancer/backend_watch.h"

#include <gtest/gtest.h>

#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers::load_balancer {
namespace {

using v1::kinds::LoadBalancerKept;
using v1::kinds::LoadBalancerKeptBackend;
using v1::kinds::LoadBalancerUpstream;

class ScriptedProbing final : public Probing {
 public:
  void SetTargets(const std::map<std::string, WantedProbe>& wanted) override { targets = wanted; }
  std::vector<ProbeTurn> TakeTurns() override { return std::exchange(turns_, {}); }
  bool HasTurns() const override { return !turns_.empty(); }
  void Turn(const std::string& address, bool up) {
    for (const auto& [id, probe] : targets) {
      if (probe.target.address == address) turns_.push_back({id, probe.target.type, up, up ? "" : "no answer", ""});
    }
  }
  std::map<std::string, WantedProbe> targets;

 private:
  std::vector<ProbeTurn> turns_;
};

LoadBalancerUpstream Upstream() {
  LoadBalancerUpstream upstream;
  upstream.mutable_check()->set_type("http");
  upstream.mutable_check()->set_path("/health");
  upstream.mutable_check()->set_interval(500);
  for (const auto& [name, address] : {std::pair("a", "10.0.0.1"), std::pair("b", "10.0.0.2")}) {
    (*upstream.mutable_candidates())[name].set_address(address);
    (*upstream.mutable_candidates())[name].set_port(80);
  }
  return upstream;
}
LoadBalancerUpstream Following(const std::string& role, const std::string& initial) {
  LoadBalancerUpstream upstream = Upstream();
  upstream.mutable_role()->set_kind("database");
  upstream.mutable_role()->set_name("orders");
  upstream.mutable_role()->set_role(role);
  upstream.mutable_role()->set_initial(initial);
  return upstream;
}

class BackendWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto probing = std::make_unique<ScriptedProbing>();
    probing_ = probing.get();
    BackendWatch::Balancer balancer{[this](const v1::ObjectState&) { return kept_; },
                                    [this](v1::ObjectState&, const LoadBalancerKept& wanted) {
                                      ++refreshed_;
                                      if (refusal_.ok()) kept_ = wanted;
                                      return refusal_;
                                    }};
    watch_ = std::make_unique<BackendWatch>(std::move(probing), std::move(balancer), clock_);
    (*kept_.mutable_http()->mutable_upstreams())["web"] = Upstream();
    states_.resize(1);
    states_[0].mutable_object()->set_name("shop");
    watch_->Tick(states_);
  }

  FakeClock clock_;
  LoadBalancerKept kept_;
  Status refusal_ = Ok();
  int refreshed_ = 0;
  ScriptedProbing* probing_ = nullptr;
  std::unique_ptr<BackendWatch> watch_;
  std::vector<v1::ObjectState> states_;
};

TEST_F(BackendWatchTest, ChecksBecomeProbes) {
  ASSERT_EQ(probing_->targets.size(), 2U);
  const ProbeTarget target = probing_->targets.begin()->second.target;
  EXPECT_EQ(target.type, ProbeType::kHttp);
  EXPECT_EQ(target.path, "/health");
  EXPECT_EQ(target.interval, std::chrono::milliseconds(500));
  EXPECT_EQ(target.port, 80);
}

TEST_F(BackendWatchTest, WhatTurnsIsGivenToNginxAndTold) {
  EXPECT_GT(watch_->NextTick(), clock_.Steady());
  probing_->Turn("10.0.0.1", false);
  EXPECT_LE(watch_->NextTick(), clock_.Steady());
  const TickOutcome outcome = watch_->Tick(states_);
  EXPECT_EQ(outcome.changed, std::set<std::string>{"shop"});
  ASSERT_EQ(outcome.happenings.size(), 1U);
  EXPECT_EQ(outcome.happenings[0].type, "load_balancer.member-down");
  EXPECT_EQ(outcome.happenings[0].fields.at("member"), "a");
  EXPECT_EQ(kept_.http_backends().at("web").states().at("a"), "down");
  EXPECT_TRUE(watch_->Tick(states_).changed.empty());
  EXPECT_EQ(refreshed_, 1);
}

TEST_F(BackendWatchTest, WhatNginxRefusesIsToldOnceAndTriedAgain) {
  refusal_ = Internal("nginx: bind() failed");
  probing_->Turn("10.0.0.1", false);
  TickOutcome outcome = watch_->Tick(states_);
  ASSERT_EQ(outcome.happenings.size(), 1U);
  EXPECT_EQ(outcome.happenings[0].type, "load_balancer.follow-failed");
  EXPECT_NE(outcome.happenings[0].message.find("bind() failed"), std::string::npos);
  EXPECT_TRUE(outcome.changed.empty());
  EXPECT_TRUE(watch_->Tick(states_).happenings.empty());
  EXPECT_EQ(refreshed_, 1);
  clock_.Advance(std::chrono::seconds(11));
  EXPECT_TRUE(watch_->Tick(states_).happenings.empty()) << "the same words again";
  EXPECT_EQ(refreshed_, 2);
  refusal_ = Ok();
  clock_.Advance(std::chrono::seconds(11));
  EXPECT_EQ(watch_->Tick(states_).happenings.at(0).type, "load_balancer.member-down");
}

TEST_F(BackendWatchTest, WithoutBackendsItSleepsUntilSomethingChanges) {
  kept_.Clear();
  watch_->Tick(states_);
  EXPECT_EQ(watch_->NextTick(), SteadyTime::max());
  watch_->NoteChange();
  EXPECT_LE(watch_->NextTick(), clock_.Steady());
}

TEST(FirstView, OfARoleOnlyThePlannedPrimaryServes) {
  const auto view = FirstView(Following("primary", "b"), {});
  EXPECT_EQ(view.primary(), "b");
  ASSERT_EQ(view.states().size(), 1U);
  EXPECT_EQ(view.states().at("a"), "waiting");
}

TEST(FirstView, WhoWasFollowedStaysThePrimary) {
  LoadBalancerKeptBackend before;
  before.set_primary("a");
  before.set_epoch(4);
  const auto view = FirstView(Following("primary", "b"), before);
  EXPECT_EQ(view.primary(), "a");
  EXPECT_EQ(view.epoch(), 4U);
  EXPECT_EQ(view.states().at("b"), "waiting");
}

TEST(FirstView, WhatWasDownStaysDownAndStrangersGo) {
  LoadBalancerKeptBackend before;
  (*before.mutable_states())["a"] = "down";
  (*before.mutable_states())["gone"] = "down";
  (*before.mutable_states())["b"] = "waiting";
  const auto view = FirstView(Upstream(), before);
  ASSERT_EQ(view.states().size(), 1U);
  EXPECT_EQ(view.states().at("a"), "down");
}

}  // namespace
}  // namespace podwright::drivers::load_balancer
