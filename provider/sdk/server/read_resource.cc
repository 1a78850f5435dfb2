#include "provider/sdk/logic/locatable.h"
#include "provider/sdk/logic/read.h"

#include "provider/sdk/logic/identity.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ReadResource(grpc::ServerContext*, const tfplugin6::ReadResource::Request* request,
                                           tfplugin6::ReadResource::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->type_name()));
                  PW_ASSIGN(Value state, FromWire(request->current_state(), entry->type));
                  PW_ASSIGN(Value meta, MetaFromWire(request->provider_meta(), registry));
                  PW_ASSIGN(const Value current_identity, FromWire(request->current_identity(), *entry));
                  if (const auto deferred = ProviderDeferral()) {
                    response->mutable_deferred()->set_reason(ToWire(*deferred));
                    *response->mutable_new_state() = request->current_state();
                    response->set_private_(request->private_());
                    if (request->has_current_identity())
                      *response->mutable_new_identity() = request->current_identity();
                    return Ok();
                  }
                  logic::ReadOutput output = logic::Read(*entry, {.state = std::move(state),
                                                                  .private_state = request->private_(),
                                                                  .provider_meta = std::move(meta),
                                                                  .client = FromWire(request->client_capabilities()),
                                                                  .cancellation = Token()});
                  diagnostics.Append(logic::Locatable(entry->schema, output.diagnostics));
                  response->set_private_(std::move(output.private_state));
                  if (output.deferred) response->mutable_deferred()->set_reason(ToWire(*output.deferred));
                  const Value identity = logic::ReadIdentity(*entry, current_identity, output.state, diagnostics);
                  PW_TRY(IdentityToWire(*entry, identity, [&] { return response->mutable_new_identity(); }));
                  return ToWire(output.state, entry->type, *response->mutable_new_state());
                });
}

}  // namespace podwright::sdk::server
