// PlanModifier: an author's own rule for one attribute of a plan. Ready ones are in provider/sdk/plan_modifiers.h.
#pragma once

#include <functional>

#include "provider/sdk/diagnostics.h"
#include "provider/sdk/value/path.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct PlanModifierRequest {
  AttributePath path{};  // of the attribute; inside a set it ends at the set
  // The attribute's own values. The state's is null where there was none, and inside sets.
  Value config{};
  Value state{};
  Value plan{};
  // The objects that the attribute is in: the resource's, or the nested object's.
  Value parent_config{};
  Value parent_state{};  // null: the object is new
  Value parent_plan{};
  bool create = false;  // the resource is new
};

struct PlanModifierResponse {
  Value plan{};                   // starts as the request's; may change only where nothing is configured
  bool requires_replace = false;  // counts only where the value really changes
  Diagnostics diagnostics{};
};

// Runs on every plan but that of a destroy, perhaps more than once. Must not block; any thread.
using PlanModifier = std::function<void(const PlanModifierRequest& request, PlanModifierResponse& response)>;

}  // namespace podwright::sdk
