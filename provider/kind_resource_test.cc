#include "provider/kind_resource.h"

#include <gtest/gtest.h>

#include "podwright/v1/kinds/server.pb.h"
#include "provider/kind_data_source.h"
#include "provider/resume.h"
#include "provider/testing/fake_backend.h"

namespace podwright::provider {
namespace {

using sdk::Value;

using testing::FakeBackend;

class KindResourceTest : public ::testing::Test {
 protected:
  KindResourceTest() {
    session_.backend = &backend_;
    session_.owner = "tofu:shop";
    session_.workspace = "default";
    backend_.run.set_state(v1::RUN_STATE_SUCCEEDED);
    v1::kinds::ServerStatus status;
    status.add_addresses("10.0.0.2");
    status.set_in_sync(true);
    backend_.status = status.SerializeAsString();
  }

  static Value Config(const std::string& motd) {
    return Value::Object({{"name", Value::String("web-1")},
                          {"files", Value::Map({{"/etc/motd", Value::Object({{"content", Value::String(motd)}})}})}});
  }
  static Value Planned(const std::string& motd) {
    Value plan = Config(motd);
    for (const char* name : {"id", "status", "planned_disruption", "plan_digest", "plan_facts", "effective_labels"})
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
    EXPECT_TRUE(KindListDataSource(*kind, session_).GetSchema().Check(sdk::Schema::Of::kDataSource).ok());
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
  backend_.await_error = Cancelled("interrupted");
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
  backend_.view("server/web-1").set_actual(actual.SerializeAsString());
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
  backend_.view("server/web-1").mutable_object()->set_lifecycle(v1::LIFECYCLE_TOMBSTONE);
  resource_.Read(request, tombstone);
  EXPECT_TRUE(tombstone.state.is_null());
  sdk::ReadResponse gone;
  gone.state = state;
  backend_.objects.clear();
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
  v1::Slice* slice = backend_.plan.add_slices();
  slice->add_reads()->set_key("object/secret/token");
  v1::FactRead* observed = slice->add_reads();
  observed->set_key("observed/server/web-1@web-1");
  observed->set_digest("\x0a");
  sdk::ModifyPlanRequest request;
  request.config = Config("hi\n");
  request.plan = Planned("hi\n");
  sdk::ModifyPlanResponse response;
  response.plan = request.plan;
  resource_.ModifyPlan(request, response);
  EXPECT_EQ(response.plan.Get("plan_digest"), Value::String("0102"));
  EXPECT_EQ(response.plan.Get("plan_facts"), Value::Map({{"object/secret/token", Value::String("absent")},
                                                         {"observed/server/web-1@web-1", Value::String("0a")}}));
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
  session_.declared_here.Clear();  // another run
  backend_.warnings = {"server/web-1 is still used by database/orders"};
  sdk::DeleteResponse response;
  resource_.Delete(request, response);
  EXPECT_FALSE(response.diagnostics.HasError());
  EXPECT_EQ(response.diagnostics.items()[0].summary, "server/web-1 is still used by database/orders");
  EXPECT_TRUE(response.state.is_null());
}

// ---- labels ----

TEST_F(KindResourceTest, DefaultLabelsReachTheObjectAndStayOutOfItsOwn) {
  session_.default_labels = {{"team", "shop"}, {"tier", "db"}};
  sdk::CreateRequest request;
  request.config = Config("hi\n");
  request.config.SetField("labels", Value::Map({{"tier", Value::String("web")}}));
  request.plan = Planned("hi\n");
  request.plan.SetField("labels", request.config.Get("labels"));
  sdk::CreateResponse response;
  resource_.Create(request, response);
  EXPECT_EQ(backend_.last.puts(0).labels().at("team"), "shop");
  EXPECT_EQ(backend_.last.puts(0).labels().at("tier"), "web");
  EXPECT_EQ(response.state.Get("effective_labels"),
            Value::Map({{"team", Value::String("shop")}, {"tier", Value::String("web")}}));
  sdk::ReadRequest read;
  read.state = response.state;
  sdk::ReadResponse found;
  resource_.Read(read, found);
  EXPECT_EQ(found.state.Get("labels"), request.config.Get("labels"));
  EXPECT_EQ(found.state.Get("effective_labels"), response.state.Get("effective_labels"));
}

TEST_F(KindResourceTest, ADefaultLabelThatSomebodyElseChangedIsDrift) {
  session_.default_labels = {{"team", "shop"}};
  sdk::ReadRequest read;
  read.state = Create("hi\n").state;
  (*backend_.view("server/web-1").mutable_object()->mutable_labels())["team"] = "other";
  sdk::ReadResponse found;
  resource_.Read(read, found);
  EXPECT_EQ(found.state.Get("effective_labels"), Value::Map({{"team", Value::String("other")}}));
}

TEST_F(KindResourceTest, OtherDefaultLabelsAreAnUpdateOfWhatIsOtherwiseTheSame) {
  sdk::ModifyPlanRequest request;
  request.state = Create("hi\n").state;
  request.config = Config("hi\n");
  request.plan = request.state;
  sdk::ModifyPlanResponse same;
  same.plan = request.plan;
  resource_.ModifyPlan(request, same);
  EXPECT_EQ(same.plan, request.state);
  session_.default_labels = {{"team", "shop"}};
  sdk::ModifyPlanResponse other;
  other.plan = request.plan;
  resource_.ModifyPlan(request, other);
  EXPECT_EQ(other.plan.Get("effective_labels"), Value::Map({{"team", Value::String("shop")}}));
  EXPECT_EQ(backend_.last.puts(0).labels().at("team"), "shop");
}

TEST_F(KindResourceTest, WrongLabelsAreToldAtTheirAttribute) {
  sdk::ValidateRequest request;
  request.config = Config("hi\n");
  request.config.SetField("labels", Value::Map({{"Not A Key", Value::String("x")}}));
  sdk::Diagnostics diagnostics;
  resource_.Validate(request, diagnostics);
  ASSERT_TRUE(diagnostics.HasError());
  EXPECT_EQ(diagnostics.items()[0].path.ToString(), "labels");
}

// ---- what a tainted create meets ----

TEST_F(KindResourceTest, ACreateOfWhatIsThereAlreadyIsToldAndKeptByTheDeleteBeforeIt) {
  static_cast<void>(Create("hi\n"));
  session_.declared_here.Clear();  // another run
  sdk::ModifyPlanRequest plan;     // what core sends for a tainted object: no state, no private state
  plan.config = Config("hi\n");
  plan.plan = Planned("hi\n");
  sdk::ModifyPlanResponse planned;
  planned.plan = plan.plan;
  resource_.ModifyPlan(plan, planned);
  ASSERT_EQ(planned.diagnostics.items().size(), 1U);
  EXPECT_EQ(planned.diagnostics.items()[0].summary, "server/web-1: exists already and is taken up as it is");
  sdk::DeleteRequest destroy;
  destroy.state = Value::Object({{"id", Value::String("default/web-1")}});
  destroy.private_state = planned.private_state;
  sdk::DeleteResponse destroyed;
  resource_.Delete(destroy, destroyed);
  EXPECT_TRUE(backend_.last.hold_deletes());
}

TEST_F(KindResourceTest, AReplacementThatSomebodyAskedForIsOne) {
  sdk::ModifyPlanRequest first;  // -replace: core plans with the state, then again without, with the private state
  first.state = Create("hi\n").state;
  session_.declared_here.Clear();  // another run
  first.config = Config("hi\n");
  first.plan = first.state;
  sdk::ModifyPlanResponse with_state;
  with_state.plan = first.plan;
  resource_.ModifyPlan(first, with_state);
  sdk::ModifyPlanRequest second;
  second.config = first.config;
  second.plan = Planned("hi\n");
  second.private_state = with_state.private_state;
  sdk::ModifyPlanResponse without;
  without.plan = second.plan;
  resource_.ModifyPlan(second, without);
  EXPECT_TRUE(without.diagnostics.empty());
  sdk::DeleteRequest destroy;
  destroy.state = first.state;
  destroy.private_state = without.private_state;
  sdk::DeleteResponse destroyed;
  resource_.Delete(destroy, destroyed);
  EXPECT_FALSE(backend_.last.hold_deletes());
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
