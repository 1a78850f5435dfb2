#include "provider/sdk/logic/state.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::UpgradeResourceState(grpc::ServerContext*,
                                                   const tfplugin6::UpgradeResourceState::Request* request,
                                                   tfplugin6::UpgradeResourceState::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
        if (request->raw_state().json().empty()) {
          return InvalidArgument("the stored state is not JSON: it was written by Terraform 0.11 or older");
        }
        const logic::StateOutput output = logic::UpgradeState(*entry, request->version(), request->raw_state().json());
        diagnostics.Append(output.diagnostics);
        if (diagnostics.HasError()) return Ok();
        return ToWire(output.state, entry->type, *response->mutable_upgraded_state());
      });
}

}  // namespace podwright::sdk::server
