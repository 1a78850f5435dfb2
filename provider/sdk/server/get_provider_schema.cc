#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {
namespace {

void SetCapabilities(const logic::Registry& registry, tfplugin6::ServerCapabilities& capabilities) {
  capabilities.set_move_resource_state(registry.moves());
  capabilities.set_plan_destroy(true);
  capabilities.set_get_provider_schema_optional(true);
}

}  // namespace

grpc::Status ProviderService::GetMetadata(grpc::ServerContext*, const tfplugin6::ProviderMetadata::Request*,
                                          tfplugin6::ProviderMetadata::Response* response) {
  return Answer(response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics&) -> Status {
    SetCapabilities(registry, *response->mutable_server_capabilities());
    for (const auto& [name, entry] : registry.resources()) response->add_resources()->set_type_name(name);
    for (const auto& [name, entry] : registry.data_sources()) response->add_data_sources()->set_type_name(name);
    for (const auto& [name, entry] : registry.ephemerals()) response->add_ephemeral_resources()->set_type_name(name);
    for (const auto& [name, entry] : registry.functions()) response->add_functions()->set_name(name);
    return Ok();
  });
}

grpc::Status ProviderService::GetProviderSchema(grpc::ServerContext*, const tfplugin6::GetProviderSchema::Request*,
                                                tfplugin6::GetProviderSchema::Response* response) {
  return Answer(response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics&) -> Status {
    SetCapabilities(registry, *response->mutable_server_capabilities());
    ToWire(registry.provider_schema(), *response->mutable_provider());
    if (!registry.meta_schema().attributes.empty()) {
      ToWire(registry.meta_schema(), *response->mutable_provider_meta());
    }
    for (const auto& [name, entry] : registry.resources()) {
      ToWire(entry.schema, (*response->mutable_resource_schemas())[name]);
    }
    for (const auto& [name, entry] : registry.data_sources()) {
      ToWire(entry.schema, (*response->mutable_data_source_schemas())[name]);
    }
    for (const auto& [name, entry] : registry.ephemerals()) {
      ToWire(entry.schema, (*response->mutable_ephemeral_resource_schemas())[name]);
    }
    for (const auto& [name, entry] : registry.functions()) {
      ToWire(entry.signature, (*response->mutable_functions())[name]);
    }
    return Ok();
  });
}

}  // namespace podwright::sdk::server
