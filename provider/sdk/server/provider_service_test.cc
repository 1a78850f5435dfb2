// The service as a client sees it: a channel in this process stands for core, also for what is newer than
// the tofu or terraform at hand.
#include "provider/sdk/server/provider_service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "provider/sdk/testing/toy_file.h"
#include "provider/sdk/testing/toy_note.h"
#include "provider/sdk/testing/toy_provider.h"
#include "provider/sdk/value/json.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk::server {
namespace {

class ClientPlayingCore : public ::testing::Test {
 protected:
  ClientPlayingCore() : service_(provider_) {
    const std::string socket = "unix:" + (folder_ / "socket").string();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = tfplugin6::Provider::NewStub(grpc::CreateChannel(socket, grpc::InsecureChannelCredentials()));
  }
  ~ClientPlayingCore() override { std::filesystem::remove_all(folder_); }

  static std::filesystem::path MakeFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sdkXXXXXX").string();
    return ::mkdtemp(pattern.data());
  }

  template <typename Request, typename Response>
  Response Call(grpc::Status (tfplugin6::Provider::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub_.get()->*rpc)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  template <typename Request, typename Response>
  void ExpectRefused(grpc::Status (tfplugin6::Provider::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*)) {
    const Response response = Call(rpc, Request());
    ASSERT_EQ(response.diagnostics_size(), 1);
    EXPECT_EQ(response.diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
    EXPECT_FALSE(response.diagnostics(0).summary().empty());
  }

  const std::filesystem::path folder_ = MakeFolder();
  testing::ToyProvider provider_;
  ProviderService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<tfplugin6::Provider::Stub> stub_;
};

using Stub = tfplugin6::Provider::Stub;

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
  upgrade.mutable_raw_state()->set_json(std::string(1'000'000, '['));
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

// toy_note, which has an identity and defers, under a client newer than the tofu or terraform at hand.
class ClientOfTheNewestCore : public ClientPlayingCore {
 protected:
  ClientOfTheNewestCore() { Configure(Value::String(folder_.string())); }

  tfplugin6::ConfigureProvider::Response Configure(const Value& folder, bool deferral_allowed = true) {
    tfplugin6::ConfigureProvider::Request request;
    const Type type = testing::ToyProvider().ProviderSchema().ImpliedType();
    const Value config =
        Conform(Value::Object({{"folder", folder}}), type, ExtraAttributes::kRefuse, MissingAttributes::kNull).value();
    request.mutable_config()->set_msgpack(EncodeMsgpack(config, type).value());
    request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed);
    return Call(&Stub::ConfigureProvider, request);
  }
  // A note's value with the fields given, the rest null.
  std::string Note(const Value::Fields& fields) const {
    return EncodeMsgpack(
               Conform(Value::Object(fields), type_, ExtraAttributes::kRefuse, MissingAttributes::kNull).value(), type_)
        .value();
  }
  Value Note(const tfplugin6::DynamicValue& wire) const { return FromWire(wire, type_).value(); }
  Value Identity(const tfplugin6::ResourceIdentityData& wire) const {
    return FromWire(wire.identity_data(), identity_type_).value();
  }
  static Value IdentityValue(Value name, Value id) {
    return Value::Object({{"name", std::move(name)}, {"id", std::move(id)}});
  }

  tfplugin6::PlanResourceChange::Request CreateRequestOf(const Value::Fields& config) const {
    tfplugin6::PlanResourceChange::Request request;
    request.set_type_name("toy_note");
    request.mutable_config()->set_msgpack(Note(config));
    *request.mutable_proposed_new_state() = request.config();
    request.mutable_prior_state()->set_msgpack("\xc0");
    request.mutable_client_capabilities()->set_deferral_allowed(true);
    return request;
  }
  tfplugin6::ApplyResourceChange::Response Apply(const tfplugin6::PlanResourceChange::Request& plan,
                                                 const tfplugin6::PlanResourceChange::Response& planned) {
    tfplugin6::ApplyResourceChange::Request request;
    request.set_type_name("toy_note");
    *request.mutable_config() = plan.config();
    *request.mutable_prior_state() = plan.prior_state();
    *request.mutable_planned_state() = planned.planned_state();
    request.set_planned_private(planned.planned_private());
    if (planned.has_planned_identity()) *request.mutable_planned_identity() = planned.planned_identity();
    return Call(&Stub::ApplyResourceChange, request);
  }
  tfplugin6::ImportResourceState::Response ImportBy(const Value& name, const Value& id = Value::Null()) {
    tfplugin6::ImportResourceState::Request request;
    request.set_type_name("toy_note");
    request.mutable_client_capabilities()->set_deferral_allowed(true);
    request.mutable_identity()->mutable_identity_data()->set_msgpack(
        EncodeMsgpack(IdentityValue(name, id), identity_type_).value());
    return Call(&Stub::ImportResourceState, request);
  }

  const Type type_ = testing::ToyNote(nullptr).GetSchema().ImpliedType();
  const Type identity_type_ = testing::ToyNote(nullptr).GetIdentitySchema().ImpliedType();
  const Value name_ = Value::String("n");
};

TEST_F(ClientOfTheNewestCore, IdentityGoesThroughTheWholeLifeOfAnObject) {
  const auto schemas = Call(&Stub::GetResourceIdentitySchemas, tfplugin6::GetResourceIdentitySchemas::Request());
  ASSERT_EQ(schemas.identity_schemas().count("toy_note"), 1U);
  EXPECT_EQ(schemas.identity_schemas().count("toy_file"), 0U);
  EXPECT_TRUE(schemas.identity_schemas().at("toy_note").identity_attributes(0).required_for_import());

  const auto plan = CreateRequestOf({{"name", name_}});
  const auto planned = Call(&Stub::PlanResourceChange, plan);
  ASSERT_EQ(planned.diagnostics_size(), 0);
  EXPECT_EQ(Identity(planned.planned_identity()), IdentityValue(name_, Value::Unknown()));
  const auto applied = Apply(plan, planned);
  ASSERT_EQ(applied.diagnostics_size(), 0);
  const Value made = IdentityValue(name_, Value::String("note:n"));
  EXPECT_EQ(Identity(applied.new_identity()), made);

  tfplugin6::ReadResource::Request read;
  read.set_type_name("toy_note");
  *read.mutable_current_state() = applied.new_state();
  read.set_private_(applied.private_());
  *read.mutable_current_identity() = applied.new_identity();
  const auto seen = Call(&Stub::ReadResource, read);
  ASSERT_EQ(seen.diagnostics_size(), 0);
  EXPECT_EQ(Identity(seen.new_identity()), made);
  EXPECT_EQ(seen.private_(), "planned, created");

  auto update = CreateRequestOf({{"name", name_}, {"text", Value::String("t")}});
  *update.mutable_prior_state() = seen.new_state();
  Value proposed = Note(seen.new_state());
  proposed.SetField("text", Value::String("t"));
  update.mutable_proposed_new_state()->set_msgpack(EncodeMsgpack(proposed, type_).value());
  *update.mutable_prior_identity() = seen.new_identity();
  const auto planned_update = Call(&Stub::PlanResourceChange, update);
  EXPECT_EQ(Identity(planned_update.planned_identity()), made);  // though the plan does not know its id
  EXPECT_EQ(Identity(Apply(update, planned_update).new_identity()), made);

  tfplugin6::PlanResourceChange::Request destroy = update;
  destroy.mutable_config()->set_msgpack("\xc0");
  destroy.mutable_proposed_new_state()->set_msgpack("\xc0");
  const auto planned_destroy = Call(&Stub::PlanResourceChange, destroy);
  EXPECT_EQ(Identity(planned_destroy.planned_identity()), made);
  const auto destroyed = Apply(destroy, planned_destroy);
  EXPECT_EQ(destroyed.diagnostics_size(), 0);
  EXPECT_FALSE(destroyed.has_new_identity());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "n.note"));
}

