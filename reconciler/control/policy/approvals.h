// Plans that wait for approval, what people said of them, and what was applied lately: all in the store, none in
// memory.
//
// approval/<ws>/<digest> holds a PendingApproval, policy-use/<ws>/<time>/<id> a PolicyUse.
//
// Threading: under the control plane's lock. Errors: the store's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/approval.pb.h"
#include "reconciler/control/caller.h"
#include "reconciler/control/change.h"
#include "reconciler/control/core.h"
#include "reconciler/control/policy/policy.h"

namespace podwright::control {

// What is kept in a workspace; beyond it the oldest go, those that were only previewed first.
inline constexpr std::size_t kApprovalsKept = 200;
// Of one plan.
inline constexpr std::size_t kLimitedKept = 2'000;
inline constexpr std::size_t kMaxReasonBytes = 1'000;

// The approvals that count now: of different people who may, not expired. `applying`: who applies it, "" for nobody.
std::vector<v1::Approval> CountingApprovals(const Policy& policy, const v1::PendingApproval& pending,
                                            const std::string& applying, std::int64_t now);

Result<std::optional<v1::PendingApproval>> FindApproval(Core& core, const std::string& workspace,
                                                        const std::string& digest);
Result<std::vector<v1::PendingApproval>> AllApprovals(Core& core, const std::string& workspace);

// Writes the plan down, or keeps what was said of it before. Commits.
Status RememberPending(Core& core, v1::PendingApproval pending);
void PutPending(Change& change, const v1::PendingApproval& pending);
void RemovePending(Change& change, const v1::PendingApproval& pending);

// What was applied in the workspace since `since`.
Result<std::vector<v1::PolicyUse>> UsesSince(Core& core, const std::string& workspace, std::int64_t since);
// Old ones go with it.
Status AddUse(Core& core, Change& change, const std::string& workspace, v1::PolicyUse use);

// ---- what people do; the caller has the role ----
Result<v1::PendingApproval> Approve(Core& core, const Caller& caller, const v1::ApproveRequest& request);
Result<v1::PendingApproval> RevokeApproval(Core& core, const Caller& caller, const v1::RevokeApprovalRequest& request);
Result<v1::ListApprovalsResponse> ListApprovals(Core& core, const v1::ListApprovalsRequest& request);

}  // namespace podwright::control
