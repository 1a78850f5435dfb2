#include "provider/testing/core_client.h"

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>

#include "kinds/registry.h"
#include "provider/podwright_provider.h"
#include "provider/sdk/server/translate.h"
#include "provider/sdk/value/json.h"

namespace podwright::provider::testing {
namespace {

using sdk::Value;
using Stub = tfplugin6::Provider::Stub;

// What fails here is a mistake of the test: the value, or the end.
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::fputs((result.error().ToString() + "\n").c_str(), stderr);
    std::abort();
  }
  return std::move(result).value();
}

tfplugin6::DynamicValue Wire(const Value& value, const sdk::Type& type) {
  tfplugin6::DynamicValue wire;
  if (const Status written = sdk::server::ToWire(value, type, wire); !written.ok()) {
    std::fputs((written.error().ToString() + "\n").c_str(), stderr);
    std::abort();
  }
  return wire;
}

Value Whole(const Value& value, const sdk::Type& type) {
  return Must(Conform(value, type, sdk::ExtraAttributes::kRefuse, sdk::MissingAttributes::kNull));
}

// What core proposes: the configuration, and the prior values of what is computed and not configured.
Value Proposed(const sdk::Schema& schema, const Value& config, const Value& prior) {
  Value proposed = config;
  for (const sdk::Attribute& attribute : schema.attributes) {
    if (attribute.computed && config.Get(attribute.name).is_null()) {
      proposed.SetField(attribute.name, prior.Get(attribute.name));
    }
  }
  return proposed;
}

}  // namespace

template <typename Request, typename Response>
Response CoreClient::Call(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                          const Request& request) {
  grpc::ClientContext context;
  Response response;
  const grpc::Status status = (process_->stub().*rpc)(&context, request, &response);
  if (!status.ok()) {
    has_error_ = true;
    said_ += "error: Plugin error: " + status.error_message() + "\n";
  }
  Note(response.diagnostics());
  if constexpr (requires { response.has_deferred(); }) {
    deferred_.reset();
    if (response.has_deferred()) deferred_ = response.deferred().reason();
  }
  return response;
}

CoreClient::CoreClient(const std::string& binary)
    : provider_(std::make_unique<PodwrightProvider>(
          kinds::AllKinds(),
          [](const client::Context&, const ConnectOptions&) -> Result<std::unique_ptr<Backend>> {
            return Unavailable("only for its schemas");
          },
          "0", [](const char*) { return std::optional<std::string>(); })),
      registry_(Must(sdk::logic::Registry::Build(*provider_))),
      process_(Must(sdk::testing::PluginProcess::Start(binary))) {}

CoreClient::~CoreClient() = default;

void CoreClient::Note(const google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>& diagnostics) {
  for (const tfplugin6::Diagnostic& item : diagnostics) {
    const bool error = item.severity() == tfplugin6::Diagnostic::ERROR;
    has_error_ = has_error_ || error;
    said_ += (error ? "error: " : "warning: ") + item.summary() + ": " + item.detail() + "\n";
  }
}

void CoreClient::Forget() {
  has_error_ = false;
  said_.clear();
}

const sdk::logic::ResourceEntry& CoreClient::Entry(const std::string& type) const {
  return *Must(registry_->FindResource(type));
}

Value CoreClient::State(const std::string& type, const tfplugin6::DynamicValue& wire) const {
  return Must(sdk::server::FromWire(wire, Entry(type).type));
}

Value CoreClient::Identity(const std::string& type, const tfplugin6::ResourceIdentityData& wire) const {
  return Must(sdk::server::FromWire(wire, Entry(type)));
}

void CoreClient::Configure(const Value& config, bool deferral_allowed) {
  deferral_allowed_ = deferral_allowed;
  tfplugin6::ConfigureProvider::Request request;
  request.set_terraform_version("1.12.0");
  *request.mutable_config() = Wire(Whole(config, registry_->provider_type()), registry_->provider_type());
  request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed);
  Call(&Stub::ConfigureProvider, request);
}

tfplugin6::PlanResourceChange::Response CoreClient::Plan(const std::string& type, const Value& config,
                                                         const Instance& prior) {
  const sdk::logic::ResourceEntry& entry = Entry(type);
  tfplugin6::PlanResourceChange::Request request;
  request.set_type_name(type);
  const bool destroy = config.is_null();
  const Value whole = destroy ? config : Whole(config, entry.type);
  *request.mutable_config() = Wire(whole, entry.type);
  *request.mutable_prior_state() = Wire(prior.state, entry.type);
  *request.mutable_proposed_new_state() =
      Wire(destroy ? config : Proposed(entry.schema, whole, prior.state), entry.type);
  request.set_prior_private(prior.private_state);
  request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed_);
  request.mutable_client_capabilities()->set_write_only_attributes_allowed(true);
  static_cast<void>(
      sdk::server::IdentityToWire(entry, prior.identity, [&] { return request.mutable_prior_identity(); }));
  return Call(&Stub::PlanResourceChange, request);
}

