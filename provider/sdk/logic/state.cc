#include "provider/sdk/logic/state.h"

#include <utility>

#include "provider/sdk/logic/deferral.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/returned.h"
#include "provider/sdk/logic/wording.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::logic {
namespace {

constexpr char kCannotUpgrade[] = "Cannot use the stored state";

}  // namespace

StateOutput UpgradeState(const ResourceEntry& entry, std::int64_t version, std::string_view raw_json) {
  StateOutput output;
  Result<Value> raw = ParseJson(raw_json);
  if (!raw.ok()) {
    output.diagnostics.AddError(kCannotUpgrade, raw.error());
    return output;
  }
  Value state = std::move(raw).value();
  if (version > entry.schema.version) {
    output.diagnostics.AddError(kCannotUpgrade,
                                "The state was written by a newer release of this provider (schema version " +
                                    std::to_string(version) + ", this one has " + std::to_string(entry.schema.version) +
                                    "). Upgrade the provider.");
    return output;
  }
  if (version < entry.schema.version) {
    if (entry.upgrade == nullptr) {
      output.diagnostics.AddError(
          kCannotUpgrade, "This provider cannot upgrade a state of schema version " + std::to_string(version) + ".");
      return output;
    }
    const UpgradeRequest request{.version = version, .state = state};
    UpgradeResponse response{.state = state};
    Guarded(response.diagnostics, [&] { entry.upgrade->Upgrade(request, response); });
    output.diagnostics.Append(response.diagnostics);
    state = std::move(response.state);
  }
  Result<Value> fitted = Conform(state, entry.type, ExtraAttributes::kDrop, MissingAttributes::kNull);
  if (!fitted.ok()) {
    output.diagnostics.AddError(kCannotUpgrade, fitted.error());
    return output;
  }
  RefuseUnknown(*fitted, kInvalidObject, "Upgrading", output.diagnostics);
  // A value of what is write-only now is no fault: the state may be from before it was.
  output.state = UnknownAsNull(Returnable(entry.schema.attributes, *fitted));
  return output;
}

StateOutput Import(const ResourceEntry& entry, const ImportRequest& request, const ClientCapabilities& client) {
  StateOutput output;
  if (entry.import == nullptr) {
    output.diagnostics.AddError("This resource cannot be imported", entry.resource->TypeName() + " has no import.");
    return output;
  }
  ImportResponse response;
  Guarded(response.diagnostics, [&] { entry.import->Import(request, response); });
  output.private_state = std::move(response.private_state);
  output.diagnostics = std::move(response.diagnostics);
  const std::string what = "Importing " + entry.resource->TypeName();
  output.deferred = AllowedDeferral(response.deferred, client, what, output.diagnostics);
  if (output.deferred) {
    output.state = Value::Unknown();
    return output;
  }
  const Value state = Fitted(response.state, entry.type, Value::Null(), output.diagnostics);
  RefuseUnknown(state, kInvalidObject, "Importing", output.diagnostics);
  RefuseWriteOnly(entry.schema, state, kInvalidObject, what, output.diagnostics);
  output.state = UnknownAsNull(Returnable(entry.schema.attributes, state));
  if (output.state.is_null() && !output.diagnostics.HasError()) {
    output.diagnostics.AddError("The provider imported nothing",
                                std::string("It returned neither an object nor an error.") + kBug);
  }
  return output;
}

}  // namespace podwright::sdk::logic
