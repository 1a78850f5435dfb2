// ListMachines, MachineShell, GetInfo.
#include "core/version.h"
#include "kinds/registry.h"
#include "reconciler/api/control_service.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {

using control::Caller;
using control::Operation;

grpc::Status ControlService::ListMachines(Context* context, const v1::ListMachinesRequest*,
                                          v1::ListMachinesResponse* response) {
  return Handle(*context, "ListMachines", response,
                [&](const Caller& caller) { return d_.control.ListMachines(caller); });
}

grpc::Status ControlService::MachineShell(Context* context, const v1::MachineShellRequest* request,
                                          v1::MachineShellResponse* response) {
  return Handle(*context, "MachineShell", response, [&](const Caller& caller) -> Result<v1::MachineShellResponse> {
    const std::string workspace = WorkspaceOf(request->workspace());
    const std::string object = "server/" + request->server();
    PW_TRY(d_.control.Authorize(caller, Operation::kMachineShell, workspace, object));
    PW_ASSIGN(const std::vector<std::string> argv, d_.shells(workspace, request->server(), request->terminal()));
    PW_TRY(Audited(caller, "machine.shell", workspace, object, ""));
    v1::MachineShellResponse answer;
    answer.mutable_argv()->Add(argv.begin(), argv.end());
    return answer;
  });
}

grpc::Status ControlService::GetInfo(Context* context, const v1::GetInfoRequest*, v1::Info* response) {
  return Handle(*context, "GetInfo", response, [&](const Caller& caller) -> Result<v1::Info> {
    PW_ASSIGN(const std::string fingerprint, d_.authority.Fingerprint());
    v1::Info info;
    info.set_version(kVersion);
    info.set_installation(d_.installation);
    info.set_epoch(d_.control.epoch());
    for (const kinds::Kind* kind : d_.kinds.All())
      (*info.mutable_schema_revisions())[kind->name()] = kind->schema_revision();
    info.set_ca_fingerprint(fingerprint);
    info.set_agents_address(d_.agents_address);
    info.set_role(std::string(control::RoleName(caller.role)));
    info.set_workspace(caller.workspace);
    return info;
  });
}

}  // namespace podwright::api
