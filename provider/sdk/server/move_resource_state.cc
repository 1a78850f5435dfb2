#include "provider/sdk/logic/identity.h"
#include "provider/sdk/logic/move.h"
#include "provider/sdk/server/provider_service.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::MoveResourceState(grpc::ServerContext*,
                                                const tfplugin6::MoveResourceState::Request* request,
                                                tfplugin6::MoveResourceState::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::ResourceEntry* entry, registry.FindResource(request->target_type_name()));
                  if (request->source_state().json().empty()) {
                    return InvalidArgument("the stored state is not JSON: it was written by Terraform 0.11 or older");
                  }
                  MoveRequest own{.provider_address = request->source_provider_address(),
                                  .type_name = request->source_type_name(),
                                  .schema_version = request->source_schema_version(),
                                  .private_state = request->source_private(),
                                  .identity_version = request->source_identity_schema_version(),
                                  .cancellation = Token()};
                  PW_ASSIGN(own.state, ParseJson(request->source_state().json()));
                  if (!request->source_identity().json().empty()) {
                    PW_ASSIGN(own.identity, ParseJson(request->source_identity().json()));
                  }
                  MoveResponse moved = logic::Move(*entry, own);
                  diagnostics.Append(moved.diagnostics);
                  const Value identity = logic::ImportedIdentity(*entry, Value::Null(), moved.state, diagnostics);
                  if (diagnostics.HasError()) return Ok();
                  response->set_target_private(std::move(moved.private_state));
                  PW_TRY(IdentityToWire(*entry, identity, [&] { return response->mutable_target_identity(); }));
                  return ToWire(moved.state, entry->type, *response->mutable_target_state());
                });
}

}  // namespace podwright::sdk::server
