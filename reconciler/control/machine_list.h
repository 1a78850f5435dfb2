// Every machine there is: those on record, and strays, which a cloud has under this installation's name and no record
// owns (until the next sweep removes them).
//
// Threading: any thread, without the control plane's lock, which it takes; clouds are asked meanwhile.
// Errors: a cloud's, which name it.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/engine.h"

namespace podwright::control {

// `workspace` "*": of all.
Result<v1::ListMachinesResponse> ListMachines(Engine& engine, const std::string& workspace);

}  // namespace podwright::control
