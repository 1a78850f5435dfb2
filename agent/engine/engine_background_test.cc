#include <gtest/gtest.h>

#include <filesystem>

#include "agent/engine/engine.h"
#include "agent/host/memory_host.h"

namespace podwright::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A kind whose objects have a life of their own.
class RestlessDriver final : public drivers::Driver {
 public:
  explicit RestlessDriver(Clock& clock) : clock_(clock) {}
  std::string Kind() const override { return "restless"; }
  std::vector<std::string> Verbs() const override { return {"restless.be"}; }
  Result<drivers::Observation> Observe(const v1::ObjectState& state, const std::string&) override {
    did.push_back("look at " + state.object().name());
    if (on_observe) std::exchange(on_observe, nullptr)();
    return drivers::Observation{std::to_string(seen), {}};
  }
  drivers::Watches Watch(const v1::ObjectState&) override { return {}; }
  Result<std::string> Fact(const std::string&, const v1::ObjectState&) override { return std::string(); }
  Result<drivers::Proof> Prove(const v1::Dispatch&, const v1::ObjectState&) override { return drivers::Proof(); }
  Result<drivers::Done> Execute(const drivers::ActionContext& context, v1::ObjectState&) override {
    did.push_back("act on " + context.dispatch.action().object().name());
    return drivers::Done();
  }
  std::vector<drivers::Repair> RepairDrift(v1::ObjectState&, const std::function<bool(const std::string&)>&) override {
    return {};
  }
  SteadyTime NextTick() override { return next; }
  drivers::TickOutcome Tick(std::vector<v1::ObjectState>& states) override {
    ++ticks;
    if (!always_due) next = clock_.Steady() + every;
    drivers::TickOutcome outcome;
    for (auto& state : states) {
      names.insert(state.object().name());
      if (!news) continue;
      outcome.happenings.push_back({state.object().name(), "restless.moved", "It moved.", {{"to", "there"}}});
      (*state.mutable_kept())["moved"] = "yes";
      outcome.changed.insert(state.object().name());
    }
    return outcome;
  }
  bool ClaimsRoles(const v1::ObjectState& state) const override { return state.object().name() == "crown"; }
  std::vector<roles::RoleClaim> Roles(const v1::ObjectState& state) const override {
    return {{"restless", state.object().name(), roles::Role::kPrimary, 4, ""}};
  }

  Clock& clock_;
  SteadyTime next = SteadyTime::max();
  milliseconds every{1000};
  bool always_due = false;
  bool news = false;
  int seen = 0;
  int ticks = 0;
  std::set<std::string> names;
  std::function<void()> on_observe;  // once
  std::vector<std::string> did;
};

class EngineBackgroundTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-background-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto driver = std::make_unique<RestlessDriver>(clock_);
    driver_ = driver.get();
    drivers_.emplace("restless", std::move(driver));
    auto journal = Journal::Open(folder_);
    ASSERT_TRUE(journal.ok());
    journal_ = *std::move(journal);
    engine_ = std::make_unique<Engine>(EngineOptions(), host_.View(), drivers_, *journal_, clock_);
    engine_->Attach([this](v1::AgentMessage message) { sent_.push_back(std::move(message)); });
  }
  void TearDown() override {
    engine_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Have(const std::string& name) {
    v1::ObjectState state;
    state.mutable_object()->set_kind("restless");
    state.mutable_object()->set_name(name);
    ASSERT_TRUE(journal_->PutObject(state).ok());
  }
  // As the agent's thread does, for so long; answers how often it stepped.
  int Live(milliseconds time) {
    const SteadyTime end = clock_.Steady() + time;
    int steps = 0;
    while (steps < 10'000) {
      ++steps;
      const milliseconds wait = engine_->Step();
      if (clock_.Steady() + wait > end) break;
      clock_.Advance(wait);
    }
    clock_.Advance(std::chrono::ceil<milliseconds>(end - clock_.Steady()));
    return steps;
  }

  FakeClock clock_;
  host::MemoryHost host_;
  std::string folder_;
  drivers::Registry drivers_;
  RestlessDriver* driver_ = nullptr;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Engine> engine_;
  std::vector<v1::AgentMessage> sent_;
};

TEST_F(EngineBackgroundTest, ADriverThatAsksForNoTickGetsNone) {
  Live(seconds(60));
  EXPECT_EQ(driver_->ticks, 0);
}

TEST_F(EngineBackgroundTest, ADriverIsTickedWhenItIsDueWithAllItsObjects) {
  Have("one");
  Have("two");
  driver_->next = clock_.Steady() + milliseconds(500);
  Live(milliseconds(400));
  EXPECT_EQ(driver_->ticks, 0);
  Live(milliseconds(2200));
  EXPECT_EQ(driver_->ticks, 3);
  EXPECT_EQ(driver_->names, (std::set<std::string>{"one", "two"}));
}

TEST_F(EngineBackgroundTest, WhatHappenedIsToldAndObservedAnew) {
  Have("one");
  driver_->news = true;
  driver_->seen = 7;
  driver_->next = clock_.Steady();
  engine_->Step();
  bool told = false;
  for (const auto& message : sent_) {
    if (!message.has_event()) continue;
    told = true;
    EXPECT_EQ(message.event().event().type(), "restless.moved");
    EXPECT_EQ(message.event().event().object().name(), "one");
    EXPECT_EQ(message.event().event().fields().at("to"), "there");
  }
  EXPECT_TRUE(told);
  ASSERT_EQ(engine_->MakeHello().facts_size(), 1);
  EXPECT_EQ(engine_->MakeHello().facts(0).observed(), "7");
  const auto& [name, state] = *journal_->state().objects().begin();
  EXPECT_EQ(state.kept().at("moved"), "yes");
}

TEST_F(EngineBackgroundTest, ADriverThatIsAlwaysDueDoesNotKeepTheThreadBusy) {
  driver_->next = clock_.Steady();
  driver_->always_due = true;
  EXPECT_LT(Live(seconds(1)), 60);
  EXPECT_GE(driver_->ticks, 40);
}

TEST_F(EngineBackgroundTest, AnActionDoesNotWaitUntilEverythingWasLookedAt) {
  Have("a");
  Have("b");
  driver_->on_observe = [this] {
    v1::ControlMessage message;
    message.mutable_dispatch()->set_run("run-1");
    v1::Action& action = *message.mutable_dispatch()->mutable_action();
    action.set_id("act");
    action.set_verb("restless.be");
    action.mutable_object()->set_kind("restless");
    action.mutable_object()->set_name("b");
    engine_->Handle(std::move(message));
  };
  engine_->Step();
  ASSERT_GE(driver_->did.size(), 4U);
  // In which order they are looked at says nobody.
  EXPECT_EQ(driver_->did[1], "act on b");
  EXPECT_EQ(driver_->did[2], "look at b");
  EXPECT_EQ((std::set<std::string>{driver_->did[0], driver_->did[3]}),
            (std::set<std::string>{"look at a", "look at b"}));
}

TEST_F(EngineBackgroundTest, RolesAreThoseOfObjectsThatClaimThem) {
  Have("jester");
  EXPECT_FALSE(engine_->ClaimsRoles());
  Have("crown");
  EXPECT_TRUE(engine_->ClaimsRoles());
  EXPECT_EQ(engine_->Roles(), (std::vector<roles::RoleClaim>{{"restless", "crown", roles::Role::kPrimary, 4, ""}}));
}

}  // namespace
}  // namespace podwright::agent
