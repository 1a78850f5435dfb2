// Calling an author's function by Terraform's rules. Any thread.
#pragma once

#include <map>
#include <memory>

#include "provider/sdk/function.h"
#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

// The arguments must be of the parameters' types. Null and unknown arguments reach the function only where
// it takes them. In checks (ChecksEnabled) it is called twice, since it must be deterministic.
CallResponse CallFunction(const FunctionEntry& entry, const CallRequest& request);

}  // namespace podwright::sdk::logic