TEST_F(ClientOfTheNewestCore, ImportByIdentityReturnsTheObjectAndItsIdentity) {
  const auto imported = ImportBy(name_);
  ASSERT_EQ(imported.diagnostics_size(), 0);
  ASSERT_EQ(imported.imported_resources_size(), 1);
  EXPECT_EQ(Note(imported.imported_resources(0).state()).Get("name"), name_);
  EXPECT_EQ(Identity(imported.imported_resources(0).identity()), IdentityValue(name_, Value::Null()));
  EXPECT_EQ(imported.imported_resources(0).private_(), "imported");
  const auto incomplete = ImportBy(Value::Null());
  ASSERT_EQ(incomplete.diagnostics_size(), 1);
  EXPECT_EQ(incomplete.imported_resources_size(), 0);
  EXPECT_NE(incomplete.diagnostics(0).detail().find("needs its name"), std::string::npos);
  tfplugin6::ImportResourceState::Request none;
  none.set_type_name("toy_file");
  none.mutable_identity();
  EXPECT_NE(Call(&Stub::ImportResourceState, none).diagnostics(0).detail().find("import it by id"), std::string::npos);
}

TEST_F(ClientOfTheNewestCore, IdentityThatChangesUnseenIsAnError) {
  const auto plan = CreateRequestOf({{"name", name_}});
  const auto applied = Apply(plan, Call(&Stub::PlanResourceChange, plan));
  tfplugin6::ReadResource::Request read;
  read.set_type_name("toy_note");
  *read.mutable_current_state() = applied.new_state();
  read.mutable_current_identity()->mutable_identity_data()->set_msgpack(
      EncodeMsgpack(IdentityValue(name_, Value::String("old")), identity_type_).value());
  const auto seen = Call(&Stub::ReadResource, read);
  ASSERT_EQ(seen.diagnostics_size(), 1);
  EXPECT_EQ(seen.diagnostics(0).summary(), "Unexpected identity change");
}

