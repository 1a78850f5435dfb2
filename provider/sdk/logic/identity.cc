#include "provider/sdk/logic/identity.h"

#include <utility>

#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/wording.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::logic {
namespace {

constexpr char kInvalid[] = "Provider produced invalid identity";
constexpr char kCannotUpgrade[] = "Cannot use the stored identity";

Value Compute(const ResourceEntry& entry, const Value& state, Diagnostics& diagnostics) {
  Value identity;
  Guarded(diagnostics, [&] { identity = entry.identity->IdentityOf(state); });
  Result<Value> fitted = Conform(identity, entry.identity_type, ExtraAttributes::kRefuse, MissingAttributes::kNull);
  if (fitted.ok() && fitted->has_value()) return std::move(fitted).value();
  if (!diagnostics.HasError()) {
    diagnostics.AddError(kInvalid, "The identity of " + entry.resource->TypeName() + " does not fit its schema: " +
                                       (fitted.ok() ? "an object is required" : fitted.error().message()) + "." + kBug);
  }
  return Value::Null();
}

// `identity` with `known` where it has nothing itself.
Value FilledFrom(const Value& known, Value identity, bool also_null) {
  if (!identity.has_value()) return identity;
  for (const auto& [name, value] : known.fields()) {
    const Value& own = identity.Get(name);
    const bool missing = !own.IsWhollyKnown() || (also_null && own.is_null());
    if (missing && value.has_value()) identity.SetField(name, value);
  }
  return identity;
}

void RefuseChange(const ResourceEntry& entry, const Value& before, const Value& now, const char* when,
                  Diagnostics& diagnostics) {
  if (diagnostics.HasError() || entry.identity->IdentityMayChange()) return;
  for (const auto& [name, value] : before.fields()) {
    const Value& own = now.Get(name);
    if (!value.has_value() || !value.IsWhollyKnown() || !own.IsWhollyKnown() || own == value) continue;
    diagnostics.AddError("Unexpected identity change",
                         std::string("While ") + when + ", " + entry.resource->TypeName() + "'s identity ." + name +
                             " changed from " + value.ToDisplay() + " to " + own.ToDisplay() + "." + kBug);
  }
}

// The first attribute that an import needs and that is not there; empty where all are.
std::string MissingAttribute(const ResourceEntry& entry, const Value& identity) {
  for (const IdentityAttribute& attribute : entry.identity_schema.attributes) {
    if (attribute.required_for_import && identity.Get(attribute.name).is_null()) return attribute.name;
  }
  return "";
}

void RequireComplete(const ResourceEntry& entry, const Value& identity, Diagnostics& diagnostics) {
  if (!ChecksEnabled() || diagnostics.HasError()) return;
  const std::string missing = MissingAttribute(entry, identity);
  if (missing.empty()) return;
  diagnostics.AddError(kInvalid, "." + missing + ": null, though an import needs it." + kBugFoundByChecks);
}

void RefuseUnknown(const Value& identity, Diagnostics& diagnostics) {
  if (diagnostics.HasError()) return;
  if (const auto unknown = FindUnknown(identity)) {
    diagnostics.AddError(kInvalid, "." + unknown->ToString() + ": unknown, though the object is there." + kBug);
  }
}

}  // namespace

Value PlannedIdentity(const ResourceEntry& entry, const PlannedIdentityInput& input, Diagnostics& diagnostics) {
  if (entry.identity == nullptr) return Value::Null();
  if (input.planned.is_null()) {
    return input.prior_identity.has_value() ? input.prior_identity : Compute(entry, input.prior, diagnostics);
  }
  if (!input.planned.has_value()) return Value::Null();
  Value identity = Compute(entry, input.planned, diagnostics);
  if (input.prior.is_null() || input.replaces) return identity;
  if (!entry.identity->IdentityMayChange()) identity = FilledFrom(input.prior_identity, std::move(identity), false);
  RefuseChange(entry, input.prior_identity, identity, "planning", diagnostics);
  return identity;
}

