// What people see of objects: phase, conditions, status, observations.
//
// Threading: under the control plane's lock.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/object.pb.h"
#include "reconciler/control/core.h"

namespace podwright::control {

// The object has to be in the tables.
v1::ObjectView MakeView(Core& core, const ObjectId& id);
v1::Phase PhaseOf(Core& core, const ObjectId& id);
OwnedPhases PhasesOf(Core& core, const std::string& workspace, const std::string& owner, std::size_t most_stalled);

Result<v1::ListResponse> ListObjects(Core& core, const v1::ListRequest& request);

}  // namespace podwright::control
