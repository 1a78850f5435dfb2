// Who asks, what they may do, and the one table that says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace podwright::control {

enum class Role { kViewer, kPlanner, kOperator, kAdmin };
std::optional<Role> ParseRole(std::string_view text);  // "viewer", "planner", "operator", "admin"
std::string_view RoleName(Role role);

struct Caller {
  std::string actor;  // for the audit log: "token:ci", "git:plans"
  Role role = Role::kViewer;
  std::string workspace = "*";  // the only one that the caller may touch; "*": all
  std::string program{};        // for the audit log: "terraform-provider-podwright/0.1.0 core/1.11.4", as it says
};

// What the audit log says of a call: `detail`, and the program that asked for it.
std::string AuditDetail(const Caller& caller, const std::string& detail);

// Everything that a caller can ask for. authorize.cc holds the role that each needs.
enum class Operation {
  kRead,  // objects, runs, events, machines
  kPlan,  // dry runs
  kApply,
  kPause,
  kRunControl,  // cancel, retry
  kSecrets,     // set, rotate
  kReveal,      // read a secret's value
  kTokens,
  kAgents,  // enrolment tokens, revocation
  kAudit,
  kMachineShell,
  kApprove,  // plans that policy holds back
};
std::string_view OperationName(Operation operation);
Role NeededRole(Operation operation);
bool Allows(const Caller& caller, Operation operation, std::string_view workspace);

}  // namespace podwright::control
