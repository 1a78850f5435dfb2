#include "reconciler/control/caller.h"

namespace podwright::control {

std::optional<Role> ParseRole(std::string_view text) {
  for (const Role role : {Role::kViewer, Role::kPlanner, Role::kOperator, Role::kAdmin}) {
    if (RoleName(role) == text) return role;
  }
  return std::nullopt;
}

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kViewer: return "viewer";
    case Role::kPlanner: return "planner";
    case Role::kOperator: return "operator";
    case Role::kAdmin: return "admin";
  }
  return "unknown";
}

namespace {

struct Rule {
  Operation operation;
  std::string_view name;
  Role needed;
};

// The one table of what needs which role. A role may do all that the lower ones may.
constexpr Rule kRules[] = {
    {Operation::kRead, "read", Role::kViewer},
    {Operation::kPlan, "plan", Role::kPlanner},
    {Operation::kApply, "apply", Role::kOperator},
    {Operation::kPause, "pause", Role::kOperator},
    {Operation::kRunControl, "run-control", Role::kOperator},
    {Operation::kSecrets, "secrets", Role::kOperator},
    {Operation::kTokens, "tokens", Role::kAdmin},
    {Operation::kAgents, "agents", Role::kAdmin},
    {Operation::kAudit, "audit", Role::kAdmin},
    {Operation::kMachineShell, "machine-shell", Role::kAdmin},
};

const Rule& RuleOf(Operation operation) {
  for (const Rule& rule : kRules) {
    if (rule.operation == operation) return rule;
  }
  return kRules[std::size(kRules) - 1];
}

}  // namespace

std::string_view OperationName(Operation operation) {
  return RuleOf(operation).name;
}

Role NeededRole(Operation operation) {
  return RuleOf(operation).needed;
}

bool Allows(const Caller& caller, Operation operation, std::string_view workspace) {
  if (caller.workspace != "*" && caller.workspace != workspace) return false;
  return static_cast<int>(caller.role) >= static_cast<int>(NeededRole(operation));
}

}  // namespace podwright::control
