// Registry: all that a provider has, with its schemas, made once.
//
// Immutable after Build, so any thread may read it; what it holds is the author's, called concurrently.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "provider/sdk/provider.h"

namespace podwright::sdk::logic {

struct ResourceEntry {
  std::unique_ptr<Resource> resource;
  Schema schema{};
  Type type{};
  // What the resource also is; null where it is not.
  WithImport* import = nullptr;
  WithModifyPlan* modify_plan = nullptr;
  WithValidate* validate = nullptr;
  WithUpgrade* upgrade = nullptr;
  const WithSemanticEquality* semantic_equality = nullptr;
  WithMove* move = nullptr;
  const WithIdentity* identity = nullptr;
  WithIdentityUpgrade* identity_upgrade = nullptr;
  IdentitySchema identity_schema{};
  Type identity_type{};

  static Result<ResourceEntry> Make(std::unique_ptr<Resource> resource);
};

struct DataSourceEntry {
  std::unique_ptr<DataSource> data_source;
  Schema schema{};
  Type type{};
  WithValidate* validate = nullptr;

  static Result<DataSourceEntry> Make(std::unique_ptr<DataSource> data_source);
};

struct EphemeralEntry {
  std::unique_ptr<EphemeralResource> resource;
  Schema schema{};
  Type type{};
  // What it also is; null where it is not.
  WithValidate* validate = nullptr;
  WithRenew* renew = nullptr;
  WithClose* close = nullptr;

  static Result<EphemeralEntry> Make(std::unique_ptr<EphemeralResource> resource);
};

struct FunctionEntry {
  std::unique_ptr<const Function> function;
  FunctionSignature signature{};

  static Result<FunctionEntry> Make(std::unique_ptr<const Function> function);
};

class Registry {
 public:
  // Asks the provider for all it has. A schema that core would refuse is an error here.
  static Result<std::unique_ptr<Registry>> Build(Provider& provider);

  Provider& provider() const { return *provider_; }
  const Schema& provider_schema() const { return provider_schema_; }
  const Type& provider_type() const { return provider_type_; }
  // Without attributes: modules have nothing to say.
  const Schema& meta_schema() const { return meta_schema_; }
  const Type& meta_type() const { return meta_type_; }
  // Whether any resource takes over objects of other types.
  bool moves() const { return moves_; }
  const std::map<std::string, ResourceEntry, std::less<>>& resources() const { return resources_; }
  const std::map<std::string, DataSourceEntry, std::less<>>& data_sources() const { return data_sources_; }
  const std::map<std::string, EphemeralEntry, std::less<>>& ephemerals() const { return ephemerals_; }
  const std::map<std::string, FunctionEntry, std::less<>>& functions() const { return functions_; }
  Result<const ResourceEntry*> FindResource(std::string_view type_name) const;
  Result<const DataSourceEntry*> FindDataSource(std::string_view type_name) const;
  Result<const EphemeralEntry*> FindEphemeral(std::string_view type_name) const;
  Result<const FunctionEntry*> FindFunction(std::string_view name) const;

 private:
  explicit Registry(Provider& provider) : provider_(&provider) {}
  Status Fill();

  Provider* provider_;  // outlives the registry
  Schema provider_schema_;
  Type provider_type_;
  Schema meta_schema_;
  Type meta_type_;
  bool moves_ = false;
  std::map<std::string, ResourceEntry, std::less<>> resources_;
  std::map<std::string, DataSourceEntry, std::less<>> data_sources_;
  std::map<std::string, EphemeralEntry, std::less<>> ephemerals_;
  std::map<std::string, FunctionEntry, std::less<>> functions_;
};

// Runs the author's code; what it throws becomes an error diagnostic.
void Guarded(Diagnostics& diagnostics, const std::function<void()>& body);

}  // namespace podwright::sdk::logic
