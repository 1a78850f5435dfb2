#include "agent/engine/engine.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "agent/engine/host_pause.h"
#include "agent/host/memory_host.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using namespace v1::kinds;  // NOLINT: the messages of one kind, in a test

// The first of the facts; empty ones where there are none.
template <typename List>
v1::ObservedFacts First(const List& facts) {
  for (const v1::ObservedFacts& one : facts) return one;
  return {};
}

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-engine-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    env_ = std::make_unique<drivers::Environment>(
        drivers::Environment{host_.View(), clock_,
                             [](const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) {
                               return use(sealed.sealed());
                             },
                             [](milliseconds) { return true; }, "local key"});
    host_.units["nginx.service"].state = {"loaded", "active", "enabled", "first", 0, 0};
    Boot();
    Connect();
  }
  void TearDown() override {
    engine_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A start of the agent's program: what is not on disk is gone.
  void Boot() {
    engine_.reset();
    journal_.reset();
    drivers_ = drivers::MakeDrivers(*env_);
    auto journal = Journal::Open(folder_);
    ASSERT_TRUE(journal.ok());
    journal_ = *std::move(journal);
    EngineOptions options;
    options.version = "0.1.0";
    options.server = "web-1";
    options.state_folder = folder_;
    engine_ = std::make_unique<Engine>(options, host_.View(), drivers_, *journal_, clock_);
  }
  void Connect() {
    sent_.clear();
    engine_->Attach([this](v1::AgentMessage message) { sent_.push_back(std::move(message)); });
    ASSERT_FALSE(sent_.empty());
    ASSERT_TRUE(sent_.front().has_hello());
  }
  // Steps until nothing is left to do for `time`.
  void Run(milliseconds time = milliseconds(0)) {
    const SteadyTime end = clock_.Steady() + time;
    for (int i = 0; i < 100'000; ++i) {
      const milliseconds wait = engine_->Step();
      if (wait.count() == 0) continue;
      if (clock_.Steady() + wait > end) break;
      clock_.Advance(wait);
    }
    if (clock_.Steady() < end) clock_.Advance(std::chrono::ceil<milliseconds>(end - clock_.Steady()));
  }

  v1::Dispatch Write(const std::string& path, const std::string& content, const std::string& id = "a1") {
    (*spec_.mutable_files())[path].set_content(content);
    FileAction payload;
    payload.set_path(path);
    *payload.mutable_file() = spec_.files().at(path);
    return Dispatch("server.file.write", payload, id);
  }
  v1::Dispatch Dispatch(const std::string& verb, const google::protobuf::Message& payload, const std::string& id) {
    v1::Dispatch dispatch;
    v1::Action& action = *dispatch.mutable_action();
    action.set_id(id);
    action.set_verb(verb);
    action.mutable_object()->set_kind("server");
    action.mutable_object()->set_name("web-1");
    action.set_payload(payload.SerializeAsString());
    dispatch.set_run("run-1");
    dispatch.set_attempt(1);
    dispatch.set_epoch(5);
    dispatch.set_sequence(++sequence_);
    dispatch.set_ttl_ms(60'000);
    dispatch.set_spec(spec_.SerializeAsString());
    dispatch.set_object_uid("uid-1");
    return dispatch;
  }
  void Give(const v1::Dispatch& dispatch) {
    v1::ControlMessage message;
    *message.mutable_dispatch() = dispatch;
    engine_->Handle(std::move(message));
  }
  v1::ActionOutcome Do(const v1::Dispatch& dispatch) {
    Give(dispatch);
    Run();
    return LastResult().outcome();
  }
  void ConfirmSpec(std::int64_t generation = 1) {
    v1::ControlMessage message;
    v1::Confirm& confirm = *message.mutable_confirm();
    confirm.mutable_object()->set_kind("server");
    confirm.mutable_object()->set_name("web-1");
    confirm.set_uid("uid-1");
    confirm.set_spec(spec_.SerializeAsString());
    confirm.set_generation(generation);
    confirm.set_epoch(5);
    engine_->Handle(std::move(message));
    Run();
  }
  void Pause(WallTime until, bool other_object = false) {
    v1::ControlMessage message;
    v1::PauseState& pause = *message.mutable_pause()->add_paused();
    pause.mutable_object()->set_kind("server");
    pause.mutable_object()->set_name(other_object ? "web-2" : "web-1");
    pause.set_until_unix_ms(ToUnixMillis(until));
    engine_->Handle(std::move(message));
    Run();
  }
  v1::ActionResult LastResult() const {
    for (auto at = sent_.rbegin(); at != sent_.rend(); ++at) {
      if (at->has_result()) return at->result();
    }
    ADD_FAILURE() << "no action was answered";
    return {};
  }
  // Of the only object; an empty one where nothing was observed.
  v1::ObservedFacts Facts() const {
    const v1::Hello hello = engine_->MakeHello();
    return First(hello.facts());
  }
  std::vector<v1::Event> Events(const std::string& type) const {
    std::vector<v1::Event> events;
    for (const auto& message : sent_) {
      if (message.has_event() && message.event().event().type() == type) events.push_back(message.event().event());
    }
    return events;
  }
  int CountResults() const {
    int count = 0;
    for (const auto& message : sent_) count += message.has_result() ? 1 : 0;
    return count;
  }

  host::MemoryHost host_;
  FakeClock clock_;
  std::string folder_;
  std::unique_ptr<drivers::Environment> env_;
  drivers::Registry drivers_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Engine> engine_;
  std::vector<v1::AgentMessage> sent_;
  ServerSpec spec_;
  std::uint64_t sequence_ = 0;
};

// ---- actions ----

TEST_F(EngineTest, HelloTellsVerbsAndCapabilities) {
  const v1::Hello hello = engine_->MakeHello();
  EXPECT_EQ(hello.agent_version(), "0.1.0");
  EXPECT_NE(std::find(hello.verbs().begin(), hello.verbs().end(), "server.file.write"), hello.verbs().end());
  EXPECT_EQ(hello.capabilities().at("os"), "debian 12");
  EXPECT_EQ(hello.addresses(0), "192.0.2.1");
}

TEST_F(EngineTest, ActionIsDoneObservedAndAnswered) {
  const auto outcome = Do(Write("/etc/motd", "hello"));
  EXPECT_TRUE(outcome.ok()) << outcome.error();
  EXPECT_TRUE(outcome.changed());
  EXPECT_EQ(outcome.proof_before().at("file:/etc/motd"), "absent");
  const v1::ActionResult result = LastResult();
  ASSERT_EQ(result.facts_size(), 1);
  const v1::ObservedFacts facts = First(result.facts());
  ServerObserved observed;
  ASSERT_TRUE(observed.ParseFromString(facts.observed()));
  EXPECT_TRUE(observed.files().contains("/etc/motd"));
  EXPECT_EQ(facts.spec_uid(), "uid-1");
}

TEST_F(EngineTest, TheSameActionAgainGetsTheJournalledAnswerAndIsNotDoneTwice) {
  const auto dispatch = Write("/etc/motd", "hello");
  Do(dispatch);
  Pause(clock_.Now() + minutes(60));
  host_.files["/etc/motd"].content = "changed since";
  auto again = dispatch;
  again.set_sequence(77);
  EXPECT_TRUE(Do(again).ok());
  EXPECT_EQ(LastResult().sequence(), 77U);
  EXPECT_EQ(CountResults(), 2);
  EXPECT_EQ(host_.Count("files.write /etc/motd"), 1);
  v1::ControlMessage ack;
  ack.mutable_result_ack()->set_action_id("a1");
  ack.mutable_result_ack()->set_run("run-1");
  ack.mutable_result_ack()->set_attempt(1);
  engine_->Handle(ack);
  Run();
  EXPECT_TRUE(engine_->MakeHello().unacknowledged().empty());
  Boot();
  Connect();
  EXPECT_TRUE(Do(dispatch).ok());
  EXPECT_EQ(host_.Count("files.write /etc/motd"), 1) << "acknowledged answers are kept too";
}

TEST_F(EngineTest, TwoCopiesThatWaitTogetherAreOneAction) {
  const auto dispatch = Write("/etc/motd", "hello");
  Give(dispatch);
  Give(dispatch);
  Run();
  EXPECT_EQ(CountResults(), 1);
}

TEST_F(EngineTest, AnOldEpochIsRefusedAlsoAfterARestart) {
  Do(Write("/etc/motd", "hello"));
  Boot();
  Connect();
  EXPECT_EQ(engine_->MakeHello().highest_epoch(), 5U);
  auto old = Write("/etc/issue", "x", "a2");
  old.set_epoch(4);
  const auto outcome = Do(old);
  EXPECT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().find("epoch"), std::string::npos);
  EXPECT_FALSE(host_.files.contains("/etc/issue"));
}

