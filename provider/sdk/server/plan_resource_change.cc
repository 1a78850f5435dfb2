#include "provider/sdk/logic/locatable.h"
#include "provider/sdk/logic/plan.h"

#include "provider/sdk/logic/identity.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::PlanResourceChange(grpc::ServerContext*,
                                                 const tfplugin6::PlanResourceChange::Request* request,
                                                 tfplugin6::PlanResourceChange::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
                  PW_ASSIGN(Value config, FromWire(request->config(), entry->type));
                  PW_ASSIGN(Value prior, FromWire(request->prior_state(), entry->type));
                  PW_ASSIGN(Value proposed, FromWire(request->proposed_new_state(), entry->type));
                  PW_ASSIGN(Value meta, MetaFromWire(request->provider_meta(), registry));
                  PW_ASSIGN(Value prior_identity, FromWire(request->prior_identity(), *entry));
                  logic::PlanOutput output = logic::Plan(*entry, {.config = std::move(config),
                                                                  .prior = prior,
                                                                  .proposed = std::move(proposed),
                                                                  .private_state = request->prior_private(),
                                                                  .planned_private = request->planned_private(),
                                                                  .provider_meta = std::move(meta),
                                                                  .provider_deferred = ProviderDeferral(),
                                                                  .client = FromWire(request->client_capabilities()),
                                                                  .cancellation = Token()});
                  diagnostics.Append(logic::Locatable(entry->schema, output.diagnostics));
                  for (const AttributePath& path : output.requires_replace)
                    ToWire(path, *response->add_requires_replace());
                  response->set_planned_private(std::move(output.private_state));
                  if (output.deferred) response->mutable_deferred()->set_reason(ToWire(*output.deferred));
                  const Value identity = logic::PlannedIdentity(*entry,
                                                                {.prior_identity = std::move(prior_identity),
                                                                 .prior = std::move(prior),
                                                                 .planned = output.planned,
                                                                 .replaces = !output.requires_replace.empty()},
                                                                diagnostics);
                  PW_TRY(IdentityToWire(*entry, identity, [&] { return response->mutable_planned_identity(); }));
                  return ToWire(output.planned, entry->type, *response->mutable_planned_state());
                });
}

}  // namespace podwright::sdk::server
