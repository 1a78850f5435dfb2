// Validating configurations: the attributes' validators, then the author's Validate. Any thread.
#pragma once

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

Diagnostics ValidateResource(const ResourceEntry& entry, const ValidateRequest& request);
Diagnostics ValidateDataSource(const DataSourceEntry& entry, const ValidateRequest& request);
Diagnostics ValidateEphemeral(const EphemeralEntry& entry, const ValidateRequest& request);
Diagnostics ValidateProvider(const Registry& registry, const ValidateRequest& request);

}  // namespace podwright::sdk::logic