TEST_F(ClientOfTheNewestCore, StoredIdentityIsUpgraded) {
  tfplugin6::UpgradeResourceIdentity::Request request;
  request.set_type_name("toy_note");
  request.mutable_raw_identity()->set_json(R"({"title":"n","id":"note:n"})");
  const auto upgraded = Call(&Stub::UpgradeResourceIdentity, request);
  ASSERT_EQ(upgraded.diagnostics_size(), 0);
  EXPECT_EQ(Identity(upgraded.upgraded_identity()), IdentityValue(name_, Value::String("note:n")));
  request.set_version(9);
  EXPECT_EQ(Call(&Stub::UpgradeResourceIdentity, request).diagnostics_size(), 1);
}

TEST_F(ClientOfTheNewestCore, MoveReturnsAnIdentity) {
  tfplugin6::MoveResourceState::Request request;
  request.set_target_type_name("toy_note");
  request.set_source_type_name("toy_file");
  request.set_source_provider_address("registry.terraform.io/podwright/toy");
  request.set_source_private("theirs");
  request.mutable_source_state()->set_json(R"({"name":"n"})");
  const auto moved = Call(&Stub::MoveResourceState, request);
  ASSERT_EQ(moved.diagnostics_size(), 0);
  EXPECT_EQ(Identity(moved.target_identity()), IdentityValue(name_, Value::String("note:n")));
  EXPECT_TRUE(Note(moved.target_state()).Get("secret_wo").is_null());
  EXPECT_EQ(moved.target_private(), "theirs, moved");
  request.mutable_source_state()->set_json("{");
  EXPECT_EQ(Call(&Stub::MoveResourceState, request).diagnostics_size(), 1);
}

