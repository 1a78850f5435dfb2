// Get{refresh}: the agents look once more before the answer is given.
#pragma once

#include "core/result.h"
#include "reconciler/control/engine.h"

namespace podwright::control {

// Waits for connected agents up to Options::observe_timeout, without the lock. Those that do not answer leave what
// was known.
Status Refresh(Engine& engine, const ObjectId& id);

}  // namespace podwright::control
