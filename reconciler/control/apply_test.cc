// The one door for desired state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"
#include "reconciler/control/testing/world.h"
#include "reconciler/store/helpers.h"

namespace podwright::control::testing {
namespace {

using ::testing::HasSubstr;

class ApplyTest : public ::testing::Test {
 protected:
  // Everything that the store holds, keys and values.
  std::string StoreText() {
    std::string text;
    EXPECT_TRUE(store::ForEach(world.memory_store, store::Prefix(""), [&](const store::KeyValue& kv) {
                  text += kv.key + "\n" + kv.value + "\n";
                  return Ok();
                }).ok());
    return text;
  }
  v1::ApplyRequest WidgetRequest(const std::string& payload) {
    auto request = world.Request();
    World::PutServer(&request, "web-1");
    World::PutWidget(&request, "lamp", World::Widget({"web-1"}, payload));
    return request;
  }
  World world;
};

TEST_F(ApplyTest, AFileReachesTheServerAndTheObjectIsReady) {
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

TEST_F(ApplyTest, ADryRunShowsThePlanAndChangesNothing) {
  world.AddAgent("web-1");
  world.Settle();
  auto request = WidgetRequest("on");
  request.set_dry_run(true);
  const std::string before = StoreText();
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok()) << preview.error().ToString();
  EXPECT_EQ(preview->plan().order_size(), 1);
  EXPECT_TRUE(preview->run().empty());
  EXPECT_EQ(StoreText(), before);
}

TEST_F(ApplyTest, ThePreviewedDigestIsWhatRuns) {
  MemoryAgent& agent = world.AddAgent("web-1");
  world.Settle();
  auto request = WidgetRequest("on");
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_TRUE(run.bound());
  EXPECT_EQ(agent.widgets["lamp"], "on");
}

TEST_F(ApplyTest, AStaleDigestIsRefusedAndNamesTheFactThatChanged) {
  MemoryAgent& agent = world.AddAgent("web-1");
  world.ApplyAndFinish(WidgetRequest("on"));
  auto request = WidgetRequest("off");
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  agent.widgets["lamp"] = "broken";
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message(), HasSubstr("observed/widget/lamp@web-1"));
  EXPECT_EQ(agent.widgets["lamp"], "broken");
}

TEST_F(ApplyTest, AChangeElsewhereMakesNoDigestStale) {
  world.AddAgent("web-1");
  world.AddAgent("web-2");
  world.Settle();
  auto request = WidgetRequest("on");
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  auto other = world.Request("cli:other");
  World::PutServerFile(&other, "web-2", "x");
  world.ApplyAndFinish(other);
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  EXPECT_TRUE(world.Apply(request).ok());
}

TEST_F(ApplyTest, AViewerIsRefusedAndThatIsAudited) {
  const Caller viewer{"token:eve", Role::kViewer, "*"};
  const auto refused = world.control().Apply(viewer, WidgetRequest("on"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
  const auto audit = world.Audit();
  ASSERT_FALSE(audit.empty());
  EXPECT_EQ(audit.back().event.actor, "token:eve");
  EXPECT_EQ(audit.back().event.outcome, "refused");
  EXPECT_FALSE(world.Exists("widget", "lamp"));
}

TEST_F(ApplyTest, RolesMayDoWhatTheTableSays) {
  auto request = WidgetRequest("on");
  const Caller planner{"token:ci", Role::kPlanner, "default"};
  EXPECT_FALSE(world.control().Apply(planner, request).ok());
  request.set_dry_run(true);
  EXPECT_TRUE(world.control().Apply(planner, request).ok());
  request.set_workspace("other");
  EXPECT_FALSE(world.control().Apply(planner, request).ok());
  request.set_workspace("");
  request.set_dry_run(false);
  EXPECT_TRUE(world.control().Apply({"token:ops", Role::kOperator, "default"}, request).ok());
}

TEST_F(ApplyTest, ASecondOwnerGetsAConflictThatNamesTheFirst) {
  ASSERT_TRUE(world.Apply(WidgetRequest("on")).ok());
  auto request = world.Request("tofu:shop");
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "off"));
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message(), HasSubstr("widget/lamp belongs to cli:test"));
  EXPECT_THAT(refused.error().message(), HasSubstr("podwright transfer widget/lamp --to tofu:shop"));
  EXPECT_EQ(world.Get("widget", "lamp").object().owner(), "cli:test");
}

