// Reading resources and data sources through the author's Read. Any thread.
#pragma once

#include <optional>
#include <string>

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

struct ReadInput {
  Value state{};
  std::string private_state{};
  Value provider_meta{};
  ClientCapabilities client{};
  CancellationToken cancellation{};
};

struct ReadOutput {
  Value state{};  // null: the object is gone
  std::string private_state{};
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

ReadOutput Read(const ResourceEntry& entry, const ReadInput& input);

struct ReadDataOutput {
  Value state{};  // unknown where it is put off
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

ReadDataOutput ReadData(const DataSourceEntry& entry, const ReadDataRequest& request);

}  // namespace podwright::sdk::logic
