#include "provider/sdk/testing/toy_provider.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "provider/sdk/testing/toy_data.h"
#include "provider/sdk/testing/toy_file.h"
#include "provider/sdk/testing/toy_functions.h"
#include "provider/sdk/testing/toy_machine.h"
#include "provider/sdk/testing/toy_note.h"
#include "provider/sdk/testing/toy_token.h"
#include "provider/sdk/testing/toy_wrong.h"
#include "provider/sdk/validators.h"

namespace podwright::sdk::testing {

void ToyFolder::Set(std::filesystem::path path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  path_ = std::move(path);
}

Result<std::filesystem::path> ToyFolder::Get() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!path_) return FailedPrecondition("the provider's folder is not known");
  return *path_;
}

Schema ToyProvider::ProviderSchema() {
  Schema schema;
  schema.description = "Keeps objects as files in a folder.";
  schema.attributes = {
      {.name = "folder", .type = Type::String(), .required = true, .description = "An existing folder."},
      {.name = "retry",
       .nesting = Nesting::kSingle,
       .attributes =
           {{.name = "attempts", .type = Type::Number(), .optional = true, .validators = {validators::Between(1, 10)}},
            {.name = "pause", .type = Type::String(), .optional = true}},
       .block = true}};
  return schema;
}

Schema ToyProvider::ProviderMetaSchema() {
  return {.attributes = {{.name = "module_name", .type = Type::String(), .optional = true}}};
}

void ToyProvider::Configure(const ConfigureRequest& request, ConfigureResponse& response) {
  if (std::getenv("TOY_PRINTS") != nullptr) {
    std::printf("printed to stdout after the handshake\n");
    std::fprintf(stderr, "printed to stderr after the handshake\n");
  }
  const Value& folder = request.config.Get("folder");
  if (folder.is_unknown()) {
    if (request.client.deferral_allowed) response.deferred = DeferredReason::kProviderConfigUnknown;
    return;
  }
  const std::filesystem::path path = folder.StringOr("");
  if (!std::filesystem::is_directory(path)) {
    response.diagnostics.AddError("No such folder", path.string() + " is not a folder.", "folder");
    return;
  }
  folder_->Set(path);
}

std::vector<std::unique_ptr<Resource>> ToyProvider::Resources() {
  std::vector<std::unique_ptr<Resource>> resources;
  resources.push_back(std::make_unique<ToyFile>(folder_));
  resources.push_back(std::make_unique<ToyNote>(folder_));
  resources.push_back(std::make_unique<ToyWrong>());
  resources.push_back(std::make_unique<ToyMachine>(folder_));
  resources.push_back(std::make_unique<ToyData>());
  return resources;
}

std::vector<std::unique_ptr<DataSource>> ToyProvider::DataSources() {
  std::vector<std::unique_ptr<DataSource>> data_sources;
  data_sources.push_back(std::make_unique<ToyFileData>(folder_));
  data_sources.push_back(std::make_unique<ToyMachines>(folder_));
  data_sources.push_back(std::make_unique<ToyWrongData>());
  return data_sources;
}

std::vector<std::unique_ptr<EphemeralResource>> ToyProvider::EphemeralResources() {
  std::vector<std::unique_ptr<EphemeralResource>> resources;
  resources.push_back(std::make_unique<ToyToken>(folder_));
  resources.push_back(std::make_unique<ToyWrongEphemeral>());
  return resources;
}

std::vector<std::unique_ptr<Function>> ToyProvider::Functions() {
  return ToyFunctions();
}

}  // namespace podwright::sdk::testing
