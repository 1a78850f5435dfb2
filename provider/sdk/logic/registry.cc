#include "provider/sdk/logic/registry.h"

#include <exception>
#include <utility>

#include "provider/sdk/logic/deadline.h"
#include "provider/sdk/logic/wording.h"
#include "provider/sdk/schema/names.h"

namespace podwright::sdk::logic {
namespace {

// Runs `body`, whose exceptions become the error.
Status Caught(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& e) {
    return Internal(std::string("the provider failed: ") + e.what());
  } catch (...) {
    return Internal("the provider failed with something that is no exception");
  }
  return Ok();
}

Status CheckedName(const std::string& what, const std::string& name) {
  if (IsName(name)) return Ok();
  return InvalidArgument("the " + what + " \"" + name + "\": " + kNameRule);
}

Status CheckedSchema(const Schema& schema, Schema::Of of, const std::string& name) {
  const Status status = schema.Check(of);
  if (!status.ok()) return status.error().Wrap("the schema of " + name + " is wrong");
  return Ok();
}

}  // namespace

void Guarded(Diagnostics& diagnostics, const std::function<void()>& body) {
  const Status status = Caught(body);
  if (status.ok()) return;
  diagnostics.AddError("The provider failed unexpectedly", status.error().ToString() + kBug);
}

Result<ResourceEntry> ResourceEntry::Make(std::unique_ptr<Resource> resource) {
  ResourceEntry entry{.resource = std::move(resource)};
  PW_TRY(CheckedName("resource", entry.resource->TypeName()));
  PW_TRY(Caught([&] { entry.schema = entry.resource->GetSchema(); }));
  if (entry.schema.timeouts) entry.schema.attributes.push_back(TimeoutsAttribute(*entry.schema.timeouts));
  PW_TRY(CheckedSchema(entry.schema, Schema::Of::kResource, entry.resource->TypeName()));
  entry.type = entry.schema.ImpliedType();
  Resource* self = entry.resource.get();
  entry.import = dynamic_cast<WithImport*>(self);
  entry.modify_plan = dynamic_cast<WithModifyPlan*>(self);
  entry.validate = dynamic_cast<WithValidate*>(self);
  entry.upgrade = dynamic_cast<WithUpgrade*>(self);
  entry.semantic_equality = dynamic_cast<const WithSemanticEquality*>(self);
  entry.move = dynamic_cast<WithMove*>(self);
  entry.identity = dynamic_cast<const WithIdentity*>(self);
  entry.identity_upgrade = dynamic_cast<WithIdentityUpgrade*>(self);
  if (entry.identity != nullptr) {
    PW_TRY(Caught([&] { entry.identity_schema = entry.identity->GetIdentitySchema(); }));
    const Status status = entry.identity_schema.Check();
    if (!status.ok()) return status.error().Wrap("the identity schema of " + self->TypeName() + " is wrong");
    entry.identity_type = entry.identity_schema.ImpliedType();
  }
  return entry;
}

Result<DataSourceEntry> DataSourceEntry::Make(std::unique_ptr<DataSource> data_source) {
  DataSourceEntry entry{.data_source = std::move(data_source)};
  PW_TRY(CheckedName("data source", entry.data_source->TypeName()));
  PW_TRY(Caught([&] { entry.schema = entry.data_source->GetSchema(); }));
  if (entry.schema.timeouts) {
    entry.schema.attributes.push_back(
        TimeoutsAttribute({.read = entry.schema.timeouts->read, .block = entry.schema.timeouts->block}));
  }
  PW_TRY(CheckedSchema(entry.schema, Schema::Of::kDataSource, "data source " + entry.data_source->TypeName()));
  entry.type = entry.schema.ImpliedType();
  entry.validate = dynamic_cast<WithValidate*>(entry.data_source.get());
  return entry;
}

Result<EphemeralEntry> EphemeralEntry::Make(std::unique_ptr<EphemeralResource> resource) {
  EphemeralEntry entry{.resource = std::move(resource)};
  PW_TRY(CheckedName("ephemeral resource", entry.resource->TypeName()));
  PW_TRY(Caught([&] { entry.schema = entry.resource->GetSchema(); }));
  PW_TRY(CheckedSchema(entry.schema, Schema::Of::kEphemeral, "ephemeral resource " + entry.resource->TypeName()));
  entry.type = entry.schema.ImpliedType();
  EphemeralResource* self = entry.resource.get();
  entry.validate = dynamic_cast<WithValidate*>(self);
  entry.renew = dynamic_cast<WithRenew*>(self);
  entry.close = dynamic_cast<WithClose*>(self);
  return entry;
}

