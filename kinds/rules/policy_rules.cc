#include "kinds/rules/policy_rules.h"

#include <set>
#include <string>

#include "kinds/diagnostic.h"
#include "podwright/v1/kinds/policy.pb.h"

namespace podwright::kinds {
namespace {

void CheckApprovals(const v1::kinds::PolicyApprovals& approvals, Diagnostics* out) {
  const Path at = Path().Attribute("approvals");
  const std::set<std::string> different(approvals.approvers().begin(), approvals.approvers().end());
  if (different.size() != static_cast<std::size_t>(approvals.approvers_size())) {
    out->AddError("somebody is named twice", at.Attribute("approvers"));
  }
  if (!different.empty() && approvals.needed() > static_cast<std::int64_t>(different.size())) {
    out->AddError(std::to_string(approvals.needed()) + " have to approve, and " + std::to_string(different.size()) +
                      " may: nothing could ever be approved",
                  at.Attribute("needed"));
  }
}

// "02:00-02:00": nobody can tell whether nothing or a whole day is meant.
void CheckHours(const v1::kinds::PolicyWindow& window, const Path& at, Diagnostics* out) {
  for (const std::string& open : window.open()) {
    const std::size_t dash = open.rfind('-');
    if (dash == std::string::npos || dash < 5 || dash + 6 != open.size()) continue;
    if (open.substr(dash - 5, 5) == open.substr(dash + 1)) {
      out->AddError("\"" + open + "\" ends when it begins", at.Attribute("open"), "a whole day is 00:00-24:00");
    }
  }
}

}  // namespace

void CheckPolicyRules(const google::protobuf::Message& message, Diagnostics* out) {
  const auto& spec = static_cast<const v1::kinds::PolicySpec&>(message);
  if (spec.has_approvals()) CheckApprovals(spec.approvals(), out);
  for (const auto& [name, window] : spec.windows()) CheckHours(window, Path().Attribute("windows").Key(name), out);
}

}  // namespace podwright::kinds
