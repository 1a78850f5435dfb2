#include "packaging/docgen/provider_schema.h"

#include "core/version.h"
#include "kinds/registry.h"
#include "provider/client_backend.h"
#include "provider/podwright_provider.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::docgen {

namespace {

Status Check(const grpc::Status& status, const google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>& diagnostics) {
  if (!status.ok()) return Internal(status.error_message());
  for (const tfplugin6::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity() == tfplugin6::Diagnostic::ERROR) {
      return Internal(diagnostic.summary() + ": " + diagnostic.detail());
    }
  }
  return Ok();
}

}  // namespace

Result<Served> ProviderSchema() {
  // Nothing is configured, so nothing connects.
  const auto no_environment = [](const char*) -> std::optional<std::string> { return std::nullopt; };
  provider::PodwrightProvider provider(kinds::AllKinds(), provider::ConnectBackend, kVersion, no_environment);
  sdk::server::ProviderService service(provider);
  Served served;
  PW_TRY(Check(service.GetProviderSchema(nullptr, nullptr, &served.schema), served.schema.diagnostics()));
  PW_TRY(
      Check(service.GetResourceIdentitySchemas(nullptr, nullptr, &served.identities), served.identities.diagnostics()));
  return served;
}

}  // namespace podwright::docgen
