// Whether a wave that failed keeps an object of a later one from being begun in the background: its run did not begin
// it, and nobody has seen to the failure yet.
//
// Threading: under the control plane's lock; reads memory.
#pragma once

#include "reconciler/control/core.h"
#include "reconciler/control/policy/policy.h"

namespace podwright::control {

// Looks at the objects of the same owner. What was ready as it is wanted now is repaired all the same.
bool HeldByFailedWave(Core& core, const Policy& policy, const ObjectId& object);

}  // namespace podwright::control
