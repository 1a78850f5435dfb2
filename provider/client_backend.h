// The Backend over podwright::client. Threading: as Backend says.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "client/context.h"
#include "provider/backend.h"

namespace podwright::provider {

struct ConnectOptions {
  std::string user_agent;                  // "terraform-provider-podwright/0.1.0 core/1.12.0"
  std::chrono::milliseconds retry_for{0};  // so long an unavailable control plane is tried again
  sdk::CancellationToken cancellation{};
};

Result<std::unique_ptr<Backend>> ConnectBackend(const client::Context& context, const ConnectOptions& options);

}  // namespace podwright::provider
