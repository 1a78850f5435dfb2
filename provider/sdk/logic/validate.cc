#include "provider/sdk/logic/validate.h"

#include "provider/sdk/logic/normalize.h"

namespace podwright::sdk::logic {
namespace {

void RunValidators(const Attributes& attributes, const Value& config, const AttributePath& path,
                   bool write_only_allowed, Diagnostics& diagnostics) {
  for (const Attribute& attribute : attributes) {
    const Value& value = config.Get(attribute.name);
    if (value.is_null()) continue;
    const AttributePath place = path.Attribute(attribute.name);
    if (attribute.write_only && !write_only_allowed) {
      diagnostics.AddError("Write-only attributes are not supported here",
                           "\"" + attribute.name +
                               "\" is write-only, which needs Terraform 1.11 or OpenTofu 1.11 at least. "
                               "Leave it out, or use a newer release.",
                           place);
    }
    if (!value.has_value()) continue;
    for (const AttributeValidator& validator : attribute.validators) validator(value, place, diagnostics);
    if (attribute.nesting == Nesting::kNone) continue;
    ForEachNested(attribute, value, place, [&](const Value& object, const AttributePath& inner) {
      RunValidators(attribute.attributes, object, inner, write_only_allowed, diagnostics);
    });
  }
}

void RunAll(const Schema& schema, const ValidateRequest& request, bool write_only_allowed, Diagnostics& diagnostics) {
  RunValidators(schema.attributes, request.config, {}, write_only_allowed, diagnostics);
  if (!request.config.has_value()) return;
  for (const AttributeValidator& validator : schema.validators) validator(request.config, {}, diagnostics);
}

// Of what may be a WithValidate.
template <typename Entry>
Diagnostics ValidateEntry(const Entry& entry, const ValidateRequest& request, bool write_only_allowed) {
  Diagnostics diagnostics;
  Guarded(diagnostics, [&] {
    RunAll(entry.schema, request, write_only_allowed, diagnostics);
    if (entry.validate != nullptr) entry.validate->Validate(request, diagnostics);
  });
  return diagnostics;
}

}  // namespace

Diagnostics ValidateResource(const ResourceEntry& entry, const ValidateRequest& request) {
  return ValidateEntry(entry, request, request.client.write_only_attributes_allowed);
}

Diagnostics ValidateDataSource(const DataSourceEntry& entry, const ValidateRequest& request) {
  return ValidateEntry(entry, request, true);
}

Diagnostics ValidateEphemeral(const EphemeralEntry& entry, const ValidateRequest& request) {
  return ValidateEntry(entry, request, true);
}

Diagnostics ValidateProvider(const Registry& registry, const ValidateRequest& request) {
  Diagnostics diagnostics;
  Guarded(diagnostics, [&] {
    RunAll(registry.provider_schema(), request, true, diagnostics);
    registry.provider().Validate(request, diagnostics);
  });
  return diagnostics;
}

}  // namespace podwright::sdk::logic
