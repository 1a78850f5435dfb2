// Waiting for a run, and what an interrupt means: the run goes on.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/run.pb.h"

namespace podwright::cli {

class App;

// Shows the run's progress until it has ended; the exit code by its end. Interrupted: says how to look at
// it and how to cancel it.
Result<int> FollowRun(App& app, const std::string& workspace, const std::string& run);

// The same, and the last state in `last`.
Result<int> FollowRun(App& app, const std::string& workspace, const std::string& run, v1::Run* last);

}  // namespace podwright::cli
