// Applying a planned change through the author's Create, Update or Delete. Any thread.
#pragma once

#include <string>

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

struct ApplyInput {
  Value config{};
  Value prior{};    // null: create
  Value planned{};  // null: delete
  std::string private_state{};
  Value provider_meta{};
  CancellationToken cancellation{};
};

struct ApplyOutput {
  // Wholly known and without write-only values. With an error, what exists nevertheless: a partly created
  // object is never dropped.
  Value state{};
  std::string private_state{};
  Diagnostics diagnostics{};
};

ApplyOutput Apply(const ResourceEntry& entry, const ApplyInput& input);

}  // namespace podwright::sdk::logic
