// What grows is cut: events, ended runs, idempotency records, the store's history.
//
// Threading: under the control plane's lock. Errors: the store's; it is tried again at the next turn.
#pragma once

#include "core/result.h"
#include "reconciler/control/core.h"

namespace podwright::control {

Status KeepHouse(Core& core);

}  // namespace podwright::control
