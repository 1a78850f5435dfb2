// The provider `podwright`: its settings, and a resource and a data source for every kind.
//
// Settings: settings.h. Values that are unknown while planning put everything off where the client can wait, else they
// are tolerated: plans are then made without a preview, and a warning says so.
//
// Threading: as sdk::Provider says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/context.h"
#include "kinds/registry.h"
#include "provider/backend.h"
#include "provider/client_backend.h"
#include "provider/sdk/provider.h"

namespace podwright::provider {

// Makes the connection; tests give one of their own.
using Connector =
    std::function<Result<std::unique_ptr<Backend>>(const client::Context&, const ConnectOptions& options)>;

class PodwrightProvider final : public sdk::Provider {
 public:
  PodwrightProvider(const kinds::Registry& kinds, Connector connector, std::string version,
                    client::Environment environment)
      : kinds_(kinds),
        connector_(std::move(connector)),
        version_(std::move(version)),
        environment_(std::move(environment)) {}

  sdk::Schema ProviderSchema() override;
  void Validate(const sdk::ValidateRequest& request, sdk::Diagnostics& diagnostics) override;
  void Configure(const sdk::ConfigureRequest& request, sdk::ConfigureResponse& response) override;
  std::vector<std::unique_ptr<sdk::Resource>> Resources() override;
  std::vector<std::unique_ptr<sdk::DataSource>> DataSources() override;
  std::vector<std::unique_ptr<sdk::EphemeralResource>> EphemeralResources() override;
  std::vector<std::unique_ptr<sdk::Function>> Functions() override;

 private:
  const kinds::Registry& kinds_;
  Connector connector_;
  std::string version_;
  client::Environment environment_;
  std::unique_ptr<Backend> backend_;
  Session session_;  // written by Configure, before any resource is used
};

}  // namespace podwright::provider
