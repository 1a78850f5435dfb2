#include "provider/sdk/logic/locatable.h"
#include "provider/sdk/logic/read.h"
#include "provider/sdk/logic/validate.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ValidateDataResourceConfig(grpc::ServerContext*,
                                                         const tfplugin6::ValidateDataResourceConfig::Request* request,
                                                         tfplugin6::ValidateDataResourceConfig::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(const logic::DataSourceEntry* entry, registry.FindDataSource(request->type_name()));
        PW_ASSIGN(Value config, FromWire(request->config(), entry->type));
        diagnostics.Append(
            logic::Locatable(entry->schema, logic::ValidateDataSource(*entry, {.config = std::move(config)})));
        return Ok();
      });
}

grpc::Status ProviderService::ReadDataSource(grpc::ServerContext*, const tfplugin6::ReadDataSource::Request* request,
                                             tfplugin6::ReadDataSource::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(const logic::DataSourceEntry* entry, registry.FindDataSource(request->type_name()));
                  PW_ASSIGN(Value config, FromWire(request->config(), entry->type));
                  PW_ASSIGN(Value meta, MetaFromWire(request->provider_meta(), registry));
                  if (const auto deferred = ProviderDeferral()) {
                    response->mutable_deferred()->set_reason(ToWire(*deferred));
                    return ToWire(Value::Unknown(), entry->type, *response->mutable_state());
                  }
                  const logic::ReadDataOutput output =
                      logic::ReadData(*entry, {.config = std::move(config),
                                               .provider_meta = std::move(meta),
                                               .client = FromWire(request->client_capabilities()),
                                               .cancellation = Token()});
                  diagnostics.Append(logic::Locatable(entry->schema, output.diagnostics));
                  if (output.deferred) response->mutable_deferred()->set_reason(ToWire(*output.deferred));
                  return ToWire(output.state, entry->type, *response->mutable_state());
                });
}

}  // namespace podwright::sdk::server
