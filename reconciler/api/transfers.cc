// Transfer.
#include <utility>
#include <vector>

#include "reconciler/api/control_service.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/control/owner.h"
#include "reconciler/sources/sources.h"

namespace podwright::api {

using control::Caller;
using control::Operation;

// A source is asked first: it must declare what it gets, and looks at its branch again afterwards, for it may have
// waited for just that.
grpc::Status ControlService::Transfer(Context* context, const v1::TransferRequest* request,
                                      v1::TransferResponse* response) {
  return Handle(*context, "Transfer", response, [&](const Caller& caller) -> Result<v1::TransferResponse> {
    const std::string source = control::SourceOf(request->to());
    if (source.empty()) return d_.control.Transfer(caller, *request);
    v1::TransferRequest asked = *request;
    asked.set_workspace(WorkspaceOf(request->workspace()));
    asked.set_dry_run(true);
    PW_ASSIGN(v1::TransferResponse checked, d_.control.Transfer(caller, asked));
    PW_ASSIGN(sources::Sources * sources, SourcesFor(caller, Operation::kApply, asked.workspace(), source));
    asked.clear_objects();
    std::vector<v1::ObjectRef> objects;
    for (const v1::TransferredObject& one : checked.transferred()) {
      objects.push_back(one.object());
      *asked.add_objects() = one.object();
    }
    if (objects.empty()) return checked;
    PW_ASSIGN(const std::vector<std::string> warnings, sources->CheckTaking(asked.workspace(), source, objects));
    if (!request->dry_run()) {
      asked.set_dry_run(false);
      PW_ASSIGN(checked, d_.control.Transfer(caller, asked));
      PW_TRY(sources->Sync(asked.workspace(), source));
    }
    for (const std::string& warning : warnings) checked.add_warnings(warning);
    return checked;
  });
}

}  // namespace podwright::api
