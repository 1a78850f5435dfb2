// The Backend over podwright::client. Threading: as Backend says.
#pragma once

#include <memory>

#include "client/context.h"
#include "provider/backend.h"

namespace podwright::provider {

Result<std::unique_ptr<Backend>> ConnectBackend(const client::Context& context, const std::string& user_agent);

}  // namespace podwright::provider
