#include "packaging/docgen/provider_schema.h"

#include "core/version.h"
#include "kinds/registry.h"
#include "provider/podwright_provider.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::docgen {

Result<tfplugin6::GetProviderSchema::Response> ProviderSchema() {
  const auto no_connection = [](const client::Context&,
                                const std::string&) -> Result<std::unique_ptr<provider::Backend>> {
    return Unavailable("documents need no control plane");
  };
  const auto no_environment = [](const char*) -> std::optional<std::string> { return std::nullopt; };
  provider::PodwrightProvider provider(kinds::AllKinds(), no_connection, kVersion, no_environment);
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