TEST_F(EngineTest, WelcomeOfANewControlPlaneShutsTheOldOneOut) {
  v1::ControlMessage welcome;
  welcome.mutable_welcome()->set_epoch(9);
  engine_->Handle(welcome);
  EXPECT_FALSE(Do(Write("/etc/motd", "x")).ok());
}

TEST_F(EngineTest, AnActionThatWaitedTooLongIsRefused) {
  Give(Write("/etc/motd", "x"));
  clock_.Advance(seconds(61));
  Run();
  EXPECT_FALSE(LastResult().outcome().ok());
  EXPECT_FALSE(LastResult().outcome().permanent());
  EXPECT_FALSE(host_.files.contains("/etc/motd"));
}

TEST_F(EngineTest, AnUnknownVerbIsRefusedForGood) {
  const auto outcome = Do(Dispatch("server.moon.land", FileAction(), "a1"));
  EXPECT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.permanent());
  EXPECT_NE(outcome.error().find("server.moon.land"), std::string::npos);
}

TEST_F(EngineTest, AGuardThatDoesNotHoldFailsTheActionUnacted) {
  auto dispatch = Write("/etc/motd", "x");
  dispatch.mutable_action()->add_guards()->set_fact("file.sha256:/etc/motd");
  dispatch.mutable_action()->mutable_guards(0)->set_expected("another");
  EXPECT_FALSE(Do(dispatch).ok());
  EXPECT_FALSE(host_.files.contains("/etc/motd"));
  dispatch.mutable_action()->mutable_guards(0)->set_expected("");
  dispatch.set_attempt(2);
  EXPECT_TRUE(Do(dispatch).ok());
}

