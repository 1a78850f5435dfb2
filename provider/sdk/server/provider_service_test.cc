// The service under a client in the place of core: what every provider answers.
#include <gtest/gtest.h>

#include "provider/sdk/server/client_playing_core.h"
#include "provider/sdk/testing/toy_provider.h"
#include "provider/sdk/value/json.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk::server {
namespace {

TEST_F(ClientPlayingCore, SchemaHasEveryFormOfAttribute) {
  const auto response = Call(&Stub::GetProviderSchema, tfplugin6::GetProviderSchema::Request());
  EXPECT_EQ(response.diagnostics_size(), 0);
  EXPECT_TRUE(response.server_capabilities().plan_destroy());
  EXPECT_EQ(response.provider().block().attributes(0).name(), "folder");
  const auto& file = response.resource_schemas().at("toy_file");
  EXPECT_EQ(file.version(), 1);
  std::map<std::string, tfplugin6::Schema::Attribute> attributes;
  for (const auto& attribute : file.block().attributes()) attributes[attribute.name()] = attribute;
  EXPECT_EQ(attributes["anything"].type(), "\"dynamic\"");
  EXPECT_TRUE(attributes["secret_wo"].write_only());
  EXPECT_EQ(attributes["old"].deprecation_message(), "Use content.");
  EXPECT_EQ(attributes["labels"].nested_type().nesting(), tfplugin6::Schema::Object::SET);
  EXPECT_TRUE(attributes["labels"].type().empty());
  EXPECT_EQ(response.data_source_schemas().count("toy_file"), 1U);
}

TEST_F(ClientPlayingCore, HostileBytesAreDiagnostics) {
  tfplugin6::PlanResourceChange::Request request;
  request.set_type_name("toy_file");
  request.mutable_config()->set_msgpack(std::string("\xdd\xff\xff\xff\xff", 5));
  const auto plan = Call(&Stub::PlanResourceChange, request);
  ASSERT_EQ(plan.diagnostics_size(), 1);
  tfplugin6::UpgradeResourceState::Request upgrade;
  upgrade.set_type_name("toy_file");
  upgrade.mutable_raw_state()->set_json(std::string(50'000, '['));
  EXPECT_EQ(Call(&Stub::UpgradeResourceState, upgrade).diagnostics_size(), 1);
  upgrade.mutable_raw_state()->clear_json();
  (*upgrade.mutable_raw_state()->mutable_flatmap())["id"] = "1";
  EXPECT_EQ(Call(&Stub::UpgradeResourceState, upgrade).diagnostics_size(), 1);
}

TEST_F(ClientPlayingCore, UnknownTypesAreDiagnostics) {
  ExpectRefused(&Stub::ReadResource);
  ExpectRefused(&Stub::ApplyResourceChange);
  ExpectRefused(&Stub::ImportResourceState);
  ExpectRefused(&Stub::ReadDataSource);
  ExpectRefused(&Stub::ValidateResourceConfig);
  ExpectRefused(&Stub::MoveResourceState);
  ExpectRefused(&Stub::UpgradeResourceIdentity);
  ExpectRefused(&Stub::ValidateEphemeralResourceConfig);
  ExpectRefused(&Stub::OpenEphemeralResource);
  ExpectRefused(&Stub::RenewEphemeralResource);
  ExpectRefused(&Stub::CloseEphemeralResource);
}

TEST_F(ClientPlayingCore, ReadBeforeConfigureIsADiagnostic) {
  tfplugin6::ReadDataSource::Request request;
  request.set_type_name("toy_file");
  const Type type = testing::ToyProvider().DataSources()[0]->GetSchema().ImpliedType();
  request.mutable_config()->set_msgpack(EncodeMsgpack(Value::Object({{"name", Value::String("a")}}), type).value());
  const auto response = Call(&Stub::ReadDataSource, request);
  ASSERT_EQ(response.diagnostics_size(), 1);
  EXPECT_NE(response.diagnostics(0).detail().find("folder is not known"), std::string::npos);
}

TEST_F(ClientPlayingCore, AbsentFeaturesAnswerAsAbsent) {
  ExpectRefused(&Stub::GenerateResourceConfig);
  ExpectRefused(&Stub::ValidateListResourceConfig);
  ExpectRefused(&Stub::PlanAction);
  ExpectRefused(&Stub::ValidateActionConfig);
  ExpectRefused(&Stub::ValidateStateStoreConfig);
  ExpectRefused(&Stub::LockState);
  grpc::ClientContext context;
  const auto events = stub_->InvokeAction(&context, tfplugin6::InvokeAction::Request());
  tfplugin6::InvokeAction::Event event;
  ASSERT_TRUE(events->Read(&event));
  EXPECT_EQ(event.completed().diagnostics_size(), 1);
  EXPECT_FALSE(events->Read(&event));
  EXPECT_TRUE(events->Finish().ok());
}

TEST_F(ClientPlayingCore, FunctionsAreAnnouncedAlikeByEveryWay) {
  const auto schema = Call(&Stub::GetProviderSchema, tfplugin6::GetProviderSchema::Request());
  const auto functions = Call(&Stub::GetFunctions, tfplugin6::GetFunctions::Request());
  const auto metadata = Call(&Stub::GetMetadata, tfplugin6::ProviderMetadata::Request());
  ASSERT_EQ(functions.functions_size(), schema.functions_size());
  EXPECT_EQ(metadata.functions_size(), schema.functions_size());
  const tfplugin6::Function& join = schema.functions().at("join");
  EXPECT_EQ(join.SerializeAsString(), functions.functions().at("join").SerializeAsString());
  EXPECT_EQ(join.variadic_parameter().name(), "parts");
  EXPECT_EQ(join.return_().type(), "\"string\"");
  EXPECT_EQ(schema.functions().at("describe").parameters(0).type(),
            R"(["object",{"name":"string","size":"number"},["size"]])");
}

TEST_F(ClientPlayingCore, FunctionErrorsHaveAnIndexWhereAnArgumentIsToBlame) {
  tfplugin6::CallFunction::Request request;
  EXPECT_NE(Call(&Stub::CallFunction, request).error().text().find("no function"), std::string::npos);
  request.set_name("join");
  EXPECT_NE(Call(&Stub::CallFunction, request).error().text().find("needs 1 arguments"), std::string::npos);
  request.add_arguments()->set_msgpack("\xa1-");
  request.add_arguments()->set_msgpack(
      "\xa1"
      "a");
  EXPECT_EQ(Call(&Stub::CallFunction, request).result().msgpack(),
            "\xa1"
            "a");
  request.add_arguments()->set_msgpack("\xdd\xff\xff\xff\xff");
  const auto hostile = Call(&Stub::CallFunction, request);
  EXPECT_EQ(hostile.error().function_argument(), 2);
  request.mutable_arguments(2)->set_msgpack("\xa0");
  EXPECT_EQ(Call(&Stub::CallFunction, request).error().function_argument(), 2);
  request.set_name("seconds");
  EXPECT_FALSE(Call(&Stub::CallFunction, request).error().has_function_argument());
}

// What authors throw or mistake when the schema is made must not take the process down.
class BrokenProvider final : public Provider {
 public:
  Schema ProviderSchema() override { return {.attributes = {{.name = "Bad Name"}}}; }
  void Configure(const ConfigureRequest&, ConfigureResponse&) override {}
  std::vector<std::unique_ptr<Resource>> Resources() override { return {}; }
};

TEST(BrokenProviders, SchemaFaultsAreDiagnosticsOfEveryCall) {
  BrokenProvider provider;
  ProviderService service(provider);
  tfplugin6::GetProviderSchema::Response response;
  EXPECT_TRUE(service.GetProviderSchema(nullptr, nullptr, &response).ok());
  ASSERT_EQ(response.diagnostics_size(), 1);
  EXPECT_NE(response.diagnostics(0).detail().find("Bad Name"), std::string::npos);
}

}  // namespace
}  // namespace podwright::sdk::server
