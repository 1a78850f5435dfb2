// The service under a client in the place of a core that is newer than the tofu or terraform at hand: identities,
// deferral, what a plan leaves for the next.
#include <gtest/gtest.h>

#include "provider/sdk/server/client_playing_core.h"
#include "provider/sdk/testing/toy_file.h"
#include "provider/sdk/testing/toy_machine.h"
#include "provider/sdk/testing/toy_note.h"
#include "provider/sdk/testing/toy_provider.h"
#include "provider/sdk/value/json.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk::server {
namespace {

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
  tfplugin6::ReadDataSource::Request data;
  data.set_type_name("toy_file");
  const Type data_type = testing::ToyFileData(nullptr).GetSchema().ImpliedType();
  const Value wanted = Value::Object({{"name", name_}, {"content", Value::Null()}, {"size", Value::Null()}});
  data.mutable_config()->set_msgpack(EncodeMsgpack(wanted, data_type).value());
  const auto found = Call(&Stub::ReadDataSource, data);
  EXPECT_EQ(found.deferred().reason(), tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN);
  EXPECT_TRUE(FromWire(found.state(), data_type).value().is_unknown());
  // What needs no configuration is answered.
  tfplugin6::ValidateResourceConfig::Request validate;
  validate.set_type_name("toy_note");
  validate.mutable_config()->set_msgpack(Note({{"name", name_}}));
  EXPECT_EQ(Call(&Stub::ValidateResourceConfig, validate).diagnostics_size(), 0);

  Configure(Value::String(folder_.string()));
  EXPECT_FALSE(Call(&Stub::PlanResourceChange, CreateRequestOf({{"name", name_}})).has_deferred());
  EXPECT_FALSE(Call(&Stub::ReadDataSource, data).has_deferred());
}

TEST_F(ClientOfTheNewestCore, UnknownProviderConfigurationIsToleratedWhereTheClientCannotWait) {
  EXPECT_EQ(Configure(Value::Unknown(), false).diagnostics_size(), 0);
  auto plan = CreateRequestOf({{"name", name_}});
  plan.mutable_client_capabilities()->set_deferral_allowed(false);
  const auto planned = Call(&Stub::PlanResourceChange, plan);
  EXPECT_EQ(planned.diagnostics_size(), 0);
  EXPECT_FALSE(planned.has_deferred());
  EXPECT_FALSE(planned.legacy_type_system());
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

// Puts everything off whenever its configuration is unknown, whether or not the client can wait.
class ImpatientProvider final : public Provider {
 public:
  Schema ProviderSchema() override {
    return {.attributes = {{.name = "folder", .type = Type::String(), .optional = true}}};
  }
  void Configure(const ConfigureRequest& request, ConfigureResponse& response) override {
    if (request.config.Get("folder").is_unknown()) response.deferred = DeferredReason::kProviderConfigUnknown;
  }
  std::vector<std::unique_ptr<Resource>> Resources() override { return {}; }
};

TEST(ClientThatCannotWait, IsToldWhatTheUserCanDoInstead) {
  ImpatientProvider provider;
  ProviderService service(provider);
  tfplugin6::ConfigureProvider::Request request;
  request.mutable_config()->set_msgpack(
      EncodeMsgpack(Value::Object({{"folder", Value::Unknown()}}), provider.ProviderSchema().ImpliedType()).value());
  tfplugin6::ConfigureProvider::Response response;
  EXPECT_TRUE(service.ConfigureProvider(nullptr, &request, &response).ok());
  ASSERT_EQ(response.diagnostics_size(), 1);
  EXPECT_EQ(response.diagnostics(0).summary(), "Deferral is not possible here");
  EXPECT_NE(response.diagnostics(0).detail().find("the provider's configuration holds values that are not known yet"),
            std::string::npos);
  EXPECT_NE(response.diagnostics(0).detail().find("-target"), std::string::npos);
}

}  // namespace
}  // namespace podwright::sdk::server