TEST_F(EngineTest, AFailedTryIsFollowedByOneThatSucceeds) {
  host_.Fail("files.write", ResourceExhausted("No space left on device"));
  auto dispatch = Write("/etc/motd", "x");
  auto outcome = Do(dispatch);
  EXPECT_FALSE(outcome.ok());
  EXPECT_FALSE(outcome.permanent());
  dispatch.set_attempt(2);
  outcome = Do(dispatch);
  EXPECT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome.changed());
}

TEST_F(EngineTest, AnActionThatACrashCutOffIsFinishedWithoutASecondRestart) {
  UnitAction payload;
  payload.set_unit("nginx.service");
  const auto dispatch = Dispatch("server.unit.restart", payload, "restart");
  // Journalled, restarted, killed before the outcome was written.
  ASSERT_TRUE(journal_->Begin(dispatch, {{"invocation_id:nginx.service", "first"}}).ok());
  ASSERT_TRUE(host_.View().units.Restart("nginx.service").ok());
  Boot();
  EXPECT_EQ(engine_->MakeHello().running_size(), 1);
  Connect();
  Run();
  EXPECT_TRUE(LastResult().outcome().ok());
  EXPECT_TRUE(LastResult().outcome().changed());
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 1);
  // A second try of the same action, with another attempt, finds the same proof.
  auto second = dispatch;
  second.set_attempt(2);
  EXPECT_TRUE(Do(second).ok());
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 1);
}

TEST_F(EngineTest, AnActionThatACrashPreventedIsDoneAfterTheRestart) {
  ASSERT_TRUE(journal_->Begin(Write("/etc/motd", "x"), {{"file:/etc/motd", "absent"}}).ok());
  Boot();
  Connect();
  Run();
  EXPECT_TRUE(LastResult().outcome().ok());
  EXPECT_EQ(host_.files["/etc/motd"].content, "x");
}

TEST_F(EngineTest, UnacknowledgedResultsAreToldAgain) {
  Do(Write("/etc/motd", "x"));
  Boot();
  const v1::Hello hello = engine_->MakeHello();
  ASSERT_EQ(hello.unacknowledged_size(), 1);
  EXPECT_EQ(hello.unacknowledged(0).action_id(), "a1");
}

TEST_F(EngineTest, ReleaseForgetsTheObject) {
  Do(Write("/srv/x", "x"));
  ConfirmSpec();
  ReleaseAction release;
  EXPECT_TRUE(Do(Dispatch("server.agent.release", release, "bye")).ok());
  const v1::ActionResult result = LastResult();
  ASSERT_EQ(result.facts_size(), 1);
  EXPECT_TRUE(First(result.facts()).gone());
  EXPECT_FALSE(host_.files.contains("/srv/x"));
  EXPECT_TRUE(journal_->state().objects().empty());
  Run(minutes(1));
  EXPECT_FALSE(host_.files.contains("/srv/x"));
}

// ---- watching ----

