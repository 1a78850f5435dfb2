// What becomes of an author's deferral. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "provider/sdk/deferral.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/resource.h"

namespace podwright::sdk::logic {

// The deferral as the client may have it: none and an error where the client cannot wait. `what` is what is
// put off ("Reading toy_file").
std::optional<DeferredReason> AllowedDeferral(std::optional<DeferredReason> reason, const ClientCapabilities& client,
                                              std::string_view what, Diagnostics& diagnostics);

}  // namespace podwright::sdk::logic
