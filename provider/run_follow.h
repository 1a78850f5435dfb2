// Following a run of the control plane to its end, and telling Terraform's log and its user how it went.
//
// Threading: FollowRun blocks; the rest are pure functions.
#pragma once

#include <chrono>
#include <string>

#include "podwright/v1/run.pb.h"
#include "provider/backend.h"
#include "provider/sdk/cancellation.h"
#include "provider/sdk/diagnostics.h"

namespace podwright::provider {

// While nothing changes the log says so often that the run goes on.
inline constexpr std::chrono::seconds kHeartbeat{10};

// "3 of 12 actions done; at web-1: install nginx; waits for the agent of web-2".
std::string ProgressText(const v1::Run& run);

// Waits for the run's end: an error diagnostic names action, server, cause and what was taken back. On cancellation,
// also by a time limit, the run goes on in the control plane, and the diagnostic names it; so it is where the control
// plane stays away.
// Every action's begin and end stands in the log, and now and then what there is to wait for.
void FollowRun(Backend& backend, const std::string& workspace, const std::string& run, const std::string& title,
               const sdk::CancellationToken& cancellation, sdk::Diagnostics& diagnostics);

}  // namespace podwright::provider