Result<FunctionEntry> FunctionEntry::Make(std::unique_ptr<const Function> function) {
  FunctionEntry entry{.function = std::move(function)};
  PW_TRY(Caught([&] { entry.signature = entry.function->GetSignature(); }));
  const std::string name = entry.function->Name();
  PW_TRY(CheckedName("function", name));
  const Status status = entry.signature.Check();
  if (!status.ok()) return status.error().Wrap("the signature of the function " + name + " is wrong");
  return entry;
}

Result<std::unique_ptr<Registry>> Registry::Build(Provider& provider) {
  std::unique_ptr<Registry> registry(new Registry(provider));
  Status filled = Ok();
  PW_TRY(Caught([&] { filled = registry->Fill(); }));
  if (!filled.ok()) return std::move(filled).error();
  return registry;
}

Status Registry::Fill() {
  provider_schema_ = provider_->ProviderSchema();
  PW_TRY(CheckedSchema(provider_schema_, Schema::Of::kProvider, "the provider"));
  provider_type_ = provider_schema_.ImpliedType();
  meta_schema_ = provider_->ProviderMetaSchema();
  PW_TRY(CheckedSchema(meta_schema_, Schema::Of::kProvider, "provider_meta"));
  meta_type_ = meta_schema_.ImpliedType();
  for (std::unique_ptr<Resource>& resource : provider_->Resources()) {
    std::string name = resource->TypeName();
    PW_ASSIGN(ResourceEntry entry, ResourceEntry::Make(std::move(resource)));
    moves_ = moves_ || entry.move != nullptr;
    if (!resources_.emplace(name, std::move(entry)).second) return Internal("resource " + name + " is there twice");
  }
  for (std::unique_ptr<DataSource>& data_source : provider_->DataSources()) {
    std::string name = data_source->TypeName();
    PW_ASSIGN(DataSourceEntry entry, DataSourceEntry::Make(std::move(data_source)));
    if (!data_sources_.emplace(name, std::move(entry)).second)
      return Internal("data source " + name + " is there twice");
  }
  for (std::unique_ptr<EphemeralResource>& resource : provider_->EphemeralResources()) {
    std::string name = resource->TypeName();
    PW_ASSIGN(EphemeralEntry entry, EphemeralEntry::Make(std::move(resource)));
    if (!ephemerals_.emplace(name, std::move(entry)).second) {
      return Internal("ephemeral resource " + name + " is there twice");
    }
  }
  for (std::unique_ptr<Function>& function : provider_->Functions()) {
    std::string name = function->Name();
    PW_ASSIGN(FunctionEntry entry, FunctionEntry::Make(std::move(function)));
    if (!functions_.emplace(name, std::move(entry)).second) return Internal("function " + name + " is there twice");
  }
  return Ok();
}

Result<const ResourceEntry*> Registry::FindResource(std::string_view type_name) const {
  const auto found = resources_.find(type_name);
  if (found == resources_.end()) return NotFound("this provider has no resource \"" + std::string(type_name) + "\"");
  return &found->second;
}

Result<const DataSourceEntry*> Registry::FindDataSource(std::string_view type_name) const {
  const auto found = data_sources_.find(type_name);
  if (found == data_sources_.end()) {
    return NotFound("this provider has no data source \"" + std::string(type_name) + "\"");
  }
  return &found->second;
}

Result<const EphemeralEntry*> Registry::FindEphemeral(std::string_view type_name) const {
  const auto found = ephemerals_.find(type_name);
  if (found == ephemerals_.end()) {
    return NotFound("this provider has no ephemeral resource \"" + std::string(type_name) + "\"");
  }
  return &found->second;
}

Result<const FunctionEntry*> Registry::FindFunction(std::string_view name) const {
  const auto found = functions_.find(name);
  if (found == functions_.end()) return NotFound("this provider has no function \"" + std::string(name) + "\"");
  return &found->second;
}

}  // namespace podwright::sdk::logic
