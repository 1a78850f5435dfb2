#include "provider/kind_resource.h"

#include "provider/kind_data_source.h"
#include "provider/testing/kind_resource_case.h"

namespace podwright::provider {
namespace {

using sdk::Value;

class KindResourceTest : public testing::KindResourceCase {};

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

TEST_F(KindResourceTest, WrongLabelsAreToldAtTheirAttribute) {
  sdk::ValidateRequest request;
  request.config = Config("hi\n");
  request.config.SetField("labels", Value::Map({{"Not A Key", Value::String("x")}}));
  sdk::Diagnostics diagnostics;
  resource_.Validate(request, diagnostics);
  ASSERT_TRUE(diagnostics.HasError());
  EXPECT_EQ(diagnostics.items()[0].path.ToString(), "labels");
}

TEST_F(KindResourceTest, WhatIsWrongElsewhereHidesNothing) {
  sdk::ValidateRequest request;
  request.config =
      Value::Object({{"name", Value::String("Web_1")},
                     {"files", Value::Map({{"etc/motd", Value::Object({{"content", Value::String("x")}})}})}});
  sdk::Diagnostics diagnostics;
  diagnostics.AddError("Not a duration", "", "timeouts");  // of an attribute's own validator
  resource_.Validate(request, diagnostics);
  std::vector<std::string> paths;
  for (const sdk::Diagnostic& item : diagnostics.items()) paths.push_back(item.path.ToString());
  EXPECT_EQ(paths, (std::vector<std::string>{"timeouts", "name", "files[\"etc/motd\"]"}));
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
