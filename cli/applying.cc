#include "cli/applying.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/follow.h"
#include "cli/render/message.h"
#include "cli/render/plan.h"
#include "cli/render/policy.h"
#include "cli/terminal.h"

namespace podwright::cli {
namespace {

Error Refused() {
  return FailedPrecondition("some objects cannot be planned; nothing was done");
}

Json ResponseJson(App& app, const v1::ApplyResponse& response) {
  Json value;
  value["revision"] = response.revision();
  value["plan"] = PlanJson(response.plan());
  value["warnings"] = response.warnings();
  value["policy"] = PolicyJson(response.policy());
  value["objects"] = Json::array();
  for (const v1::ObjectView& view : response.objects()) value["objects"].push_back(ObjectJson(app.kinds(), view));
  return value;
}

// The plan that was shown is the only one that may run. False: the answer was no.
Result<bool> BindToConfirmedPlan(App& app, v1::ApplyRequest* request, const ApplyChoices& choices) {
  if (app.format() != OutputFormat::kTable)
    return InvalidArgument("-o json and -o yaml need --yes: nobody is asked then");
  PW_ASSIGN(const v1::ApplyResponse planned, DryRun(app, *request));
  ShowPlan(app, planned);
  const PlanSummary summary = Summarize(planned.plan());
  if (summary.errors > 0) return Refused();
  if (summary.actions > 0) {
    PW_ASSIGN(const bool yes, app.terminal().Confirm(choices.question, "pass --yes to do it without asking"));
    if (!yes) return false;
  }
  request->set_plan_digest(planned.plan().digest());
  return true;
}

}  // namespace

Result<v1::ApplyResponse> DryRun(App& app, v1::ApplyRequest request) {
  request.set_dry_run(true);
  PW_ASSIGN(client::Control * control, app.control());
  return control->Apply(std::move(request), app.call());
}

void ShowPlan(App& app, const v1::ApplyResponse& response) {
  for (const std::string& warning : response.warnings()) {
    app.terminal().err() << app.terminal().Paint(Style::kYellow, "warning") << ": " << Printable(warning) << "\n";
  }
  app.terminal().out() << RenderPlan(response.plan(), app.terminal()) << RenderPolicy(response.policy(), app.terminal())
                       << std::flush;
}

Result<int> ApplyAndFollow(App& app, v1::ApplyRequest request, const ApplyChoices& choices) {
  if (!choices.yes) {
    PW_ASSIGN(const bool go_on, BindToConfirmedPlan(app, &request, choices));
    if (!go_on) {
      app.terminal().out() << "Nothing was done.\n";
      return kFailed;
    }
  }
  if (choices.wait_for_approval) PW_TRY(WaitForApproval(app, &request));
  const std::string workspace = request.workspace();
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::ApplyResponse response, control->Apply(std::move(request), app.call()));
  const bool table = app.format() == OutputFormat::kTable;
  if (table && choices.yes) ShowPlan(app, response);

  int code = kDone;
  Json value = ResponseJson(app, response);
  if (response.run().empty()) {
    if (table) app.terminal().out() << "Recorded at revision " << response.revision() << "; nothing has to be done.\n";
  } else if (!choices.wait) {
    value["run"] = response.run();
    if (table) {
      app.terminal().out() << "Run " << response.run() << " has begun: podwright run get " << response.run() << "\n";
    }
  } else {
    v1::Run last;
    PW_ASSIGN(code, FollowRun(app, workspace, response.run(), &last));
    value["run"] = MessageJson(last);
  }
  app.PrintStructured(value);
  return code;
}

}  // namespace podwright::cli