TEST_F(ClientOfTheNewestCore, WhatCannotBeDoneYetIsDeferred) {
  const auto planned =
      Call(&Stub::PlanResourceChange, CreateRequestOf({{"name", name_}, {"wait_for", Value::String("other")}}));
  EXPECT_EQ(planned.diagnostics_size(), 0);
  EXPECT_EQ(planned.deferred().reason(), tfplugin6::Deferred::ABSENT_PREREQ);
  tfplugin6::ReadResource::Request read;
  read.set_type_name("toy_note");
  read.mutable_client_capabilities()->set_deferral_allowed(true);
  read.mutable_current_state()->set_msgpack(Note({{"name", name_}, {"wait_for", Value::String("other")}}));
  EXPECT_EQ(Call(&Stub::ReadResource, read).deferred().reason(), tfplugin6::Deferred::ABSENT_PREREQ);
  const auto imported = ImportBy(Value::String("later"));
  EXPECT_EQ(imported.deferred().reason(), tfplugin6::Deferred::ABSENT_PREREQ);
  EXPECT_TRUE(Note(imported.imported_resources(0).state()).is_unknown());
}

TEST_F(ClientOfTheNewestCore, UnknownProviderConfigurationPutsEverythingOff) {
  EXPECT_EQ(Configure(Value::Unknown()).diagnostics_size(), 0);
  const auto planned = Call(&Stub::PlanResourceChange, CreateRequestOf({{"name", name_}}));
  EXPECT_EQ(planned.deferred().reason(), tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN);
  EXPECT_TRUE(Note(planned.planned_state()).Get("id").is_unknown());
  tfplugin6::ReadResource::Request read;
  read.set_type_name("toy_note");
  read.mutable_current_state()->set_msgpack(Note({{"name", name_}}));
  const auto seen = Call(&Stub::ReadResource, read);
  EXPECT_EQ(seen.deferred().reason(), tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN);
  EXPECT_EQ(Note(seen.new_state()).Get("name"), name_);
  EXPECT_TRUE(ImportBy(name_).has_deferred());
  tfplugin6::OpenEphemeralResource::Request open;
  open.set_type_name("toy_token");
  EXPECT_TRUE(Call(&Stub::OpenEphemeralResource, open).has_deferred());
  Configure(Value::String(folder_.string()));
  EXPECT_FALSE(Call(&Stub::PlanResourceChange, CreateRequestOf({{"name", name_}})).has_deferred());
}

TEST_F(ClientOfTheNewestCore, PlannedPrivateStateComesBackWhereTheClientKeepsIt) {
  auto plan = CreateRequestOf({{"name", name_}});
  const auto first = Call(&Stub::PlanResourceChange, plan);
  EXPECT_EQ(first.planned_private(), "planned");
  plan.set_planned_private(first.planned_private());
  EXPECT_EQ(Call(&Stub::PlanResourceChange, plan).planned_private(), "planned again");
}

TEST_F(ClientOfTheNewestCore, SecondConfigurationIsARunThatNobodyHasStopped) {
  Call(&Stub::StopProvider, tfplugin6::StopProvider::Request());
  Configure(Value::String(folder_.string()));
  tfplugin6::ApplyResourceChange::Request apply;
  apply.set_type_name("toy_file");
  const Type type = testing::ToyFile(nullptr).GetSchema().ImpliedType();
  const Value file = Conform(Value::Object({{"name", name_}, {"mode", Value::String("0644")}, {"wait", Value::Int(1)}}),
                             type, ExtraAttributes::kRefuse, MissingAttributes::kNull)
                         .value();
  apply.mutable_config()->set_msgpack(EncodeMsgpack(file, type).value());
  apply.mutable_planned_state()->set_msgpack(EncodeMsgpack(file, type).value());
  EXPECT_EQ(Call(&Stub::ApplyResourceChange, apply).diagnostics_size(), 0);
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
