#include "provider/sdk/server/provider_service.h"

#include <exception>
#include <utility>

namespace podwright::sdk::server {

void ProviderService::Cancel() {
  CancellationSource source;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    source = cancellation_;
  }
  source.Cancel();  // runs callbacks
}

CancellationToken ProviderService::Token() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cancellation_.token();
}

std::optional<DeferredReason> ProviderService::ProviderDeferral() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return deferred_;
}

Result<const logic::Registry*> ProviderService::GetRegistry() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (registry_error_) return *registry_error_;
  if (registry_ == nullptr) {
    auto built = logic::Registry::Build(provider_);
    if (!built.ok()) {
      registry_error_ = built.error();
      return *registry_error_;
    }
    registry_ = std::move(built).value();
  }
  return registry_.get();
}

grpc::Status ProviderService::Answer(
    WireDiagnostics* wire,
    const std::function<Status(const logic::Registry& registry, Diagnostics& diagnostics)>& body) {
  Diagnostics diagnostics;
  logic::Guarded(diagnostics, [&] {
    const Result<const logic::Registry*> registry = GetRegistry();
    if (!registry.ok()) {
      diagnostics.AddError("The provider cannot be used", registry.error());
      return;
    }
    const Status status = body(**registry, diagnostics);
    if (!status.ok()) diagnostics.AddError("The provider could not answer", status.error());
  });
  ToWire(diagnostics, *wire);
  return grpc::Status::OK;
}

}  // namespace podwright::sdk::server
