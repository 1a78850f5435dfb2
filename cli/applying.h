// A change on its way: planned, shown, confirmed, applied, followed to its end. apply, delete and lab use it.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {

class App;

struct ApplyChoices {
  bool yes = false;                // without asking
  bool wait = true;                // until the run has ended
  bool wait_for_approval = false;  // where policy holds the plan back
  std::string question = "Do this?";
};

// Asks for the plan and shows it, lets it be confirmed and applies just that plan; with `yes` applies at
// once. The answer is the exit code.
Result<int> ApplyAndFollow(App& app, v1::ApplyRequest request, const ApplyChoices& choices);

// Where the plan needs approval: says so, waits until it has it, and binds the request to that plan.
Status WaitForApproval(App& app, v1::ApplyRequest* request);

// The plan of the request, without effect. Refused slices are no error here.
Result<v1::ApplyResponse> DryRun(App& app, v1::ApplyRequest request);

// Warnings to standard error, the plan to standard output.
void ShowPlan(App& app, const v1::ApplyResponse& response);

}  // namespace podwright::cli