Value AppliedIdentity(const ResourceEntry& entry, const Value& planned_identity, const Value& planned,
                      const Value& state, Diagnostics& diagnostics) {
  if (entry.identity == nullptr || !state.has_value()) return Value::Null();
  const bool failed = diagnostics.HasError();
  Value before = planned_identity;
  if (before.is_null() && planned.has_value()) before = Compute(entry, planned, diagnostics);
  Value identity = Compute(entry, state, diagnostics);
  // A partly created object is told apart by what was planned.
  if (failed) return UnknownAsNull(FilledFrom(before, std::move(identity), true));
  RefuseUnknown(identity, diagnostics);
  RequireComplete(entry, identity, diagnostics);
  RefuseChange(entry, before, identity, "applying", diagnostics);
  return UnknownAsNull(identity);
}

Value ReadIdentity(const ResourceEntry& entry, const Value& current_identity, const Value& state,
                   Diagnostics& diagnostics) {
  if (entry.identity == nullptr || !state.has_value() || diagnostics.HasError()) return Value::Null();
  Value identity = Compute(entry, state, diagnostics);
  RefuseUnknown(identity, diagnostics);
  RequireComplete(entry, identity, diagnostics);
  RefuseChange(entry, current_identity, identity, "reading", diagnostics);
  return identity;
}

void CheckImportIdentity(const ResourceEntry& entry, const Value& requested, Diagnostics& diagnostics) {
  const std::string missing = MissingAttribute(entry, requested);
  if (missing.empty() && requested.IsWhollyKnown()) return;
  diagnostics.AddError("The identity is not complete", "Importing " + entry.resource->TypeName() + " needs its " +
                                                           (missing.empty() ? "identity to be known" : missing) + ".");
}

Value ImportedIdentity(const ResourceEntry& entry, const Value& requested, const Value& state,
                       Diagnostics& diagnostics) {
  if (entry.identity == nullptr || !state.has_value() || diagnostics.HasError()) return Value::Null();
  Value identity = Compute(entry, state, diagnostics);
  RefuseUnknown(identity, diagnostics);
  if (requested.is_null()) return MissingAttribute(entry, identity).empty() ? identity : Value::Null();
  identity = FilledFrom(requested, std::move(identity), true);
  RefuseChange(entry, requested, identity, "importing", diagnostics);
  return identity;
}

UpgradeIdentityOutput UpgradeIdentity(const ResourceEntry& entry, std::int64_t version, std::string_view raw_json) {
  UpgradeIdentityOutput output;
  const auto fail = [&](const std::string& detail) {
    output.diagnostics.AddError(kCannotUpgrade, detail);
    return output;
  };
  if (entry.identity == nullptr) return fail(entry.resource->TypeName() + " has no identity.");
  Result<Value> raw = ParseJson(raw_json);
  if (!raw.ok()) return fail(raw.error().ToString());
  Value identity = std::move(raw).value();
  if (version > entry.identity_schema.version) {
    return fail("It was written by a newer release of this provider (identity version " + std::to_string(version) +
                ", this one has " + std::to_string(entry.identity_schema.version) + "). Upgrade the provider.");
  }
  if (version < entry.identity_schema.version) {
    if (entry.identity_upgrade == nullptr) {
      return fail("This provider cannot upgrade an identity of version " + std::to_string(version) + ".");
    }
    const UpgradeIdentityRequest request{.version = version, .identity = identity};
    UpgradeIdentityResponse response{.identity = identity};
    Guarded(response.diagnostics, [&] { entry.identity_upgrade->UpgradeIdentity(request, response); });
    output.diagnostics.Append(response.diagnostics);
    identity = std::move(response.identity);
  }
  Result<Value> fitted = Conform(identity, entry.identity_type, ExtraAttributes::kDrop, MissingAttributes::kNull);
  if (!fitted.ok()) return fail(fitted.error().ToString());
  output.identity = UnknownAsNull(*fitted);
  return output;
}

}  // namespace podwright::sdk::logic
