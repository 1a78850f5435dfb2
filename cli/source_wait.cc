#include "cli/source_wait.h"

#include <thread>

#include "cli/app.h"
#include "core/clock.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

constexpr std::chrono::milliseconds kPause{200};

}  // namespace

Result<v1::SourceView> AwaitLook(App& app, v1::SourceView view, std::chrono::seconds limit) {
  const std::uint64_t wanted = view.syncs_asked();
  v1::SourceRequest request;
  request.set_workspace(view.workspace());
  request.set_name(view.name());
  PW_ASSIGN(client::Control * control, app.control());
  const SteadyTime end = app.clock().Steady() + limit;
  while (view.syncs_done() < wanted) {
    if (app.cancellation().cancelled()) return Cancelled("interrupted; the source goes on");
    if (app.clock().Steady() > end) {
      return DeadlineExceeded("the source is still at it: podwright source describe " + request.name());
    }
    std::this_thread::sleep_for(kPause);
    PW_ASSIGN(view, control->GetSource(request, app.call()));
    // A control plane that was started anew counts anew, and looks by itself.
    if (view.syncs_asked() < wanted) break;
  }
  return view;
}

}  // namespace podwright::cli
