#include "provider/kind_resource.h"

#include <gtest/gtest.h>

#include <optional>

#include "podwright/v1/kinds/server.pb.h"
#include "provider/kind_data_source.h"

namespace podwright::provider {
namespace {

using sdk::Value;

// A control plane that keeps objects, and whose runs end as they are told to.
class FakeBackend final : public Backend {
 public:
  Result<v1::ApplyResponse> Apply(const v1::ApplyRequest& request, const sdk::CancellationToken&) override {
    last = request;
    if (refuse) return *refuse;
    v1::ApplyResponse response;
    *response.mutable_plan() = plan;
    for (const std::string& warning : warnings) response.add_warnings(warning);
    if (request.dry_run()) return response;
    for (const v1::DesiredObject& put : request.puts()) {
      view.mutable_object()->set_workspace(request.workspace());
      view.mutable_object()->set_owner(request.owner());
      view.mutable_object()->set_kind(put.kind());
      view.mutable_object()->set_name(put.name());
      view.mutable_object()->set_spec(put.spec());
      exists = true;
    }
    if (!request.deletes().empty()) exists = false;
    response.set_run("run-1");
    return response;
  }
  Result<v1::ObjectView> Get(const v1::GetRequest&, const sdk::CancellationToken&) override {
    if (!exists) return NotFound("no such object");
    return view;
  }
  Result<v1::Run> AwaitRun(const std::string&, const std::string&, const std::function<void(const v1::Run&)>&,
                           const sdk::CancellationToken&) override {
    if (interrupt) return Cancelled("interrupted");
    return run;
  }

  v1::ApplyRequest last;
  v1::Plan plan;
  v1::ObjectView view;
  v1::Run run;
  std::vector<std::string> warnings;
  std::optional<Error> refuse;
  bool exists = false;
  bool interrupt = false;
};

class KindResourceTest : public testing::Test {
 protected:
  KindResourceTest() {
    session_.backend = &backend_;
    session_.owner = "tofu:shop";
    session_.workspace = "default";
    backend_.run.set_state(v1::RUN_STATE_SUCCEEDED);
    v1::kinds::ServerStatus status;
    status.add_addresses("10.0.0.2");
    status.set_in_sync(true);
    backend_.view.set_status(status.SerializeAsString());
  }

  static Value Config(const std::string& motd) {
    return Value::Object({{"name", Value::String("web-1")},
                          {"files", Value::Map({{"/etc/motd", Value::Object({{"content", Value::String(motd)}})}})}});
  }
  static Value Planned(const std::string& motd) {
    Value plan = Config(motd);
    for (const char* name : {"id", "status", "planned_disruption", "plan_digest"})
      plan.SetField(name, Value::Unknown());
    return plan;
  }
  sdk::CreateResponse Create(const std::string& motd) {
    sdk::CreateRequest request;
    request.config = Config(motd);
    request.plan = Planned(motd);
    sdk::CreateResponse response;
    resource_.Create(request, response);
    return response;
  }

