#include "provider/sdk/logic/apply.h"

#include "provider/sdk/logic/identity.h"
#include "provider/sdk/logic/locatable.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ApplyResourceChange(grpc::ServerContext*,
                                                  const tfplugin6::ApplyResourceChange::Request* request,
                                                  tfplugin6::ApplyResourceChange::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
        PW_ASSIGN(Value config, FromWire(request->config(), entry->type));
        PW_ASSIGN(Value prior, FromWire(request->prior_state(), entry->type));
        PW_ASSIGN(const Value planned, FromWire(request->planned_state(), entry->type));
        PW_ASSIGN(Value meta, MetaFromWire(request->provider_meta(), registry));
        PW_ASSIGN(const Value planned_identity, FromWire(request->planned_identity(), *entry));
        logic::ApplyOutput output = logic::Apply(*entry, {.config = std::move(config),
                                                          .prior = std::move(prior),
                                                          .planned = planned,
                                                          .private_state = request->planned_private(),
                                                          .provider_meta = std::move(meta),
                                                          .cancellation = Token()});
        diagnostics.Append(logic::Locatable(entry->schema, output.diagnostics));
        response->set_private_(std::move(output.private_state));
        const Value identity = logic::AppliedIdentity(*entry, planned_identity, planned, output.state, diagnostics);
        const Status identified = IdentityToWire(*entry, identity, [&] { return response->mutable_new_identity(); });
        if (!identified.ok()) diagnostics.AddError("The provider could not answer", identified.error());
        const Status written = ToWire(output.state, entry->type, *response->mutable_new_state());
        if (written.ok() || output.state.is_null()) return written;
        // The object exists, though its state cannot be sent: what was planned keeps it from being lost.
        PW_TRY(ToWire(logic::UnknownAsNull(planned), entry->type, *response->mutable_new_state()));
        return written;
      });
}

}  // namespace podwright::sdk::server