Instance CoreClient::ApplyPlanned(const std::string& type, const Value& config, const Instance& prior,
                                  const tfplugin6::PlanResourceChange::Response& planned) {
  const sdk::logic::ResourceEntry& entry = Entry(type);
  tfplugin6::ApplyResourceChange::Request request;
  request.set_type_name(type);
  *request.mutable_config() = Wire(config.is_null() ? config : Whole(config, entry.type), entry.type);
  *request.mutable_prior_state() = Wire(prior.state, entry.type);
  *request.mutable_planned_state() = planned.planned_state();
  request.set_planned_private(planned.planned_private());
  if (planned.has_planned_identity()) *request.mutable_planned_identity() = planned.planned_identity();
  const auto applied = Call(&Stub::ApplyResourceChange, request);
  return {.state = State(type, applied.new_state()),
          .private_state = applied.private_(),
          .identity = Identity(type, applied.new_identity())};
}

Instance CoreClient::Apply(const std::string& type, const Value& config, const Instance& prior) {
  const auto planned = Plan(type, config, prior);
  if (has_error_) return prior;
  return ApplyPlanned(type, config, prior, planned);
}

Instance CoreClient::ReplaceTainted(const std::string& type, const Value& config, const Instance& tainted) {
  const auto planned = Plan(type, config);
  if (has_error_) return tainted;
  const Instance left = Destroy(type, tainted, planned.planned_private());
  return has_error_ ? left : Apply(type, config);
}

Instance CoreClient::Destroy(const std::string& type, const Instance& prior, const std::string& planned_private) {
  tfplugin6::PlanResourceChange::Response planned;
  if (planned_private.empty()) {
    planned = Plan(type, Value::Null(), prior);
    if (has_error_) return prior;
  } else {
    *planned.mutable_planned_state() = Wire(Value::Null(), Entry(type).type);
    planned.set_planned_private(planned_private);
  }
  return ApplyPlanned(type, Value::Null(), prior, planned);
}

Instance CoreClient::Read(const std::string& type, const Instance& prior) {
  const sdk::logic::ResourceEntry& entry = Entry(type);
  tfplugin6::ReadResource::Request request;
  request.set_type_name(type);
  *request.mutable_current_state() = Wire(prior.state, entry.type);
  request.set_private_(prior.private_state);
  request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed_);
  static_cast<void>(
      sdk::server::IdentityToWire(entry, prior.identity, [&] { return request.mutable_current_identity(); }));
  const auto read = Call(&Stub::ReadResource, request);
  return {.state = State(type, read.new_state()),
          .private_state = read.private_(),
          .identity = Identity(type, read.new_identity())};
}

Instance CoreClient::Import(const std::string& type, const std::string& id, const Value& identity) {
  const sdk::logic::ResourceEntry& entry = Entry(type);
  tfplugin6::ImportResourceState::Request request;
  request.set_type_name(type);
  request.set_id(id);
  request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed_);
  if (identity.has_value()) {
    const Value whole = Whole(identity, entry.identity_type);
    static_cast<void>(sdk::server::IdentityToWire(entry, whole, [&] { return request.mutable_identity(); }));
  }
  const auto imported = Call(&Stub::ImportResourceState, request);
  if (has_error_ || imported.has_deferred() || imported.imported_resources_size() != 1) return {};
  const auto& found = imported.imported_resources(0);
  return Read(type, {.state = State(type, found.state()),
                     .private_state = found.private_(),
                     .identity = Identity(type, found.identity())});
}

Value CoreClient::UpgradeIdentity(const std::string& type, std::int64_t version, const std::string& json) {
  tfplugin6::UpgradeResourceIdentity::Request request;
  request.set_type_name(type);
  request.set_version(version);
  request.mutable_raw_identity()->set_json(json);
  return Identity(type, Call(&Stub::UpgradeResourceIdentity, request).upgraded_identity());
}

void CoreClient::Validate(const std::string& type, const Value& config) {
  const sdk::logic::ResourceEntry& entry = Entry(type);
  tfplugin6::ValidateResourceConfig::Request request;
  request.set_type_name(type);
  *request.mutable_config() = Wire(Whole(config, entry.type), entry.type);
  request.mutable_client_capabilities()->set_write_only_attributes_allowed(true);
  Call(&Stub::ValidateResourceConfig, request);
}

void CoreClient::ReadData(const std::string& type) {
  const sdk::Type& form = Must(registry_->FindDataSource(type))->type;
  tfplugin6::ReadDataSource::Request request;
  request.set_type_name(type);
  *request.mutable_config() = Wire(Whole(Value::Object({}), form), form);
  request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed_);
  Call(&Stub::ReadDataSource, request);
}

void CoreClient::OpenEphemeral(const std::string& type, const Value& config) {
  const sdk::Type& form = Must(registry_->FindEphemeral(type))->type;
  tfplugin6::OpenEphemeralResource::Request request;
  request.set_type_name(type);
  *request.mutable_config() = Wire(Whole(config, form), form);
  request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed_);
  Call(&Stub::OpenEphemeralResource, request);
}

}  // namespace podwright::provider::testing
