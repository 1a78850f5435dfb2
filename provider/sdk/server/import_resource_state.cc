#include "provider/sdk/logic/identity.h"
#include "provider/sdk/logic/state.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ImportResourceState(grpc::ServerContext*,
                                                  const tfplugin6::ImportResourceState::Request* request,
                                                  tfplugin6::ImportResourceState::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
        const bool by_identity = request->id().empty() && request->has_identity();
        if (by_identity && entry->identity == nullptr) {
          return Unimplemented(request->type_name() + " has no resource identity; import it by id");
        }
        Value requested;
        if (by_identity) {
          PW_ASSIGN(requested, FromWire(request->identity(), *entry));
          logic::CheckImportIdentity(*entry, requested, diagnostics);
          if (diagnostics.HasError()) return Ok();
        }
        tfplugin6::ImportResourceState::ImportedResource imported;
        imported.set_type_name(request->type_name());
        logic::StateOutput output{.deferred = ProviderDeferral()};
        if (output.deferred) {
          output.state = Value::Unknown();
        } else {
          output = logic::Import(*entry, {.id = request->id(), .identity = requested, .cancellation = Token()},
                                 FromWire(request->client_capabilities()));
        }
        diagnostics.Append(output.diagnostics);
        const Value identity = logic::ImportedIdentity(*entry, requested, output.state, diagnostics);
        if (diagnostics.HasError()) return Ok();
        if (output.deferred) response->mutable_deferred()->set_reason(ToWire(*output.deferred));
        imported.set_private_(std::move(output.private_state));
        PW_TRY(IdentityToWire(*entry, identity, [&] { return imported.mutable_identity(); }));
        PW_TRY(ToWire(output.state, entry->type, *imported.mutable_state()));
        *response->add_imported_resources() = std::move(imported);
        return Ok();
      });
}

}  // namespace podwright::sdk::server
