// Ready plan modifiers, for Attribute::plan_modifiers. Pure; any thread.
//
// Paths are those of the object that the attribute is in: the resource's, or the nested object's.
#pragma once

#include <functional>
#include <vector>

#include "provider/sdk/schema/plan_modifier.h"
#include "provider/sdk/value/refinement.h"

namespace podwright::sdk::plan_modifiers {

// Computed: the state's value stays while all of these are planned as they are: an address that only a new size
// changes. The switch Attribute::use_state_for_unknown is the same with no paths.
PlanModifier KeepUnlessChanged(std::vector<AttributePath> paths);

// Computed: promised beforehand from what is planned. The function gets the planned object and answers a value, an
// unknown one where it cannot tell yet.
PlanModifier ComputedFrom(std::function<Value(const Value& planned)> function);

// Computed: what is already known while the value itself is not. It must hold for what apply makes.
PlanModifier RefineUnknown(Refinement refinement);

// A change destroys the object and makes a new one where the condition holds (a disk can grow, not shrink). It is
// called only with a planned value that differs from a state.
PlanModifier RequiresReplaceIf(std::function<bool(const PlanModifierRequest& request)> condition);
// Where it is configured: a change that only the provider makes needs no new object.
PlanModifier RequiresReplaceIfConfigured();

}  // namespace podwright::sdk::plan_modifiers
