// Objects go from one owner to another: in one change of the store, with an event each. Specs, generations, plans and
// runs stay as they are, so that no server notices.
//
// What the owners' own sets say (a Git source that would delete what it does not declare) is checked by who knows them:
// reconciler/api.
//
// Threading: with the control plane's lock held. Errors: kInvalidArgument, kNotFound and kConflict with a line for each
// object that cannot go; nothing is changed then.
#pragma once

#include "core/result.h"
#include "podwright/v1/transfer.pb.h"
#include "reconciler/control/caller.h"
#include "reconciler/control/core.h"

namespace podwright::control {

Result<v1::TransferResponse> TransferObjects(Core& core, const Caller& caller, const v1::TransferRequest& request);

}  // namespace podwright::control
