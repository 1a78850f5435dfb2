// Stored states: upgrading them from raw JSON, and importing. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

struct StateOutput {
  Value state{};
  std::string private_state{};
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

// Called by core for every instance on every run. At the schema's version: missing attributes become null
// and unknown ones are dropped. Below it: the author's Upgrade first. Above it: an error.
StateOutput UpgradeState(const ResourceEntry& entry, std::int64_t version, std::string_view raw_json);

StateOutput Import(const ResourceEntry& entry, const ImportRequest& request, const ClientCapabilities& client);

}  // namespace podwright::sdk::logic
