// The gate in the one door: between a plan and its commit it says what policy has to say, holds back what passes a
// limit, and lets it through where it was approved.
//
// A plan is approved by its digest. A smaller one passes, too, when all that passes limits in it is part of one plan of
// the same owner that was approved: Terraform applies object by object what was approved as a whole. Each action of an
// approved plan goes through once.
//
// Threading: under the control plane's lock; values between the two calls of one Apply.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/approval.pb.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/caller.h"
#include "reconciler/control/candidate.h"
#include "reconciler/control/change.h"
#include "reconciler/control/core.h"
#include "reconciler/control/policy/limits.h"

namespace podwright::control {

// What the gate says of one plan.
struct PolicyJudgement {
  v1::PolicyVerdict verdict;
  v1::PolicyUse use;                          // what the apply takes of the limits
  std::vector<v1::LimitedAction> limited;     // what passes them
  std::optional<v1::PendingApproval> spends;  // the approval that lets it through
  bool goes() const { return !verdict.approval_needed() || verdict.approved(); }
};

// `for_run`: the objects that the request's run would work on. kInvalidArgument: it brings a policy that the control
// plane cannot understand.
Result<PolicyJudgement> JudgePlan(Core& core, const Caller& caller, const v1::ApplyRequest& request,
                                  const Candidate& candidate, const v1::Plan& plan, const std::set<ObjectId>& for_run);

// A plan that needs approval is kept, so that it can be approved by its digest. Commits.
Status KeepForApproval(Core& core, const Caller& caller, const v1::ApplyRequest& request, const v1::Plan& plan,
                       const PolicyJudgement& judgement);

// kFailedPrecondition with each limit, the digest and what to do.
Error Refusal(const v1::PolicyVerdict& verdict);

// What the apply of it writes: the approval is used up, or what it takes of the limits is noted.
Status AddSpending(Core& core, Change& change, const Caller& caller, const v1::ApplyRequest& request,
                   const PolicyJudgement& judgement);

// The labels of an object as the candidate leaves it.
Labels LabelsAfter(const Core& core, const Candidate& candidate, const ObjectId& id);

}  // namespace podwright::control
