// A control plane that is away, slow or answers garbage in the middle of an apply: an object is never lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/server.pb.h"
#include "provider/kind_resource.h"
#include "provider/testing/fake_backend.h"

namespace podwright::provider {
namespace {

using sdk::Value;
using testing::FakeBackend;
using Fate = testing::FakeBackend::Fate;
using ::testing::HasSubstr;

class LostAnswerTest : public ::testing::Test {
 protected:
  LostAnswerTest() {
    session_.backend = &backend_;
    session_.owner = "tofu:shop";
    session_.workspace = "default";
    backend_.run.set_state(v1::RUN_STATE_SUCCEEDED);
  }

  static Value Config() {
    return Value::Object({{"name", Value::String("web-1")}, {"sysctl", Value::Map({{"net.x", Value::String("1")}})}});
  }
  static Value Planned() {
    Value plan = Config();
    for (const char* name : {"id", "status", "planned_disruption", "plan_digest", "plan_facts", "effective_labels"}) {
      plan.SetField(name, Value::Unknown());
    }
    return plan;
  }
  sdk::CreateResponse Create(sdk::CancellationToken cancellation = {}) {
    sdk::CreateRequest request;
    request.config = Config();
    request.plan = Planned();
    request.cancellation = std::move(cancellation);
    sdk::CreateResponse response;
    resource_.Create(request, response);
    return response;
  }
  static std::string Text(const sdk::Diagnostics& diagnostics) {
    std::string text;
    for (const sdk::Diagnostic& item : diagnostics.items()) text += item.summary + "\n" + item.detail + "\n";
    return text;
  }

