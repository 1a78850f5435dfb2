#include <chrono>

#include "provider/sdk/logic/ephemeral.h"
#include "provider/sdk/logic/locatable.h"
#include "provider/sdk/logic/validate.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {
namespace {

void ToWire(std::chrono::system_clock::time_point time, google::protobuf::Timestamp& wire) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  wire.set_seconds(seconds.count());
  wire.set_nanos(
      static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count()));
}

}  // namespace

grpc::Status ProviderService::ValidateEphemeralResourceConfig(
    grpc::ServerContext*, const tfplugin6::ValidateEphemeralResourceConfig::Request* request,
    tfplugin6::ValidateEphemeralResourceConfig::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::EphemeralEntry* entry, registry.FindEphemeral(request->type_name()));
                  PW_ASSIGN(Value config, FromWire(request->config(), entry->type));
                  diagnostics.Append(
                      logic::Locatable(entry->schema, logic::ValidateEphemeral(*entry, {.config = std::move(config)})));
                  return Ok();
                });
}

grpc::Status ProviderService::OpenEphemeralResource(grpc::ServerContext*,
                                                    const tfplugin6::OpenEphemeralResource::Request* request,
                                                    tfplugin6::OpenEphemeralResource::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(const logic::EphemeralEntry* entry, registry.FindEphemeral(request->type_name()));
        PW_ASSIGN(Value config, FromWire(request->config(), entry->type));
        if (const auto deferred = ProviderDeferral()) {
          response->mutable_deferred()->set_reason(server::ToWire(*deferred));
          return server::ToWire(Value::Unknown(), entry->type, *response->mutable_result());
        }
        OpenResponse answer = logic::Open(
            *entry,
            {.config = std::move(config), .client = FromWire(request->client_capabilities()), .cancellation = Token()});
        diagnostics.Append(logic::Locatable(entry->schema, answer.diagnostics));
        if (answer.renew_at) ToWire(*answer.renew_at, *response->mutable_renew_at());
        if (!answer.private_state.empty()) response->set_private_(answer.private_state);
        if (answer.deferred) response->mutable_deferred()->set_reason(server::ToWire(*answer.deferred));
        const Status written = server::ToWire(answer.result, entry->type, *response->mutable_result());
        if (written.ok() && !diagnostics.HasError() && !answer.deferred) {
          open_ephemerals_.Opened(*entry, answer.private_state);
        }
        if (written.ok() || diagnostics.HasError()) return written;
        // The host closes nothing whose opening failed.
        diagnostics.Append(logic::Close(*entry, {.private_state = answer.private_state}).diagnostics);
        return written;
      });
}

grpc::Status ProviderService::RenewEphemeralResource(grpc::ServerContext*,
                                                     const tfplugin6::RenewEphemeralResource::Request* request,
                                                     tfplugin6::RenewEphemeralResource::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::EphemeralEntry* entry, registry.FindEphemeral(request->type_name()));
                  const RenewResponse answer =
                      logic::Renew(*entry, {.private_state = request->private_(), .cancellation = Token()});
                  diagnostics.Append(answer.diagnostics);
                  open_ephemerals_.Renewed(*entry, request->private_(), answer.private_state);
                  if (answer.renew_at) ToWire(*answer.renew_at, *response->mutable_renew_at());
                  if (!answer.private_state.empty()) response->set_private_(answer.private_state);
                  return Ok();
                });
}

grpc::Status ProviderService::CloseEphemeralResource(grpc::ServerContext*,
                                                     const tfplugin6::CloseEphemeralResource::Request* request,
                                                     tfplugin6::CloseEphemeralResource::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::EphemeralEntry* entry, registry.FindEphemeral(request->type_name()));
                  open_ephemerals_.Closed(*entry, request->private_());
                  // Not the run's token: an interrupted run must still be cleaned up after.
                  diagnostics.Append(logic::Close(*entry, {.private_state = request->private_()}).diagnostics);
                  return Ok();
                });
}

}  // namespace podwright::sdk::server
