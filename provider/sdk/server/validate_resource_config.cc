#include "provider/sdk/logic/locatable.h"
#include "provider/sdk/logic/validate.h"

#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ValidateResourceConfig(grpc::ServerContext*,
                                                     const tfplugin6::ValidateResourceConfig::Request* request,
                                                     tfplugin6::ValidateResourceConfig::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
        PW_ASSIGN(Value config, FromWire(request->config(), entry->type));
        const ValidateRequest asked{.config = std::move(config), .client = FromWire(request->client_capabilities())};
        diagnostics.Append(logic::Locatable(entry->schema, logic::ValidateResource(*entry, asked)));
        return Ok();
      });
}

}  // namespace podwright::sdk::server