TEST_F(ApplyTest, TheSameIdempotencyKeyGivesTheSameAnswer) {
  auto request = WidgetRequest("on");
  request.set_idempotency_key("once");
  const auto first = world.Apply(request);
  ASSERT_TRUE(first.ok());
  const auto again = world.Apply(request);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->run(), first->run());
  EXPECT_EQ(again->revision(), first->revision());
  EXPECT_EQ(world.Get("widget", "lamp").object().generation(), 1);
  auto other = WidgetRequest("off");
  other.set_idempotency_key("once");
  const auto refused = world.Apply(other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
}

TEST_F(ApplyTest, IdempotencyIsForgottenAfterADay) {
  auto request = WidgetRequest("on");
  request.set_idempotency_key("once");
  ASSERT_TRUE(world.Apply(request).ok());
  world.Advance(std::chrono::hours(25));
  EXPECT_EQ(StoreText().find("idem"), std::string::npos);
}

TEST_F(ApplyTest, AnUnexpectedRevisionIsAConflict) {
  const auto first = world.Apply(WidgetRequest("on"));
  ASSERT_TRUE(first.ok());
  auto request = WidgetRequest("off");
  (*request.mutable_expected_revisions())["widget/lamp"] = 0;
  EXPECT_EQ(world.Apply(request).error().code(), ErrorCode::kConflict);
  (*request.mutable_expected_revisions())["widget/lamp"] = world.Get("widget", "lamp").revision();
  EXPECT_TRUE(world.Apply(request).ok());
}

TEST_F(ApplyTest, BecomingReadyIsNoChangeOfTheRevision) {
  world.AddAgent("web-1");
  const auto first = world.Apply(WidgetRequest("on"));
  ASSERT_TRUE(first.ok());
  const auto revision = world.Get("widget", "lamp").revision();
  world.Finish(first->run());
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_READY);
  EXPECT_EQ(world.Get("widget", "lamp").revision(), revision);
}

TEST_F(ApplyTest, ADanglingReferenceIsAnErrorWithItsPlace) {
  auto request = world.Request();
  World::PutWidget(&request, "lamp", World::Widget({"nowhere"}, "on"));
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message(), HasSubstr("widget/lamp refers to server/nowhere, which does not exist"));
}

TEST_F(ApplyTest, WithDanglingAllowedTheRunWaitsForWhatIsMissing) {
  world.AddAgent("web-1");
  auto request = world.Request("tofu:a");
  request.set_allow_dangling(true);
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "on"));
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  world.Settle();
  auto server = world.Request("tofu:a");
  World::PutServer(&server, "web-1");
  ASSERT_TRUE(world.Apply(server).ok());
  const v1::Run run = world.Finish(response->run());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(world.link.Find("web-1")->widgets["lamp"], "on");
}

TEST_F(ApplyTest, ACycleIsRefusedAndNothingIsStored) {
  world.AddAgent("web-1");
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  auto a = World::Widget({"web-1"}, "x");
  a.add_needs("b");
  auto b = World::Widget({"web-1"}, "x");
  b.add_needs("a");
  World::PutWidget(&request, "a", a);
  World::PutWidget(&request, "b", b);
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("circle"));
  EXPECT_FALSE(world.Exists("server", "web-1"));
}

TEST_F(ApplyTest, UnknownFieldsAndNewerSchemasNameTheRevision) {
  auto request = WidgetRequest("on");
  request.mutable_puts(1)->mutable_spec()->append("\xf8\x3f\x01", 3);  // field 1023
  request.mutable_puts(1)->set_schema_revision(99);
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("99"));
}

TEST_F(ApplyTest, AllProblemsOfARequestComeAtOnce) {
  auto request = world.Request("nobody");
  World::PutServer(&request, "Web");
  World::PutServer(&request, "web-1");
  World::PutServer(&request, "web-1");
  World::Delete(&request, "gadget", "x");
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  for (const char* part : {"owner", "Web", "server/web-1 is given twice", "gadget"}) {
    EXPECT_THAT(refused.error().message(), HasSubstr(part));
  }
}

TEST_F(ApplyTest, TheWholeOwnerScopeDeletesWhatIsNotNamedAndNothingOfOthers) {
  world.AddAgent("web-1");
  world.ApplyAndFinish(WidgetRequest("on"));
  auto other = world.Request("cli:other");
  World::PutWidget(&other, "chair", World::Widget({"web-1"}, "wood"));
  world.ApplyAndFinish(other);
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_FALSE(world.Exists("widget", "lamp"));
  EXPECT_TRUE(world.Exists("widget", "chair"));
  EXPECT_FALSE(world.link.Find("web-1")->widgets.contains("lamp"));
}

