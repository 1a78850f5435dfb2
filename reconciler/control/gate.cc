#include "reconciler/control/gate.h"

#include "core/log.h"
#include "core/log_keys.h"
#include "reconciler/auth/audit_log.h"

namespace podwright::control {

Status Gate::Check(const Caller& caller, Operation operation, const std::string& workspace,
                   const std::string& subject) {
  if (Allows(caller, operation, workspace)) return Ok();
  const std::string needs = caller.workspace != "*" && caller.workspace != workspace
                                ? "its token is for the workspace " + caller.workspace
                                : "it needs the role " + std::string(RoleName(NeededRole(operation))) + " and has " +
                                      std::string(RoleName(caller.role));
  auth::AuditEvent event;
  event.actor = caller.actor;
  event.verb = OperationName(operation);
  event.workspace = workspace;
  event.object = subject;
  event.outcome = "refused";
  event.detail = AuditDetail(caller, needs);
  const auto written = audit_.Append(std::move(event));
  if (!written.ok()) {
    log::Error("a refusal could not be audited",
               {{log::key::kActor, caller.actor}, {log::key::kError, written.error().ToString()}});
  }
  return PermissionDenied(caller.actor + " may not do this (" + std::string(OperationName(operation)) + "): " + needs);
}

void Gate::Note(const Caller& caller, const std::string& verb, const std::string& workspace, const std::string& subject,
                const Status& outcome, const std::string& detail) {
  auth::AuditEvent event;
  event.actor = caller.actor;
  event.verb = verb;
  event.workspace = workspace;
  event.object = subject;
  event.outcome = outcome.ok() ? "ok" : "failed";
  event.detail = AuditDetail(caller, outcome.ok() ? detail : outcome.error().message());
  const auto written = audit_.Append(std::move(event));
  if (!written.ok()) {
    log::Error(
        "a change could not be audited",
        {{log::key::kActor, caller.actor}, {log::key::kVerb, verb}, {log::key::kError, written.error().ToString()}});
  }
}

}  // namespace podwright::control