TEST_F(EngineTest, ObserveRequestAnswersForASpecThatIsNotApplied) {
  host_.files["/etc/motd"] = {host::FileType::kFile, "theirs", {}, 1};
  (*spec_.mutable_files())["/etc/motd"].set_content("ours");
  v1::ControlMessage message;
  message.mutable_observe()->set_id(3);
  message.mutable_observe()->mutable_object()->set_kind("server");
  message.mutable_observe()->mutable_object()->set_name("web-1");
  message.mutable_observe()->set_spec(spec_.SerializeAsString());
  engine_->Handle(message);
  Run();
  ASSERT_TRUE(sent_.back().has_observe_reply());
  EXPECT_EQ(sent_.back().observe_reply().id(), 3U);
  ServerObserved observed;
  observed.ParseFromString(sent_.back().observe_reply().facts().observed());
  EXPECT_EQ(observed.files().at("/etc/motd").content(), "theirs");
  EXPECT_EQ(host_.files["/etc/motd"].content, "theirs");
  EXPECT_TRUE(journal_->state().objects().empty());
}

TEST_F(EngineTest, DriftIsToldAndBroughtBackWithinSeconds) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec(3);
  Run(seconds(30));
  sent_.clear();
  host_.files["/etc/motd"].content = "theirs";
  engine_->NoteChange();
  Run(seconds(1));
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
  ASSERT_EQ(Events("drift.repaired").size(), 1U);
  EXPECT_EQ(Events("drift.repaired")[0].fields().at("item"), "file:/etc/motd");
  bool told = false;
  for (const auto& message : sent_) told = told || (message.has_facts() && First(message.facts().facts()).drifted());
  EXPECT_TRUE(told);
  EXPECT_FALSE(Facts().drifted());
  EXPECT_EQ(Facts().confirmed_generation(), 3);
}

TEST_F(EngineTest, DriftIsFoundByThePollAlone) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  Run(seconds(30));
  host_.files.erase("/etc/motd");
  Run(seconds(11));
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
}

TEST_F(EngineTest, AStoppedServiceIsNoticedByTheCheapLook) {
  (*spec_.mutable_units())["nginx.service"];
  ConfirmSpec();
  Run(seconds(30));
  host_.units["nginx.service"].state.active_state = "inactive";
  Run(seconds(3));
  EXPECT_TRUE(host_.units["nginx.service"].state.Active());
  EXPECT_EQ(host_.Count("units.start nginx.service"), 1);
}

TEST_F(EngineTest, NothingNewIsNothingSent) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  Run(seconds(30));
  sent_.clear();
  Run(minutes(10));
  EXPECT_TRUE(sent_.empty());
}

TEST_F(EngineTest, PausedObjectIsToldAndNotRepairedUntilThePauseEnds) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  Pause(clock_.Now() + minutes(30));
  host_.files["/etc/motd"].content = "theirs";
  engine_->NoteChange();
  Run(minutes(29));
  EXPECT_EQ(host_.files["/etc/motd"].content, "theirs");
  EXPECT_TRUE(Facts().drifted());
  EXPECT_EQ(engine_->MakeHello().paused_size(), 1);
  Run(minutes(2));
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
}

TEST_F(EngineTest, PauseOfAnotherObjectDoesNotCount) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  Pause(clock_.Now() + minutes(30), true);
  host_.files["/etc/motd"].content = "theirs";
  engine_->NoteChange();
  Run(seconds(1));
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
}

TEST_F(EngineTest, PauseOnTheHostStopsRepairsAndActionsExpiresAndIsAudited) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  ASSERT_TRUE(WriteHostPause(folder_, {ToUnixMillis(clock_.Now() + minutes(60)), "maintenance", "root"}).ok());
  Run(seconds(3));
  ASSERT_EQ(Events("agent.paused").size(), 1U);
  EXPECT_EQ(Events("agent.paused")[0].fields().at("reason"), "maintenance");
  EXPECT_EQ(Events("agent.paused")[0].fields().at("by"), "root");
  host_.files["/etc/motd"].content = "theirs";
  Run(minutes(30));
  EXPECT_EQ(host_.files["/etc/motd"].content, "theirs");
  EXPECT_FALSE(Do(Write("/etc/issue", "x", "a2")).ok());
  Boot();
  Connect();
  EXPECT_EQ(engine_->MakeHello().paused_size(), 1) << "a restart of the agent does not end it";
  Run(minutes(31));
  EXPECT_EQ(Events("agent.resumed").size(), 1U);
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
}

TEST_F(EngineTest, ResumeOnTheHostEndsThePause) {
  ASSERT_TRUE(WriteHostPause(folder_, {ToUnixMillis(clock_.Now() + minutes(60)), "", "root"}).ok());
  Run(seconds(3));
  EXPECT_EQ(engine_->MakeHello().paused_size(), 1);
  ASSERT_TRUE(RemoveHostPause(folder_).ok());
  Run(seconds(3));
  EXPECT_EQ(engine_->MakeHello().paused_size(), 0);
  EXPECT_EQ(Events("agent.resumed").size(), 1U);
}

