// What is written when an object is found to be as it was declared.
//
// Threading: under the control plane's lock. Nothing is written but through the Change.
#pragma once

#include <set>

#include "reconciler/control/change.h"

namespace podwright::control {

void ClearStall(v1::ObjectStanding& state);

// A live object whose slice is empty is ready; its agents are told after the commit. Others: nothing.
void AddReady(Core& core, Change& change, const ObjectId& object);

// What the agents of these objects said last: plans and views stand on it while the agents are away.
void AddSeenFacts(Core& core, Change& change, const std::set<ObjectId>& objects);

}  // namespace podwright::control
