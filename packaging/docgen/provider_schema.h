// What the provider answers to GetProviderSchema and GetResourceIdentitySchemas, without a process between.
#pragma once

#include "core/result.h"
#include "packaging/docgen/pages.h"

namespace podwright::docgen {

Result<Served> ProviderSchema();

}  // namespace podwright::docgen
