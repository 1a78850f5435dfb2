#include "provider/sdk/logic/ephemeral.h"

#include <utility>

#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/deferral.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/returned.h"
#include "provider/sdk/logic/wording.h"

namespace podwright::sdk::logic {
namespace {

constexpr char kInvalid[] = "Provider produced invalid ephemeral resource instance";

void RequireRenew(const EphemeralEntry& entry, bool renewed_later, Diagnostics& diagnostics) {
  if (!renewed_later || entry.renew != nullptr || diagnostics.HasError()) return;
  diagnostics.AddError(kInvalid, entry.resource->TypeName() + " asks to be renewed but has no renewal." + kBug);
}

// Core's rules for what an open gives.
void CheckResult(const EphemeralEntry& entry, const Value& config, const Value& result, Diagnostics& diagnostics) {
  if (diagnostics.HasError()) return;
  if (result.is_null()) {
    diagnostics.AddError(kInvalid, std::string("Opening returned neither an object nor an error.") + kBug);
    return;
  }
  RefuseUnknown(result, kInvalid, "Opening", diagnostics);
  if (ChecksEnabled() && !diagnostics.HasError()) CheckOpened(entry.schema, config, result, diagnostics);
}

}  // namespace

OpenResponse Open(const EphemeralEntry& entry, const OpenRequest& request) {
  OpenResponse response{.result = request.config};
  Guarded(response.diagnostics, [&] { entry.resource->Open(request, response); });
  const bool opened = !response.diagnostics.HasError() && !response.deferred;
  response.deferred =
      AllowedDeferral(response.deferred, request.client, "Opening " + entry.resource->TypeName(), response.diagnostics);
  if (response.deferred) {
    response.result = Value::Unknown();
    response.renew_at.reset();
    return response;
  }
  response.result =
      Returnable(entry.schema.attributes, Fitted(response.result, entry.type, Value::Null(), response.diagnostics));
  CheckResult(entry, request.config, response.result, response.diagnostics);
  RequireRenew(entry, response.renew_at.has_value(), response.diagnostics);
  if (!response.diagnostics.HasError()) return response;
  if (opened) {
    const CloseResponse closed = Close(entry, {.private_state = response.private_state});
    response.diagnostics.Append(closed.diagnostics);
  }
  response.result = Value::Null();
  response.private_state.clear();
  response.renew_at.reset();
  return response;
}

RenewResponse Renew(const EphemeralEntry& entry, const RenewRequest& request) {
  RenewResponse response{.private_state = request.private_state};
  if (entry.renew == nullptr) {
    response.diagnostics.AddError("Nothing to renew", entry.resource->TypeName() + " is not renewed.");
    return response;
  }
  Guarded(response.diagnostics, [&] { entry.renew->Renew(request, response); });
  return response;
}

CloseResponse Close(const EphemeralEntry& entry, const CloseRequest& request) {
  CloseResponse response;
  if (entry.close != nullptr) Guarded(response.diagnostics, [&] { entry.close->Close(request, response); });
  return response;
}

}  // namespace podwright::sdk::logic