TEST_F(ApplyTest, AProtectedServerIsNotDeleted) {
  v1::kinds::ServerSpec spec;
  spec.set_deletion_protection(true);
  auto request = world.Request();
  World::Put(&request, "server", "web-1", spec);
  ASSERT_TRUE(world.Apply(request).ok());
  auto deletion = world.Request();
  World::Delete(&deletion, "server", "web-1");
  const auto refused = world.Apply(deletion);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("deletion_protection"));
}

TEST_F(ApplyTest, TheSameDocumentAgainChangesNothing) {
  world.AddAgent("web-1");
  world.ApplyAndFinish(WidgetRequest("on"));
  const auto again = world.Apply(WidgetRequest("on"));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->run().empty());
  EXPECT_EQ(again->plan().order_size(), 0);
  EXPECT_EQ(world.Get("widget", "lamp").object().generation(), 1);
}

TEST_F(ApplyTest, ThePlanIsExactAboutWhatIsThereAlready) {
  world.AddAgent("web-1").widgets["lamp"] = "on";
  world.Settle();
  const auto response = world.Apply(WidgetRequest("on"));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->plan().order_size(), 0);
  world.Settle();
  EXPECT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_READY);
  EXPECT_TRUE(world.link.Find("web-1")->Confirmed("widget/lamp"));
}

TEST_F(ApplyTest, AnAgentThatIsAwayIsSaidInAWarning) {
  world.AddAgent("web-1");
  world.ApplyAndFinish(WidgetRequest("on"));
  world.link.Disconnect("web-1");
  world.Settle();
  auto request = WidgetRequest("off");
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  ASSERT_GT(preview->warnings_size(), 0);
  EXPECT_THAT(preview->warnings(0), HasSubstr("web-1 is away"));
  EXPECT_EQ(preview->plan().order_size(), 1);
}

TEST_F(ApplyTest, ALargeApplyIsTakenWholeAndRuns) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  for (int i = 0; i < 150; ++i) World::PutWidget(&request, "w-" + std::to_string(i), World::Widget({"web-1"}, "x"));
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  const auto revision = world.Get("widget", "w-7").revision();
  const v1::Run run = world.Finish(response->run());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent.widgets.size(), 150U);
  world.StartControl();
  EXPECT_EQ(world.Get("widget", "w-7").revision(), revision);
}

class SecretTest : public ApplyTest {
 protected:
  v1::ApplyRequest SecretRequest(const std::string& value, std::int64_t version) {
    auto request = world.Request();
    v1::kinds::SecretSpec spec;
    spec.set_value(value);
    if (version > 0) spec.set_value_version(version);
    World::Put(&request, "secret", "password", spec);
    v1::kinds::ServerSpec server;
    (*server.mutable_secrets())["/etc/password"].set_secret("password");
    World::Put(&request, "server", "web-1", server);
    return request;
  }
};

TEST_F(SecretTest, AValueIsDeliveredAndStandsNowhereInTheStore) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = SecretRequest("correct horse battery", 1);
  request.set_idempotency_key("k");
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_TRUE(agent.delivered().contains("password/1"));
  EXPECT_EQ(StoreText().find("correct horse"), std::string::npos);
  EXPECT_EQ(world.Get("secret", "password").DebugString().find("correct horse"), std::string::npos);
}

TEST_F(SecretTest, ANewVersionReachesWhoeverDeliversIt) {
  MemoryAgent& agent = world.AddAgent("web-1");
  world.ApplyAndFinish(SecretRequest("one", 1));
  const v1::Run run = world.ApplyAndFinish(SecretRequest("two", 2));
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(agent.secrets.at("/etc/password").second, 2);
  const auto again = world.Apply(SecretRequest("two", 2));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->run().empty());
}

TEST_F(SecretTest, WithoutAVersionTheValueItselfSaysWhetherItChanged) {
  MemoryAgent& agent = world.AddAgent("web-1");
  world.ApplyAndFinish(SecretRequest("one", 0));
  world.ApplyAndFinish(SecretRequest("one", 0));
  EXPECT_EQ(agent.secrets.at("/etc/password").second, 1);
  world.ApplyAndFinish(SecretRequest("two", 0));
  EXPECT_EQ(agent.secrets.at("/etc/password").second, 2);
}

