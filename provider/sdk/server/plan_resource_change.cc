#include "provider/sdk/logic/plan.h"

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
                  logic::PlanOutput output = logic::Plan(*entry, {.config = std::move(config),
                                                                  .prior = std::move(prior),
                                                                  .proposed = std::move(proposed),
                                                                  .private_state = request->prior_private(),
                                                                  .client = FromWire(request->client_capabilities()),
                                                                  .cancellation = cancellation_.token()});
                  diagnostics.Append(output.diagnostics);
                  for (const AttributePath& path : output.requires_replace)
                    ToWire(path, *response->add_requires_replace());
                  response->set_planned_private(std::move(output.private_state));
                  return ToWire(output.planned, entry->type, *response->mutable_planned_state());
                });
}

}  // namespace podwright::sdk::server
