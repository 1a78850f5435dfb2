#include "cli/follow.h"

#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/render/progress.h"
#include "cli/terminal.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {

Result<int> FollowRun(App& app, const std::string& workspace, const std::string& run) {
  v1::Run last;
  return FollowRun(app, workspace, run, &last);
}

Result<int> FollowRun(App& app, const std::string& workspace, const std::string& run, v1::Run* last) {
  PW_ASSIGN(client::Control * control, app.control());
  v1::GetRunRequest request;
  request.set_workspace(workspace);
  request.set_id(run);
  RunProgress progress(app.terminal(), app.format() != OutputFormat::kTable);
  Result<v1::Run> end = control->WatchRun(
      request,
      [&](const v1::Run& state) {
        progress.Update(state);
        return client::Next::kContinue;
      },
      app.call());
  if (!end.ok() && app.cancellation().cancelled()) {
    app.terminal().err() << "\nInterrupted; the run goes on in the control plane.\n"
                         << "Look at it: podwright run get " << run << "\nStop it:    podwright run cancel " << run
                         << "\n";
    return kInterrupted;
  }
  PW_TRY(end);
  progress.Finish(*end);
  *last = *std::move(end);
  return last->state() == v1::RUN_STATE_SUCCEEDED ? kDone : kFailed;
}

}  // namespace podwright::cli
