// The driver of the kind `mesh`: WireGuard's interface by wg-quick, its peers, the access rules, the members' names.
//
// What it keeps (MeshKept, in the object's state) is what actions confirmed; drift is repaired against that. Private
// keys stand in the agent's state folder and in wg-quick's configuration, 0600, and nowhere else.
//
// The interface carries the mesh's own traffic only: the control plane is reached beside it. So a mistake in it cannot
// cut the server off, and no timer takes a change back.
#pragma once

#include <memory>

#include "agent/drivers/driver.h"

namespace podwright::drivers {

std::unique_ptr<Driver> MakeMeshDriver(Environment& environment);

}  // namespace podwright::drivers
