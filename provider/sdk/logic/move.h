// Taking over an object of another type through the author's Move. Any thread.
#pragma once

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

// The state is wholly known and without write-only values; null where there is an error.
MoveResponse Move(const ResourceEntry& entry, const MoveRequest& request);

}  // namespace podwright::sdk::logic
