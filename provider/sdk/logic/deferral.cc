#include "provider/sdk/logic/deferral.h"

#include <string>

namespace podwright::sdk::logic {
namespace {

std::string_view Explain(DeferredReason reason) {
  switch (reason) {
    case DeferredReason::kResourceConfigUnknown: return "its configuration holds values that are not known yet";
    case DeferredReason::kProviderConfigUnknown:
      return "the provider's configuration holds values that are not known yet";
    case DeferredReason::kAbsentPrerequisite: return "something that must exist first does not exist yet";
    case DeferredReason::kUnknown: break;
  }
  return "something that it needs is not there yet";
}

}  // namespace

std::optional<DeferredReason> AllowedDeferral(std::optional<DeferredReason> reason, const ClientCapabilities& client,
                                              std::string_view what, Diagnostics& diagnostics) {
  if (!reason || client.deferral_allowed || diagnostics.HasError()) return reason;
  diagnostics.AddError("Deferral is not possible here",
                       std::string(what) + " must wait, since " + std::string(Explain(*reason)) +
                           ". This client does not put objects off to a later run (Terraform does since 1.9 where "
                           "deferred actions are allowed; OpenTofu does not). Apply first what it depends on, for "
                           "instance with -target, then the rest.");
  return std::nullopt;
}

}  // namespace podwright::sdk::logic