  FakeBackend backend_;
  Session session_;
  KindResource resource_{*kinds::AllKinds().Find("server"), session_};
};

TEST_F(KindResourceTest, TheSchemaIsOneThatCoreAccepts) {
  EXPECT_TRUE(resource_.GetSchema().Check(sdk::Schema::Of::kResource).ok());
}

TEST_F(KindResourceTest, EveryKindsDataSourceHasASchemaThatCoreAccepts) {
  for (const kinds::Kind* kind : kinds::AllKinds().All()) {
    EXPECT_TRUE(KindDataSource(*kind, session_).GetSchema().Check(sdk::Schema::Of::kDataSource).ok()) << kind->name();
  }
}

TEST_F(KindResourceTest, CreateResolvesWhatWasUnknown) {
  const auto response = Create("hi\n");
  EXPECT_FALSE(response.diagnostics.HasError());
  EXPECT_TRUE(response.state.IsWhollyKnown());
  EXPECT_EQ(response.state.Get("id"), Value::String("default/web-1"));
  EXPECT_EQ(response.state.Get("status").Get("addresses"), Value::List({Value::String("10.0.0.2")}));
  EXPECT_EQ(backend_.last.owner(), "tofu:shop");
  EXPECT_TRUE(backend_.last.allow_dangling());
}

TEST_F(KindResourceTest, ACreateWhoseRunFailsKeepsTheObjectAndSaysWhatFailed) {
  backend_.run.set_state(v1::RUN_STATE_FAILED);
  v1::ActionRecord* record = backend_.run.add_actions();
  record->set_state(v1::ACTION_STATE_FAILED);
  record->mutable_action()->set_server("web-1");
  record->mutable_action()->set_summary("write /etc/motd");
  record->mutable_outcome()->set_error("No space left on device");
  const auto response = Create("hi\n");
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_NE(response.diagnostics.items()[0].detail.find("web-1: write /etc/motd: No space left on device"),
            std::string::npos);
  EXPECT_NE(response.diagnostics.items()[0].detail.find("podwright run get run-1"), std::string::npos);
  EXPECT_TRUE(response.state.has_value());
  EXPECT_TRUE(response.state.IsWhollyKnown());
}

TEST_F(KindResourceTest, ARefusedCreateLeavesNothingToTaint) {
  backend_.refuse = PermissionDenied("the role viewer may not apply");
  const auto response = Create("hi\n");
  EXPECT_TRUE(response.diagnostics.HasError());
  EXPECT_TRUE(response.state.is_null());
}

TEST_F(KindResourceTest, AnInterruptedApplyNamesTheRunThatGoesOn) {
  backend_.interrupt = true;
  const auto response = Create("hi\n");
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_NE(response.diagnostics.items()[0].detail.find("podwright run get run-1"), std::string::npos);
  EXPECT_TRUE(response.state.has_value());
}

TEST_F(KindResourceTest, AFailedUpdateKeepsTheStateOfBefore) {
  const Value before = Create("hi\n").state;
  backend_.run.set_state(v1::RUN_STATE_FAILED);
  sdk::UpdateRequest request;
  request.config = Config("new\n");
  request.plan = Planned("new\n");
  request.state = before;
  sdk::UpdateResponse response;
  response.state = before;
  resource_.Update(request, response);
  EXPECT_TRUE(response.diagnostics.HasError());
  EXPECT_EQ(response.state, before);
}

TEST_F(KindResourceTest, ReadTellsWhatWasFoundNotWhatWasWished) {
  const Value state = Create("hi\n").state;
  v1::kinds::ServerSpec actual;
  (*actual.mutable_files())["/etc/motd"].set_content("drifted\n");
  backend_.view.set_actual(actual.SerializeAsString());
  sdk::ReadRequest request;
  request.state = state;
  sdk::ReadResponse response;
  response.state = state;
  resource_.Read(request, response);
  EXPECT_EQ(response.state.Get("files").Get("/etc/motd").Get("content"), Value::String("drifted\n"));
}

TEST_F(KindResourceTest, ReadOfWhatIsGoneOrATombstoneIsNull) {
  const Value state = Create("hi\n").state;
  sdk::ReadRequest request;
  request.state = state;
  sdk::ReadResponse tombstone;
  tombstone.state = state;
  backend_.view.mutable_object()->set_lifecycle(v1::LIFECYCLE_TOMBSTONE);
  resource_.Read(request, tombstone);
  EXPECT_TRUE(tombstone.state.is_null());
  sdk::ReadResponse gone;
  gone.state = state;
  backend_.exists = false;
  resource_.Read(request, gone);
  EXPECT_TRUE(gone.state.is_null());
}

TEST_F(KindResourceTest, ThePlanWarnsOfADisruptionInTheSummary) {
  v1::Slice* slice = backend_.plan.add_slices();
  v1::Action* action = slice->add_actions();
  action->mutable_object()->set_kind("server");
  action->mutable_object()->set_name("web-1");
  action->set_server("web-1");
  action->set_disruption(v1::DISRUPTION_RESTART);
  action->set_downtime_ms(2000);
  sdk::ModifyPlanRequest request;
  request.config = Config("hi\n");
  request.plan = Planned("hi\n");
  sdk::ModifyPlanResponse response;
  response.plan = request.plan;
  resource_.ModifyPlan(request, response);
  ASSERT_EQ(response.diagnostics.items().size(), 1U);
  EXPECT_EQ(response.diagnostics.items()[0].summary, "server/web-1: restart on web-1, about 2 s");
  EXPECT_EQ(response.plan.Get("planned_disruption"), Value::String("restart"));
  EXPECT_TRUE(response.plan.Get("plan_digest").is_null());
  EXPECT_TRUE(backend_.last.dry_run());
}

TEST_F(KindResourceTest, AReferenceToWhatTheSameApplyMakesLeavesThePlanOpen) {
  v1::Slice* slice = backend_.plan.add_slices();
  slice->set_error("the secret \"token\" has no value yet");
  slice->add_missing()->set_name("token");
  backend_.warnings = {"server/web-1 refers to secret/token, which does not exist yet"};
  sdk::ModifyPlanRequest request;
  request.config = Config("hi\n");
  request.plan = Planned("hi\n");
  sdk::ModifyPlanResponse response;
  response.plan = request.plan;
  resource_.ModifyPlan(request, response);
  EXPECT_TRUE(response.diagnostics.empty());
  EXPECT_TRUE(response.plan.Get("planned_disruption").is_unknown());
}

TEST_F(KindResourceTest, WithBoundPlansTheDigestIsPartOfThePlanAndOfTheApply) {
  session_.bind_plans = true;
  backend_.plan.set_digest("\x01\x02");
  sdk::ModifyPlanRequest request;
  request.config = Config("hi\n");
  request.plan = Planned("hi\n");
  sdk::ModifyPlanResponse response;
  response.plan = request.plan;
  resource_.ModifyPlan(request, response);
  EXPECT_EQ(response.plan.Get("plan_digest"), Value::String("0102"));
  sdk::CreateRequest create;
  create.config = request.config;
  create.plan = response.plan;
  sdk::CreateResponse created;
  resource_.Create(create, created);
  EXPECT_EQ(backend_.last.plan_digest(), "\x01\x02");
}

TEST_F(KindResourceTest, ANewNameIsAnErrorAtTheName) {
  sdk::ModifyPlanRequest request;
  request.state = Create("hi\n").state;
  request.config = Config("hi\n");
  request.plan = request.state;
  request.plan.SetField("name", Value::String("web-2"));
  sdk::ModifyPlanResponse response;
  response.plan = request.plan;
  resource_.ModifyPlan(request, response);
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_EQ(response.diagnostics.items()[0].path.ToString(), "name");
}

TEST_F(KindResourceTest, DeletingPassesTheReferrersOnAsAWarning) {
  sdk::DeleteRequest request;
  request.state = Create("hi\n").state;
  backend_.warnings = {"server/web-1 is still used by database/orders"};
  sdk::DeleteResponse response;
  resource_.Delete(request, response);
  EXPECT_FALSE(response.diagnostics.HasError());
  EXPECT_EQ(response.diagnostics.items()[0].summary, "server/web-1 is still used by database/orders");
  EXPECT_TRUE(response.state.is_null());
}

TEST_F(KindResourceTest, AnUnknownProviderConfigurationPlansWithoutAPreview) {
  session_.backend = nullptr;
  sdk::ModifyPlanRequest request;
  request.config = Config("hi\n");
  request.plan = Planned("hi\n");
  sdk::ModifyPlanResponse response;
  response.plan = request.plan;
  resource_.ModifyPlan(request, response);
  EXPECT_TRUE(response.diagnostics.empty());
  EXPECT_TRUE(response.plan.Get("planned_disruption").is_unknown());
}

TEST_F(KindResourceTest, ImportTakesANameOrAWorkspaceWithIt) {
  sdk::ImportRequest request;
  request.id = "other/web-1";
  sdk::ImportResponse response;
  resource_.Import(request, response);
  EXPECT_EQ(response.state.Get("id"), Value::String("other/web-1"));
  request.id = "Not A Name";
  sdk::ImportResponse wrong;
  resource_.Import(request, wrong);
  EXPECT_TRUE(wrong.diagnostics.HasError());
}

}  // namespace
}  // namespace podwright::provider
