#include "reconciler/control/policy/approvals.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/digest.h"
#include "reconciler/store/helpers.h"

namespace podwright::control {
namespace {

constexpr std::string_view kApprovals = "approval/";
constexpr std::string_view kUses = "policy-use/";
// The longest that a policy may look back.
constexpr std::int64_t kUsesKept = std::int64_t{24} * 3600 * 1000;
constexpr std::uint64_t kUsesCutAtOnce = 20;
constexpr std::int64_t kPendingKept = std::int64_t{30} * 24 * 3600 * 1000;
constexpr std::size_t kDigestBytes = 32;

std::string Prefix(const std::string& workspace) {
  return std::string(kApprovals) + workspace + "/";
}

std::string Key(const std::string& workspace, const std::string& digest) {
  return Prefix(workspace) + HexEncode(digest);
}

std::string UsePrefix(const std::string& workspace) {
  return std::string(kUses) + workspace + "/";
}

std::string UseKey(const std::string& workspace, std::int64_t unix_ms) {
  std::string time = std::to_string(std::max<std::int64_t>(0, unix_ms));
  if (time.size() < 15) time.insert(0, 15 - time.size(), '0');
  return UsePrefix(workspace) + time;
}

Result<v1::PendingApproval> Parse(const store::KeyValue& kv) {
  v1::PendingApproval out;
  if (!out.ParseFromString(kv.value)) return DataLoss("the record " + kv.key + " is damaged");
  return out;
}

std::int64_t Touched(const v1::PendingApproval& pending) {
  std::int64_t out = std::max(pending.created_unix_ms(), pending.refused_unix_ms());
  for (const v1::Approval& approval : pending.approvals()) out = std::max(out, approval.unix_ms());
  return out;
}

// What goes when one more comes: the old, and the least wanted where there are too many.
void CutPending(Core& core, Change& change, std::vector<v1::PendingApproval> all, const std::string& keep) {
  std::erase_if(all, [&](const v1::PendingApproval& pending) { return pending.digest() == keep; });
  std::sort(all.begin(), all.end(), [](const v1::PendingApproval& a, const v1::PendingApproval& b) {
    const auto rank = [](const v1::PendingApproval& p) {
      return std::tuple(p.approvals_size() > 0, p.refused_unix_ms() > 0, Touched(p));
    };
    return rank(a) < rank(b);
  });
  std::size_t surplus = all.size() >= kApprovalsKept ? all.size() - kApprovalsKept + 1 : 0;
  for (const v1::PendingApproval& pending : all) {
    const bool old = Touched(pending) + kPendingKept < core.NowMillis();
    if (surplus == 0 && !old) continue;
    RemovePending(change, pending);
    if (surplus > 0) --surplus;
  }
}

v1::Event ApprovalEvent(const v1::PendingApproval& pending, std::string type, std::string message,
                        const std::string& actor) {
  v1::Event event = MakeEvent(pending.workspace(), std::move(type), std::move(message));
  (*event.mutable_fields())["digest"] = HexEncode(pending.digest());
  (*event.mutable_fields())["owner"] = pending.owner();
  event.set_actor(actor);
  return event;
}

// With what only views say.
v1::PendingApproval View(const Policy& policy, v1::PendingApproval pending, std::int64_t now) {
  const auto counting = CountingApprovals(policy, pending, "", now);
  pending.set_needed(policy.needed);
  pending.set_approved(counting.size() >= policy.needed);
  return pending;
}

Status MayApprove(const Policy& policy, const v1::PendingApproval& pending, const Caller& caller) {
  if (!policy.approvers.empty() && !policy.approvers.contains(caller.actor)) {
    return PermissionDenied(caller.actor + " is none of the approvers that the policy names");
  }
  if (policy.not_by_author && pending.author() == caller.actor) {
    return PermissionDenied(caller.actor + " asked for this plan: the policy wants somebody else to approve it");
  }
  return Ok();
}

Error Unknown(const std::string& workspace, const std::string& digest) {
  return NotFound("no plan with the digest " + HexEncode(digest) + " waits for approval in the workspace " + workspace +
                  ": `podwright approvals` lists them; plan again to see the present digest");
}

}  // namespace

std::vector<v1::Approval> CountingApprovals(const Policy& policy, const v1::PendingApproval& pending,
                                            const std::string& applying, std::int64_t now) {
  std::vector<v1::Approval> out;
  std::set<std::string> seen;
  for (const v1::Approval& approval : pending.approvals()) {
    if (approval.expires_unix_ms() <= now) continue;
    if (!policy.approvers.empty() && !policy.approvers.contains(approval.actor())) continue;
    if (policy.not_by_author && (approval.actor() == pending.author() || approval.actor() == applying)) continue;
    if (seen.insert(approval.actor()).second) out.push_back(approval);
  }
  return out;
}

Result<std::optional<v1::PendingApproval>> FindApproval(Core& core, const std::string& workspace,
                                                        const std::string& digest) {
  PW_ASSIGN(const auto kv, store::Get(core.deps.store, Key(workspace, digest)));
  if (!kv) return std::optional<v1::PendingApproval>();
  PW_ASSIGN(auto pending, Parse(*kv));
  return std::optional<v1::PendingApproval>(std::move(pending));
}

Result<std::vector<v1::PendingApproval>> AllApprovals(Core& core, const std::string& workspace) {
  std::vector<v1::PendingApproval> out;
  PW_TRY(store::ForEach(core.deps.store, store::Prefix(Prefix(workspace)), [&](store::KeyValue& kv) -> Status {
    PW_ASSIGN(auto pending, Parse(kv));
    out.push_back(std::move(pending));
    return Ok();
  }));
  return out;
}

Status RememberPending(Core& core, v1::PendingApproval pending) {
  PW_ASSIGN(auto all, AllApprovals(core, pending.workspace()));
  const auto before = std::find_if(
      all.begin(), all.end(), [&](const v1::PendingApproval& other) { return other.digest() == pending.digest(); });
  const bool refused = pending.refused_unix_ms() > 0;
  const bool told = before != all.end() && before->refused_unix_ms() > 0;
  if (before != all.end()) {
    // A preview that is looked at again and again writes nothing.
    const bool same_owner = before->owner() == pending.owner();
    if (!refused && same_owner) return Ok();
    // A digest knows no owners: what was said of one owner's plan is not said of another's.
    if (same_owner) {
      pending.set_author(before->author());
      pending.set_created_unix_ms(before->created_unix_ms());
      pending.set_refused_unix_ms(std::max(pending.refused_unix_ms(), before->refused_unix_ms()));
      *pending.mutable_approvals() = before->approvals();
    }
  }
  Change change(core);
  CutPending(core, change, std::move(all), pending.digest());
  PutPending(change, pending);
  if (refused && !told) {
    change.Tell(ApprovalEvent(pending, "approval.needed",
                              "a plan of " + pending.owner() + " needs approval: " + pending.headline() +
                                  "; `podwright approve " + HexEncode(pending.digest()) + "`",
                              pending.author()));
  }
  PW_TRY(change.Commit());
  return Ok();
}

void PutPending(Change& change, const v1::PendingApproval& pending) {
  change.Put(Key(pending.workspace(), pending.digest()), pending.SerializeAsString());
}

void RemovePending(Change& change, const v1::PendingApproval& pending) {
  change.Remove(Key(pending.workspace(), pending.digest()));
}

Result<std::vector<v1::PolicyUse>> UsesSince(Core& core, const std::string& workspace, std::int64_t since) {
  std::vector<v1::PolicyUse> out;
  const store::KeyRange range{UseKey(workspace, since), store::Prefix(UsePrefix(workspace)).to};
  PW_TRY(store::ForEach(core.deps.store, range, [&](store::KeyValue& kv) -> Status {
    v1::PolicyUse use;
    if (!use.ParseFromString(kv.value)) return DataLoss("the record " + kv.key + " is damaged");
    out.push_back(std::move(use));
    return Ok();
  }));
  return out;
}

Status AddUse(Core& core, Change& change, const std::string& workspace, v1::PolicyUse use) {
  const std::int64_t now = core.NowMillis();
  const store::KeyRange old{UsePrefix(workspace), UseKey(workspace, now - kUsesKept)};
  PW_ASSIGN(const auto found, core.deps.store.Range({old, 0, kUsesCutAtOnce, true}));
  for (const store::KeyValue& kv : found.kvs) change.Remove(kv.key);
  use.set_unix_ms(now);
  change.Put(UseKey(workspace, now) + "/" + core.deps.random.Id(8), use.SerializeAsString());
  return Ok();
}

Result<v1::PendingApproval> Approve(Core& core, const Caller& caller, const v1::ApproveRequest& request) {
  if (request.digest().size() != kDigestBytes) {
    return InvalidArgument("a digest has 64 hexadecimal digits: approvals take the whole of it");
  }
  if (request.reason().size() > kMaxReasonBytes) return InvalidArgument("the reason is longer than 1000 bytes");
  PW_ASSIGN(auto found, FindApproval(core, request.workspace(), request.digest()));
  if (!found) return Unknown(request.workspace(), request.digest());
  const Policy policy = PolicyOf(core, request.workspace());
  PW_TRY(MayApprove(policy, *found, caller));
  const std::int64_t now = core.NowMillis();
  v1::Approval approval;
  approval.set_actor(caller.actor);
  approval.set_reason(request.reason());
  approval.set_unix_ms(now);
  approval.set_expires_unix_ms(now + policy.expires_ms);
  // Once more is longer, not more.
  auto& approvals = *found->mutable_approvals();
  approvals.erase(std::remove_if(approvals.begin(), approvals.end(),
                                 [&](const v1::Approval& other) {
                                   return other.actor() == caller.actor || other.expires_unix_ms() <= now;
                                 }),
                  approvals.end());
  *approvals.Add() = std::move(approval);
  Change change(core);
  PutPending(change, *found);
  change.Tell(ApprovalEvent(*found, "approval.given",
                            caller.actor + " approved a plan of " + found->owner() + ": " + found->headline() +
                                (request.reason().empty() ? "" : ": " + request.reason()),
                            caller.actor));
  PW_TRY(change.Commit());
  return View(policy, std::move(*found), now);
}

Result<v1::PendingApproval> RevokeApproval(Core& core, const Caller& caller, const v1::RevokeApprovalRequest& request) {
  PW_ASSIGN(auto found, FindApproval(core, request.workspace(), request.digest()));
  if (!found) return Unknown(request.workspace(), request.digest());
  auto& approvals = *found->mutable_approvals();
  const auto mine = [&](const v1::Approval& approval) {
    return caller.role == Role::kAdmin || approval.actor() == caller.actor;
  };
  const auto first = std::remove_if(approvals.begin(), approvals.end(), mine);
  if (first == approvals.end()) {
    return FailedPrecondition("there is no approval of " + caller.actor +
                              " to take back; an admin may take back those of others");
  }
  approvals.erase(first, approvals.end());
  Change change(core);
  PutPending(change, *found);
  change.Tell(ApprovalEvent(*found, "approval.revoked",
                            caller.actor + " took the approval of a plan of " + found->owner() + " back" +
                                (request.reason().empty() ? "" : ": " + request.reason().substr(0, kMaxReasonBytes)),
                            caller.actor));
  PW_TRY(change.Commit());
  return View(PolicyOf(core, request.workspace()), std::move(*found), core.NowMillis());
}

Result<v1::ListApprovalsResponse> ListApprovals(Core& core, const v1::ListApprovalsRequest& request) {
  PW_ASSIGN(auto all, AllApprovals(core, request.workspace()));
  if (!request.digest().empty()) {
    std::erase_if(all, [&](const v1::PendingApproval& pending) { return pending.digest() != request.digest(); });
  }
  std::sort(all.begin(), all.end(), [](const v1::PendingApproval& a, const v1::PendingApproval& b) {
    return std::tuple(Touched(a), a.digest()) > std::tuple(Touched(b), b.digest());
  });
  const Policy policy = PolicyOf(core, request.workspace());
  v1::ListApprovalsResponse out;
  for (v1::PendingApproval& pending : all) *out.add_approvals() = View(policy, std::move(pending), core.NowMillis());
  return out;
}

}  // namespace podwright::control
