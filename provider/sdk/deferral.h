// Deferral: "not now". A provider that cannot answer yet, because something is not known, says why; core then
// leaves the object for a later run.
//
// Only some clients can wait (ClientCapabilities::deferral_allowed). Authors need not look: for the others the
// SDK makes an error of it that tells the user what to do.
#pragma once

namespace podwright::sdk {

enum class DeferredReason {
  kUnknown,                // another reason than these
  kResourceConfigUnknown,  // the object's own configuration
  kProviderConfigUnknown,  // the provider's configuration
  kAbsentPrerequisite,     // something that must exist first does not
};

}  // namespace podwright::sdk
