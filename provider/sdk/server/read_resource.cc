#include "provider/sdk/logic/read.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ReadResource(grpc::ServerContext*, const tfplugin6::ReadResource::Request* request,
                                           tfplugin6::ReadResource::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
                  PW_ASSIGN(Value state, FromWire(request->current_state(), entry->type));
                  logic::ReadOutput output = logic::Read(*entry, {.state = std::move(state),
                                                                  .private_state = request->private_(),
                                                                  .client = FromWire(request->client_capabilities()),
                                                                  .cancellation = cancellation_.token()});
                  diagnostics.Append(output.diagnostics);
                  response->set_private_(std::move(output.private_state));
                  return ToWire(output.state, entry->type, *response->mutable_new_state());
                });
}

}  // namespace podwright::sdk::server
