// Values made up for what is not known yet, so that checks can plan as core will once it is. Pure; any thread.
#pragma once

#include <optional>
#include <vector>

#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk::logic {

// `object` with each unknown part replaced by a value of its type that holds what is promised of it: the same in
// the same place of two objects. Nothing where no such value is found.
std::optional<Value> MadeUp(const std::vector<Attribute>& attributes, const Value& object);

}  // namespace podwright::sdk::logic
