#include "packaging/docgen/provider_schema.h"

#include "core/version.h"
#include "kinds/registry.h"
#include "provider/client_backend.h"
#include "provider/podwright_provider.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::docgen {

Result<tfplugin6::GetProviderSchema::Response> ProviderSchema() {
  // Nothing is configured, so nothing connects.
  const auto no_environment = [](const char*) -> std::optional<std::string> { return std::nullopt; };
  provider::PodwrightProvider provider(kinds::AllKinds(), provider::ConnectBackend, kVersion, no_environment);
  sdk::server::ProviderService service(provider);
  tfplugin6::GetProviderSchema::Response response;
  const grpc::Status status = service.GetProviderSchema(nullptr, nullptr, &response);
  if (!status.ok()) return Internal(status.error_message());
  for (const tfplugin6::Diagnostic& diagnostic : response.diagnostics()) {
    if (diagnostic.severity() == tfplugin6::Diagnostic::ERROR) {
      return Internal(diagnostic.summary() + ": " + diagnostic.detail());
    }
  }
  return response;
}

}  // namespace podwright::docgen
