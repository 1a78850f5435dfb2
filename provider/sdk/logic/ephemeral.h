// Opening, renewing and closing ephemeral resources through the author's code. Any thread.
#pragma once

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

// What the author opened and the SDK then refuses (a result that breaks the rules) is closed here, since the
// host closes nothing whose opening failed.
OpenResponse Open(const EphemeralEntry& entry, const OpenRequest& request);
RenewResponse Renew(const EphemeralEntry& entry, const RenewRequest& request);
CloseResponse Close(const EphemeralEntry& entry, const CloseRequest& request);

}  // namespace podwright::sdk::logic
