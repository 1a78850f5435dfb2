// WaitForApproval: asks now and then whether a plan that policy holds back has its approvals.
#include <ostream>
#include <thread>

#include "cli/app.h"
#include "cli/applying.h"
#include "cli/render/policy.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "core/digest.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{500};

Result<bool> Approved(App& app, const std::string& workspace, const std::string& digest) {
  v1::ListApprovalsRequest request;
  request.set_workspace(workspace);
  request.set_digest(digest);
  PW_ASSIGN(client::Control * control, app.control());
  const Result<v1::ListApprovalsResponse> response = control->ListApprovals(request, app.call());
  // A control plane that is restarted meanwhile still has them.
  if (!response.ok() && response.error().code() == ErrorCode::kUnavailable) return false;
  PW_TRY(response);
  // No longer there: it was used by another apply, or given up; the apply says which.
  return response->approvals().empty() || response->approvals(0).approved();
}

}  // namespace

Status WaitForApproval(App& app, v1::ApplyRequest* request) {
  PW_ASSIGN(const v1::ApplyResponse planned, DryRun(app, *request));
  const v1::PolicyVerdict& verdict = planned.policy();
  if (!verdict.approval_needed()) return Ok();
  if (request->plan_digest().empty()) request->set_plan_digest(planned.plan().digest());
  if (verdict.approved()) return Ok();
  std::ostream& err = app.terminal().err();
  for (const std::string& line : PolicyLines(verdict)) err << "policy: " << Printable(line) << "\n";
  err << "Waiting for approval; Ctrl-C gives up, and nothing was applied.\n" << std::flush;
  while (true) {
    PW_ASSIGN(const bool approved, Approved(app, request->workspace(), verdict.digest()));
    if (approved) return Ok();
    if (app.cancellation().cancelled()) return Cancelled("nobody waits any more; nothing was applied");
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace podwright::cli
