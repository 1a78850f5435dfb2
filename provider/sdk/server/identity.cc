#include "provider/sdk/logic/identity.h"

#include "provider/sdk/server/provider_service.h"
#include "provider/sdk/value/json_text.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::GetResourceIdentitySchemas(grpc::ServerContext*,
                                                         const tfplugin6::GetResourceIdentitySchemas::Request*,
                                                         tfplugin6::GetResourceIdentitySchemas::Response* response) {
  return Answer(response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics&) -> Status {
    for (const auto& [name, entry] : registry.resources()) {
      if (entry.identity == nullptr) continue;
      tfplugin6::ResourceIdentitySchema& wire = (*response->mutable_identity_schemas())[name];
      wire.set_version(entry.identity_schema.version);
      for (const IdentityAttribute& attribute : entry.identity_schema.attributes) {
        auto& out = *wire.add_identity_attributes();
        out.set_name(attribute.name);
        out.set_type(attribute.type.ToJson());
        out.set_required_for_import(attribute.required_for_import);
        out.set_optional_for_import(attribute.optional_for_import);
        out.set_description(ToUtf8(attribute.description));
      }
    }
    return Ok();
  });
}

grpc::Status ProviderService::UpgradeResourceIdentity(grpc::ServerContext*,
                                                      const tfplugin6::UpgradeResourceIdentity::Request* request,
                                                      tfplugin6::UpgradeResourceIdentity::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
                  const logic::UpgradeIdentityOutput output =
                      logic::UpgradeIdentity(*entry, request->version(), request->raw_identity().json());
                  diagnostics.Append(output.diagnostics);
                  if (diagnostics.HasError()) return Ok();
                  return IdentityToWire(*entry, output.identity, [&] { return response->mutable_upgraded_identity(); });
                });
}

}  // namespace podwright::sdk::server