TEST_F(SecretTest, AGeneratorMakesItsValueOnceAndRotationBringsTheNext) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = SecretRequest("", 0);
  v1::kinds::SecretSpec spec;
  spec.mutable_generator()->set_length(40);
  request.mutable_puts(0)->set_spec(spec.SerializeAsString());
  world.ApplyAndFinish(request);
  world.ApplyAndFinish(request);
  EXPECT_EQ(agent.secrets.at("/etc/password").second, 1);
  v1::RotateSecretRequest rotate;
  rotate.set_name("password");
  const auto version = world.control().RotateSecret(world.admin, rotate);
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->version(), 2);
  world.Advance(std::chrono::minutes(2));
  EXPECT_EQ(agent.secrets.at("/etc/password").second, 2);
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_READY);
}

TEST_F(SecretTest, WhoDeliversASecretWithoutAValueWaitsUntilItIsSet) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = SecretRequest("", 0);
  request.mutable_puts(0)->set_spec(v1::kinds::SecretSpec().SerializeAsString());
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  world.Advance(std::chrono::minutes(1));
  v1::GetRunRequest get;
  get.set_id(response->run());
  const auto run = world.control().GetRun(world.admin, get);
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->waiting_size(), 1);
  EXPECT_THAT(run->waiting(0), HasSubstr("podwright secret set password"));
  v1::SetSecretRequest set;
  set.set_name("password");
  set.set_value("x");
  ASSERT_TRUE(world.control().SetSecret(world.admin, set).ok());
  EXPECT_EQ(world.Finish(response->run()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent.secrets.at("/etc/password").second, 1);
}

TEST_F(SecretTest, ASecretSetLateIsDeliveredByTheControlPlaneItself) {
  MemoryAgent& agent = world.AddAgent("web-1");
  auto request = SecretRequest("", 0);
  request.mutable_puts(0)->set_spec(v1::kinds::SecretSpec().SerializeAsString());
  ASSERT_TRUE(world.Apply(request).ok());
  world.Advance(std::chrono::minutes(30));
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_STALLED);
  v1::SetSecretRequest set;
  set.set_name("password");
  set.set_value("x");
  ASSERT_TRUE(world.control().SetSecret(world.admin, set).ok());
  world.Advance(std::chrono::minutes(2));
  EXPECT_EQ(agent.secrets.at("/etc/password").second, 1);
}

TEST_F(SecretTest, SettingAValueNeedsTheDeclaredSecretAndTheRole) {
  v1::SetSecretRequest set;
  set.set_name("password");
  set.set_value("x");
  EXPECT_EQ(world.control().SetSecret(world.admin, set).error().code(), ErrorCode::kNotFound);
  auto request = world.Request();
  World::Put(&request, "secret", "password", v1::kinds::SecretSpec());
  ASSERT_TRUE(world.Apply(request).ok());
  EXPECT_EQ(world.control().SetSecret({"token:v", Role::kViewer, "*"}, set).error().code(),
            ErrorCode::kPermissionDenied);
  const auto version = world.control().SetSecret(world.admin, set);
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->version(), 1);
}

TEST_F(SecretTest, AValueIsRevealedToAnOperatorOfTheWorkspaceAndTheRefusalsAreAudited) {
  v1::RevealSecretRequest reveal;
  reveal.set_name("password");
  EXPECT_EQ(world.control().RevealSecret(world.admin, reveal).error().code(), ErrorCode::kNotFound);
  auto request = world.Request();
  World::Put(&request, "secret", "password", v1::kinds::SecretSpec());
  ASSERT_TRUE(world.Apply(request).ok());
  const auto none = world.control().RevealSecret(world.admin, reveal);
  EXPECT_EQ(none.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(none.error().message(), HasSubstr("podwright secret set password"));
  v1::SetSecretRequest set;
  set.set_name("password");
  for (const char* value : {"first", "second"}) {
    set.set_value(value);
    ASSERT_TRUE(world.control().SetSecret(world.admin, set).ok());
  }
  const Caller op{"token:ci", Role::kOperator, "default"};
  const auto current = world.control().RevealSecret(op, reveal);
  ASSERT_TRUE(current.ok());
  EXPECT_EQ(current->value(), "second");
  EXPECT_EQ(current->version(), 2);
  reveal.set_version(1);
  EXPECT_EQ(world.control().RevealSecret(op, reveal)->value(), "first");
  reveal.set_version(7);
  EXPECT_EQ(world.control().RevealSecret(op, reveal).error().code(), ErrorCode::kNotFound);
  for (const Caller& other : {Caller{"token:p", Role::kPlanner, "*"}, Caller{"token:o", Role::kOperator, "other"}}) {
    EXPECT_EQ(world.control().RevealSecret(other, reveal).error().code(), ErrorCode::kPermissionDenied);
  }
}

}  // namespace
}  // namespace podwright::control::testing