  FakeBackend backend_;
  Session session_;
  KindResource resource_{*kinds::AllKinds().Find("server"), session_};
};

TEST_F(LostAnswerTest, ACreateWhoseAnswerIsLostIsFoundByItsKeyAndIsNotDoneTwice) {
  backend_.fates = {Fate::kLostAfter};
  const auto response = Create();
  EXPECT_TRUE(response.diagnostics.empty()) << Text(response.diagnostics);
  EXPECT_EQ(response.state.Get("id"), Value::String("default/web-1"));
  EXPECT_EQ(backend_.puts, 1);
  EXPECT_EQ(backend_.awaited, std::vector<std::string>{"run-1"});
}

TEST_F(LostAnswerTest, ACreateThatNeverArrivedIsMadeByTheRepetition) {
  backend_.fates = {Fate::kLostBefore};
  const auto response = Create();
  EXPECT_TRUE(response.diagnostics.empty()) << Text(response.diagnostics);
  EXPECT_EQ(backend_.puts, 1);
}

TEST_F(LostAnswerTest, WhereTheKeyIsOfNoUseTheObjectIsFoundByItsName) {
  for (const Error& loss : {Internal("garbage"), Error(ErrorCode::kUnknown, "?"), DeadlineExceeded("slow")}) {
    backend_.loss = loss;
    backend_.fates = {Fate::kLostAfter, Fate::kLostBefore};
    backend_.objects.clear();
    const auto response = Create();
    EXPECT_TRUE(response.diagnostics.empty()) << Text(response.diagnostics);
    EXPECT_EQ(response.state.Get("id"), Value::String("default/web-1"));
  }
}

TEST_F(LostAnswerTest, ARunThatIsStillUnderWayIsFollowed) {
  backend_.fates = {Fate::kLostAfter, Fate::kLostBefore};
  backend_.status.clear();
  backend_.view("server/web-1").set_phase(v1::PHASE_CONVERGING);
  EXPECT_TRUE(Create().diagnostics.empty());
  EXPECT_EQ(backend_.awaited, std::vector<std::string>{"run-1"});
}

TEST_F(LostAnswerTest, WhereNobodyAnswersAnyMoreTheStateNotesTheName) {
  backend_.fates = {Fate::kLostAfter, Fate::kLostBefore};
  backend_.get_error = Unavailable("the control plane is away");
  const auto response = Create();
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_THAT(Text(response.diagnostics), HasSubstr("what became of it is not known"));
  EXPECT_EQ(response.state.Get("id"), Value::String("default/web-1"));
  EXPECT_TRUE(response.state.IsWhollyKnown());
}

TEST_F(LostAnswerTest, WhatMayStillArriveIsInTheState) {
  backend_.fates = {Fate::kLostBefore, Fate::kLostBefore};
  const auto response = Create();
  EXPECT_TRUE(response.diagnostics.HasError());
  EXPECT_EQ(response.state.Get("id"), Value::String("default/web-1"));
  // The next plan asks: what did not arrive is out of the state again.
  sdk::ReadRequest read;
  read.state = response.state;
  sdk::ReadResponse found;
  found.state = read.state;
  resource_.Read(read, found);
  EXPECT_TRUE(found.state.is_null());
}

TEST_F(LostAnswerTest, AfterAnInterruptionNothingIsSentAgainButTheObjectIsLookedFor) {
  sdk::CancellationSource source;
  source.Cancel();
  backend_.loss = Cancelled("interrupted");
  backend_.fates = {Fate::kLostAfter};
  const auto response = Create(source.token());
  EXPECT_EQ(backend_.applies, 1);
  EXPECT_EQ(response.state.Get("id"), Value::String("default/web-1"));
}

TEST_F(LostAnswerTest, ALostUpdateIsCarriedThroughOrKeepsTheStateOfBefore) {
  const Value before = Create().state;
  sdk::UpdateRequest request;
  request.config = Config();
  request.config.SetField("sysctl", Value::Map({{"net.x", Value::String("2")}}));
  request.plan = before;
  request.plan.SetField("sysctl", request.config.Get("sysctl"));
  request.state = before;
  backend_.fates = {Fate::kLostAfter, Fate::kLostBefore};
  sdk::UpdateResponse done;
  done.state = before;
  resource_.Update(request, done);
  EXPECT_TRUE(done.diagnostics.empty()) << Text(done.diagnostics);
  EXPECT_EQ(done.state.Get("sysctl"), request.config.Get("sysctl"));

  request.config.SetField("sysctl", Value::Map({{"net.x", Value::String("3")}}));
  backend_.fates = {Fate::kLostBefore, Fate::kLostBefore};
  sdk::UpdateResponse lost;
  lost.state = before;
  resource_.Update(request, lost);
  EXPECT_THAT(Text(lost.diagnostics), HasSubstr("as it was before"));
  EXPECT_EQ(lost.state, before);
}

TEST_F(LostAnswerTest, ALostDeleteKeepsTheState) {
  sdk::DeleteRequest request;
  request.state = Create().state;
  session_.declared_here.Clear();  // another run
  backend_.fates = {Fate::kLostAfter};
  sdk::DeleteResponse response;
  resource_.Delete(request, response);
  EXPECT_TRUE(response.diagnostics.HasError());
  sdk::DeleteResponse again;
  resource_.Delete(request, again);
  EXPECT_FALSE(again.diagnostics.HasError());
}

TEST_F(LostAnswerTest, ARunOutOfSightIsAnErrorThatNamesItAndKeepsTheObject) {
  backend_.await_error = Unavailable("cannot reach the control plane at host:1");
  const auto response = Create();
  EXPECT_THAT(Text(response.diagnostics), HasSubstr("lost sight of the run"));
  EXPECT_THAT(Text(response.diagnostics), HasSubstr("podwright run get run-1"));
  EXPECT_EQ(response.state.Get("id"), Value::String("default/web-1"));
}

TEST_F(LostAnswerTest, ARunWhoseEndIsNoneIsOutOfSight) {
  backend_.run.set_state(v1::RUN_STATE_RUNNING);
  EXPECT_THAT(Text(Create().diagnostics), HasSubstr("lost sight of the run"));
}

TEST_F(LostAnswerTest, GarbageNeverReachesAState) {
  const Value state = Create().state;
  v1::ObjectView other = backend_.view("server/web-1");
  other.mutable_object()->set_name("web-2");
  v1::ObjectView damaged = backend_.view("server/web-1");
  damaged.set_status("\x0a\xff");
  v1::ObjectView found_damaged = backend_.view("server/web-1");
  found_damaged.set_actual("\xff\xff\xff");
  for (const v1::ObjectView& garbage : {v1::ObjectView(), other, damaged, found_damaged}) {
    backend_.garbage = garbage;
    sdk::ReadRequest request;
    request.state = state;
    sdk::ReadResponse response;
    response.state = state;
    resource_.Read(request, response);
    EXPECT_THAT(Text(response.diagnostics), HasSubstr("the control plane's answer cannot be used"));
    EXPECT_EQ(response.state, state);
    // Of a create everything that was planned stays, and the object is in the state.
    const auto created = Create();
    EXPECT_TRUE(created.diagnostics.HasError());
    EXPECT_EQ(created.state.Get("id"), Value::String("default/web-1"));
    EXPECT_EQ(created.state.Get("sysctl"), Config().Get("sysctl"));
    EXPECT_TRUE(created.state.IsWhollyKnown());
  }
}

}  // namespace
}  // namespace podwright::provider
