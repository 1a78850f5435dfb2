// What people do with runs: look, cancel, try again; and with objects: pause.
//
// Threading: under the control plane's lock.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/core.h"

namespace podwright::control {

Result<v1::Run> GetRun(Core& core, const RunId& id);
// The newest first.
Result<v1::ListRunsResponse> ListRuns(Core& core, const v1::ListRunsRequest& request);
Result<v1::Run> CancelRun(Core& core, const Caller& caller, const RunId& id);
// Lets what waits for a window go now. kFailedPrecondition: the run has ended.
Result<v1::Run> ReleaseRun(Core& core, const Caller& caller, const RunId& id);
// A new run on the stalled objects of a run, or on one object.
Result<v1::RetryResponse> Retry(Core& core, const Caller& caller, const v1::RetryRequest& request);
Result<v1::ObjectView> Pause(Core& core, const Caller& caller, const v1::PauseRequest& request);

}  // namespace podwright::control