TEST_F(EngineTest, APauseThatOthersCouldHaveWrittenIsIgnored) {
  ASSERT_TRUE(WriteHostPause(folder_, {ToUnixMillis(clock_.Now() + minutes(60)), "", "x"}).ok());
  std::filesystem::permissions(folder_ + "/host-pause", std::filesystem::perms(0666));
  Run(seconds(3));
  EXPECT_EQ(engine_->MakeHello().paused_size(), 0);
}

TEST_F(EngineTest, WithoutAControlPlaneItRepairsKeepsEventsAndDeletesNothing) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  Do(Write("/etc/extra", "ours", "a2"));
  engine_->Detach();
  Boot();
  Run(minutes(60 * 72));
  host_.files["/etc/motd"].content = "theirs";
  Run(minutes(1));
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
  EXPECT_TRUE(host_.files.contains("/etc/extra"));
  Connect();
  ASSERT_EQ(Events("drift.repaired").size(), 1U) << "told on return";
  const std::uint64_t sequence = journal_->state().events().begin()->first;
  v1::ControlMessage ack;
  ack.mutable_event_ack()->set_sequence(sequence);
  engine_->Handle(ack);
  Run();
  Connect();
  EXPECT_TRUE(Events("drift.repaired").empty());
}

TEST_F(EngineTest, AnItemThatIsBrokenAgainAndAgainIsRepairedMoreAndMoreSeldom) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  for (int i = 0; i < 600; ++i) {
    host_.files["/etc/motd"].content = "theirs";
    engine_->NoteChange();
    Run(seconds(1));
  }
  EXPECT_LE(host_.Count("files.write /etc/motd"), 12);
  EXPECT_GE(host_.Count("files.write /etc/motd"), 5);
  Run(minutes(6));
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
}

TEST_F(EngineTest, AFailingRepairIsToldAndTriedAgain) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  host_.Fail("files.write", ResourceExhausted("No space left on device"), 2);
  host_.files.erase("/etc/motd");
  engine_->NoteChange();
  Run(seconds(1));
  EXPECT_EQ(Events("drift.repair-failed").size(), 1U);
  Run(minutes(5));
  EXPECT_EQ(host_.files["/etc/motd"].content, "ours");
}

TEST_F(EngineTest, ConfirmationOfAnOldControlPlaneIsRefused) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec(4);
  v1::ControlMessage stale;
  v1::Confirm& confirm = *stale.mutable_confirm();
  confirm.mutable_object()->set_kind("server");
  confirm.mutable_object()->set_name("web-1");
  confirm.set_epoch(2);
  confirm.set_generation(99);
  engine_->Handle(stale);
  Run();
  EXPECT_EQ(journal_->state().objects().at("server/web-1").confirmed_generation(), 4);
}

TEST_F(EngineTest, ForgottenObjectIsNotRepairedAndNothingIsTakenAway) {
  Do(Write("/etc/motd", "ours"));
  ConfirmSpec();
  v1::ControlMessage other;
  other.mutable_forget()->mutable_object()->set_kind("server");
  other.mutable_forget()->mutable_object()->set_name("web-1");
  other.mutable_forget()->set_uid("uid-of-another");
  engine_->Handle(other);
  Run();
  EXPECT_EQ(journal_->state().objects().size(), 1U);
  other.mutable_forget()->set_uid("uid-1");
  engine_->Handle(other);
  Run(minutes(1));
  EXPECT_TRUE(journal_->state().objects().empty());
  EXPECT_TRUE(host_.files.contains("/etc/motd"));
  host_.files["/etc/motd"].content = "theirs";
  Run(minutes(1));
  EXPECT_EQ(host_.files["/etc/motd"].content, "theirs");
}

TEST_F(EngineTest, HeartbeatsComeAsTheWelcomeAsked) {
  v1::ControlMessage welcome;
  welcome.mutable_welcome()->set_heartbeat_ms(1000);
  engine_->Handle(welcome);
  sent_.clear();
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(engine_->Beat());
  }
  engine_->Beat();
  EXPECT_EQ(sent_.size(), 5U);
  EXPECT_EQ(sent_.back().heartbeat().count(), 5U);
  EXPECT_TRUE(sent_.back().heartbeat().health().contains("load1"));
}

TEST_F(EngineTest, PingIsAnsweredAtOnce) {
  v1::ControlMessage ping;
  ping.mutable_ping()->set_nonce(42);
  engine_->Handle(ping);
  EXPECT_EQ(sent_.back().pong().nonce(), 42U);
}

}  // namespace
}  // namespace podwright::agent
