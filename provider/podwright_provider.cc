#include "provider/podwright_provider.h"

#include "provider/functions.h"
#include "provider/kind_data_source.h"
#include "provider/kind_resource.h"
#include "provider/secret_ephemeral.h"
#include "provider/settings.h"

namespace podwright::provider {

sdk::Schema PodwrightProvider::ProviderSchema() {
  return SettingsSchema();
}

void PodwrightProvider::Validate(const sdk::ValidateRequest& request, sdk::Diagnostics& diagnostics) {
  ValidateSettings(request.config, diagnostics);
}

void PodwrightProvider::Configure(const sdk::ConfigureRequest& request, sdk::ConfigureResponse& response) {
  session_.declared_here.Clear();
  session_.backend = nullptr;  // of a debugged process's run before
  session_.unknown = UnknownSettings(request.config);
  if (!session_.unknown.empty()) {
    if (request.client.deferral_allowed) {
      response.deferred = sdk::DeferredReason::kProviderConfigUnknown;
    } else {  // resources then plan without a preview, and keep their states
      response.diagnostics.AddWarning(
          "The plan is not checked with the control plane",
          "Of the provider's configuration " + session_.unknown +
              " is known only after apply. What this plan says of the provider's resources comes from the "
              "configuration and the state alone: what exists was not read, and what would be disturbed is not shown. "
              "The apply checks it all.");
    }
    return;
  }
  std::optional<ProviderSettings> settings = ResolveSettings(request.config, environment_, response.diagnostics);
  if (!settings) return;
  ConnectOptions options;
  options.user_agent = "terraform-provider-podwright/" + version_;
  if (!request.terraform_version.empty()) options.user_agent += " core/" + request.terraform_version;
  options.retry_for = settings->retry_for;
  options.cancellation = request.cancellation;
  Result<std::unique_ptr<Backend>> backend = connector_(settings->context, options);
  if (!backend.ok()) {
    response.diagnostics.AddError("No connection to the control plane", backend.error());
    return;
  }
  backend_ = std::move(*backend);
  session_.backend = backend_.get();
  session_.owner = "tofu:" + settings->stack;
  session_.workspace = settings->context.workspace;
  session_.default_labels = std::move(settings->default_labels);
  session_.bind_plans = settings->bind_plans;
}

std::vector<std::unique_ptr<sdk::Resource>> PodwrightProvider::Resources() {
  std::vector<std::unique_ptr<sdk::Resource>> resources;
  for (const kinds::Kind* kind : kinds_.All()) resources.push_back(std::make_unique<KindResource>(*kind, session_));
  return resources;
}

std::vector<std::unique_ptr<sdk::DataSource>> PodwrightProvider::DataSources() {
  std::vector<std::unique_ptr<sdk::DataSource>> sources;
  for (const kinds::Kind* kind : kinds_.All()) {
    sources.push_back(std::make_unique<KindDataSource>(*kind, session_));
    sources.push_back(std::make_unique<KindListDataSource>(*kind, session_));
  }
  return sources;
}

std::vector<std::unique_ptr<sdk::EphemeralResource>> PodwrightProvider::EphemeralResources() {
  std::vector<std::unique_ptr<sdk::EphemeralResource>> resources;
  resources.push_back(std::make_unique<SecretEphemeral>(session_));
  return resources;
}

std::vector<std::unique_ptr<sdk::Function>> PodwrightProvider::Functions() {
  return provider::Functions();
}

}  // namespace podwright::provider
