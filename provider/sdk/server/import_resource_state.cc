#include "provider/sdk/logic/state.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ImportResourceState(grpc::ServerContext*,
                                                  const tfplugin6::ImportResourceState::Request* request,
                                                  tfplugin6::ImportResourceState::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
        if (request->id().empty() && request->has_identity()) {
          return Unimplemented(request->type_name() + " has no resource identity; import it by id");
        }
        logic::StateOutput output = logic::Import(*entry, {.id = request->id(), .cancellation = cancellation_.token()});
        diagnostics.Append(output.diagnostics);
        if (diagnostics.HasError()) return Ok();
        auto& imported = *response->add_imported_resources();
        imported.set_type_name(request->type_name());
        imported.set_private_(std::move(output.private_state));
        return ToWire(output.state, entry->type, *imported.mutable_state());
      });
}

}  // namespace podwright::sdk::server
