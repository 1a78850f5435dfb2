// The toy provider: objects are JSON files in a folder. It has every form of attribute that the SDK knows
// and is driven by a real tofu or terraform in the tests.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "provider/sdk/provider.h"

namespace podwright::sdk::testing {

// The folder that Configure was given; shared by the provider and its resources.
class ToyFolder {
 public:
  void Set(std::filesystem::path path);
  // An error while the provider's configuration is unknown.
  Result<std::filesystem::path> Get() const;

 private:
  mutable std::mutex mutex_;
  std::optional<std::filesystem::path> path_;  // protected by mutex_
};

class ToyProvider final : public Provider {
 public:
  Schema ProviderSchema() override;
  Schema ProviderMetaSchema() override;
  void Configure(const ConfigureRequest& request, ConfigureResponse& response) override;
  std::vector<std::unique_ptr<Resource>> Resources() override;
  std::vector<std::unique_ptr<DataSource>> DataSources() override;
  std::vector<std::unique_ptr<EphemeralResource>> EphemeralResources() override;
  std::vector<std::unique_ptr<Function>> Functions() override;

 private:
  std::shared_ptr<ToyFolder> folder_ = std::make_shared<ToyFolder>();  // shared with the resources
};

}  // namespace podwright::sdk::testing
