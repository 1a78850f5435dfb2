// What grows is cut: events, ended runs with their journals, idempotency records, the store's history. The newest are
// kept, as many as Options says; a run that a stalled object names stays with it.
//
// Threading: under the control plane's lock, for a bounded time a turn. Errors: the store's; it is tried again at the
// next turn.
#pragma once

#include "core/result.h"
#include "reconciler/control/core.h"

namespace podwright::control {

// kMore: what one turn may do was done, and there is more.
enum class Housekeeping { kDone, kMore };
Result<Housekeeping> KeepHouse(Core& core);

}  // namespace podwright::control
