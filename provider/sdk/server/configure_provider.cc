#include "provider/sdk/log.h"
#include "provider/sdk/logic/deferral.h"
#include "provider/sdk/logic/locatable.h"
#include "provider/sdk/logic/validate.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {

grpc::Status ProviderService::ValidateProviderConfig(grpc::ServerContext*,
                                                     const tfplugin6::ValidateProviderConfig::Request* request,
                                                     tfplugin6::ValidateProviderConfig::Response* response) {
  return Answer(response->mutable_diagnostics(),
                [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
                  PW_ASSIGN(Value config, FromWire(request->config(), registry.provider_type()));
                  diagnostics.Append(logic::Locatable(
                      registry.provider_schema(), logic::ValidateProvider(registry, {.config = std::move(config)})));
                  return Ok();
                });
}

grpc::Status ProviderService::ConfigureProvider(grpc::ServerContext*,
                                                const tfplugin6::ConfigureProvider::Request* request,
                                                tfplugin6::ConfigureProvider::Response* response) {
  return Answer(
      response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics& diagnostics) -> Status {
        PW_ASSIGN(Value config, FromWire(request->config(), registry.provider_type()));
        {
          const std::lock_guard<std::mutex> lock(mutex_);
          // A second configuration is another run of the host (debugging), which nobody has stopped yet.
          if (configured_) cancellation_ = CancellationSource();
          configured_ = true;
          deferred_.reset();
        }
        const ConfigureRequest own{.config = std::move(config),
                                   .terraform_version = request->terraform_version(),
                                   .client = FromWire(request->client_capabilities()),
                                   .cancellation = Token()};
        ConfigureResponse answer;
        logic::Guarded(answer.diagnostics, [&] { registry.provider().Configure(own, answer); });
        diagnostics.Append(logic::Locatable(registry.provider_schema(), answer.diagnostics));
        const auto deferred = logic::AllowedDeferral(answer.deferred, own.client, "The whole provider", diagnostics);
        const std::lock_guard<std::mutex> lock(mutex_);
        deferred_ = deferred;
        return Ok();
      });
}

grpc::Status ProviderService::StopProvider(grpc::ServerContext*, const tfplugin6::StopProvider::Request*,
                                           tfplugin6::StopProvider::Response*) {
  Log(LogLevel::kInfo, "the host asks to stop");
  Cancel();
  return grpc::Status::OK;
}

}  // namespace podwright::sdk::server
