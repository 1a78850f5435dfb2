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

std::string AuditDetail(const Caller& caller, const std::string& detail) {
  if (caller.program.empty()) return detail;
  return detail + (detail.empty() ? "" : "; ") + "asked by " + caller.program;
}

namespace {

struct Rule {
  std::string_view name;
  Operation operation;
  Role needed;
};

// The one table of what needs which role. A role may do all that the lower ones may.
constexpr Rule kRules[] = {
    {"read", Operation::kRead, Role::kViewer},
    {"plan", Operation::kPlan, Role::kPlanner},
    {"apply", Operation::kApply, Role::kOperator},
    {"pause", Operation::kPause, Role::kOperator},
    {"run-control", Operation::kRunControl, Role::kOperator},
    {"secrets", Operation::kSecrets, Role::kOperator},
    {"secret-reveal", Operation::kReveal, Role::kOperator},
    {"tokens", Operation::kTokens, Role::kAdmin},
    {"agents", Operation::kAgents, Role::kAdmin},
    {"audit", Operation::kAudit, Role::kAdmin},
    {"machine-shell", Operation::kMachineShell, Role::kAdmin},
    {"approve", Operation::kApprove, Role::kOperator},
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
