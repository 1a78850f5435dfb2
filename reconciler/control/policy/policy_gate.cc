#include "reconciler/control/policy/policy_gate.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/digest.h"
#include "kinds/canonical.h"
#include "kinds/registry.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/control/policy/approvals.h"
#include "reconciler/control/policy/waves.h"
#include "reconciler/planner/inputs.h"

namespace podwright::control {
namespace {

constexpr std::size_t kWaitsNamed = 100;

using ActionKey = std::tuple<std::string, std::string, std::string, std::string, std::string>;

ActionKey KeyOf(const v1::LimitedAction& action) {
  return {action.object().kind(), action.object().name(), action.server(), action.verb(), action.subject()};
}

const char* WordOf(v1::Disruption disruption) {
  switch (disruption) {
    case v1::DISRUPTION_RELOAD: return "reload";
    case v1::DISRUPTION_RESTART: return "restart";
    case v1::DISRUPTION_FAILOVER: return "failover";
    case v1::DISRUPTION_REPLACE: return "replace";
    case v1::DISRUPTION_DATA_LOSS: return "data loss";
    default: return "none";
  }
}

std::size_t ServersOf(const Core& core, const std::string& workspace) {
  std::size_t count = 0;
  const auto& objects = core.tables.objects;
  for (auto at = objects.lower_bound({workspace, "server", ""}); at != objects.end(); ++at) {
    if (at->first.workspace != workspace || at->first.kind != "server") break;
    if (at->second.object.lifecycle() == v1::LIFECYCLE_LIVE) ++count;
  }
  return count;
}

bool HasMachine(const Core& core, const v1::StoredObject& object) {
  if (object.kind() != "server") return false;
  const auto input = planner::MakeObjectInput(core.deps.kinds, object);
  // One that this program cannot read may have one.
  return !input.ok() || !static_cast<const v1::kinds::ServerSpec&>(*input->spec).cloud().empty();
}

PlannedWork WorkOf(const Core& core, const v1::ApplyRequest& request, const Candidate& candidate, const v1::Plan& plan,
                   const std::set<ObjectId>& for_run, const Policy& policy) {
  PlannedWork work;
  work.workspace = request.workspace();
  work.owner = request.owner();
  work.was_ready = [&core](const ObjectId& id) { return core.tables.StateOf(id).was_ready(); };
  for (const v1::Slice& slice : plan.slices()) {
    const ObjectId id = IdOf(request.workspace(), slice.object());
    const auto tombstone = candidate.tombstones.find(id);
    // Also of what is kept for a while: nobody is asked again when it goes after all.
    const bool later = tombstone != candidate.tombstones.end() &&
                       (tombstone->second.hold_until_unix_ms() == 0 || core.tables.StateOf(id).was_ready());
    if (!for_run.contains(id) && !later) continue;
    auto& actions = for_run.contains(id) ? work.actions : work.later;
    for (const v1::Action& action : slice.actions()) actions.push_back(&action);
  }
  for (const v1::ObjectRef& ref : request.deletes()) work.by_name.insert(IdOf(request.workspace(), ref));
  for (const auto& [id, tombstone] : candidate.tombstones) {
    work.gone.insert(id);
    if (HasMachine(core, tombstone)) work.machines.insert(id);
    if (core.tables.StateOf(id).was_ready()) work.deleted.insert(id);
  }
  if (request.scope() == v1::APPLY_SCOPE_WHOLE_OWNER) work.left_of_owner = candidate.Put().size();
  if (policy.guarded) {
    const ObjectId id{request.workspace(), kPolicyKind, kPolicyName};
    const auto put = candidate.puts.find(id);
    work.changes_policy =
        candidate.tombstones.contains(id) || (put != candidate.puts.end() && put->second.kind != PutKind::kUnchanged);
  }
  work.servers = ServersOf(core, request.workspace());
  return work;
}

// The plan's digest, and where something that counts is not in the plan, of that as well.
std::string DigestOf(const Candidate& candidate, const v1::ApplyRequest& request, const v1::Plan& plan,
                     const PlannedWork& work) {
  std::set<ObjectId> shown;
  for (const v1::Slice& slice : plan.slices()) {
    if (slice.actions_size() > 0) shown.insert(IdOf(request.workspace(), slice.object()));
  }
  std::string more;
  for (const ObjectId& id : work.gone) {
    if (!shown.contains(id)) more += "\ngone " + id.Text();
  }
  if (work.changes_policy) {
    const auto put = candidate.puts.find({request.workspace(), kPolicyKind, kPolicyName});
    if (put != candidate.puts.end()) {
      v1::DesiredObject wanted;
      wanted.set_kind(kPolicyKind);
      wanted.set_name(kPolicyName);
      wanted.set_spec(put->second.object.spec());
      more += "\npolicy " + Sha256(kinds::CanonicalBytes(wanted)).Hex();
    }
  }
  if (more.empty()) return plan.digest();
  return std::string(Sha256("podwright approval 1\n" + HexEncode(plan.digest()) + more).View());
}

Status CheckNewPolicy(const Core& core, const Candidate& candidate, const std::string& workspace) {
  const auto put = candidate.puts.find({workspace, kPolicyKind, kPolicyName});
  if (put == candidate.puts.end() || put->second.kind == PutKind::kUnchanged) return Ok();
  PW_ASSIGN(const auto input, planner::MakeObjectInput(core.deps.kinds, put->second.object));
  const Status fine = CheckPolicy(static_cast<const v1::kinds::PolicySpec&>(*input.spec));
  if (fine.ok()) return fine;
  return InvalidArgument("policy/" + std::string(kPolicyName) + ": " + fine.error().message());
}

// The approved plan, of which this one is a part.
bool Contains(const v1::PendingApproval& approved, const std::vector<v1::LimitedAction>& limited) {
  if (approved.limited_cut() || limited.empty()) return false;
  std::multiset<ActionKey> left;
  for (const v1::LimitedAction& action : approved.limited()) {
    if (!action.used()) left.insert(KeyOf(action));
  }
  return std::all_of(limited.begin(), limited.end(), [&](const v1::LimitedAction& action) {
    const auto it = left.find(KeyOf(action));
    if (it == left.end()) return false;
    left.erase(it);
    return true;
  });
}

// Two limits may count one action.
void DropDoubles(std::vector<v1::LimitedAction>* limited) {
  std::set<ActionKey> seen;
  std::erase_if(*limited, [&](const v1::LimitedAction& action) { return !seen.insert(KeyOf(action)).second; });
}

Status LookForApproval(Core& core, const Caller& caller, const Policy& policy, const v1::ApplyRequest& request,
                       PolicyJudgement* out) {
  v1::PolicyVerdict& verdict = out->verdict;
  const std::int64_t now = core.NowMillis();
  // A dry run is nobody's apply.
  const std::string applying = request.dry_run() ? "" : caller.actor;
  PW_ASSIGN(auto all, AllApprovals(core, request.workspace()));
  for (v1::PendingApproval& pending : all) {
    if (pending.owner() != request.owner()) continue;
    const bool exact = pending.digest() == verdict.digest();
    std::vector<v1::Approval> counting = CountingApprovals(policy, pending, applying, now);
    if (exact) {
      for (const v1::Approval& approval : counting) *verdict.add_given() = approval;
    }
    if (counting.size() < policy.needed) continue;
    if (!exact && !Contains(pending, out->limited)) continue;
    verdict.set_approved(true);
    if (!out->spends || exact) out->spends = pending;
  }
  if (out->spends && verdict.given().empty()) {
    for (const v1::Approval& approval : CountingApprovals(policy, *out->spends, applying, now)) {
      *verdict.add_given() = approval;
    }
  }
  return Ok();
}

void AddWindowsAndWaves(Core& core, const Policy& policy, const v1::ApplyRequest& request, const Candidate& candidate,
                        const PlannedWork& work, v1::PolicyVerdict* verdict) {
  std::map<ObjectId, v1::Disruption> worst;
  for (const v1::Action* action : work.actions) {
    v1::Disruption& of = worst[IdOf(request.workspace(), action->object())];
    of = std::max(of, action->disruption());
  }
  std::set<ObjectId> objects;
  for (const auto& [object, disruption] : worst) {
    objects.insert(object);
    v1::WindowWait wait;
    if (static_cast<std::size_t>(verdict->windows_size()) < kWaitsNamed &&
        HeldByWindow(policy, object, LabelsAfter(core, candidate, object), disruption, core.NowMillis(), &wait)) {
      *verdict->add_windows() = std::move(wait);
    }
  }
  const auto waves = AssignWaves(policy, request.workspace(), objects, work.actions,
                                 [&](const ObjectId& id) { return LabelsAfter(core, candidate, id); });
  for (v1::Wave& wave : DescribeWaves(policy, waves)) *verdict->add_waves() = std::move(wave);
}

std::string Counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

Labels LabelsAfter(const Core& core, const Candidate& candidate, const ObjectId& id) {
  const auto put = candidate.puts.find(id);
  if (put != candidate.puts.end()) return put->second.object.labels();
  const ObjectRow* row = core.tables.Find(id);
  return row == nullptr ? Labels() : row->object.labels();
}

Result<PolicyJudgement> JudgePlan(Core& core, const Caller& caller, const v1::ApplyRequest& request,
                                  const Candidate& candidate, const v1::Plan& plan, const std::set<ObjectId>& for_run) {
  PW_TRY(CheckNewPolicy(core, candidate, request.workspace()));
  const Policy policy = PolicyOf(core, request.workspace());
  const PlannedWork work = WorkOf(core, request, candidate, plan, for_run, policy);
  PolicyJudgement out;
  out.verdict.set_digest(plan.digest());
  out.verdict.set_needed(policy.needed);
  for (const std::string& approver : policy.approvers) out.verdict.add_approvers(approver);
  out.verdict.set_not_by_author(policy.not_by_author);
  AddWindowsAndWaves(core, policy, request, candidate, work, &out.verdict);
  const Tallies tallies = Count(work);
  const bool emptied = work.left_of_owner == 0 && !work.gone.empty();
  if (tallies.empty() && !work.changes_policy && !emptied) return out;
  PW_ASSIGN(const auto uses, UsesSince(core, request.workspace(), core.NowMillis() - policy.limits.within_ms));
  for (v1::PassedLimit& limit : PassedLimits(policy, work, tallies, Sum(uses), &out.limited)) {
    *out.verdict.add_limits() = std::move(limit);
  }
  out.use = UseOf(tallies);
  if (out.verdict.limits().empty()) return out;
  DropDoubles(&out.limited);
  out.verdict.set_approval_needed(true);
  out.verdict.set_digest(DigestOf(candidate, request, plan, work));
  PW_TRY(LookForApproval(core, caller, policy, request, &out));
  return out;
}

Status KeepForApproval(Core& core, const Caller& caller, const v1::ApplyRequest& request, const v1::Plan& plan,
                       const PolicyJudgement& judgement) {
  v1::PendingApproval pending;
  pending.set_workspace(request.workspace());
  pending.set_digest(judgement.verdict.digest());
  pending.set_plan_digest(plan.digest());
  pending.set_owner(request.owner());
  pending.set_author(caller.actor);
  pending.set_created_unix_ms(core.NowMillis());
  if (!request.dry_run()) pending.set_refused_unix_ms(core.NowMillis());
  std::size_t actions = 0;
  std::size_t deletions = 0;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) {
      ++actions;
      if (action.deletes()) ++deletions;
      pending.set_worst(std::max(pending.worst(), action.disruption()));
      pending.set_downtime_ms(pending.downtime_ms() + action.downtime_ms());
    }
  }
  pending.set_actions(static_cast<std::uint32_t>(actions));
  pending.set_headline(Counted(actions, "action") +
                       (deletions == 0 ? "" : ", " + std::to_string(deletions) + " that take something away") +
                       ", worst disruption: " + WordOf(pending.worst()));
  *pending.mutable_limits() = judgement.verdict.limits();
  for (const v1::LimitedAction& action : judgement.limited) {
    if (static_cast<std::size_t>(pending.limited_size()) == kLimitedKept) {
      pending.clear_limited();
      pending.set_limited_cut(true);
      break;
    }
    *pending.add_limited() = action;
  }
  return RememberPending(core, std::move(pending));
}

Error Refusal(const v1::PolicyVerdict& verdict) {
  const std::string digest = HexEncode(verdict.digest());
  std::string text = "policy holds this plan back, and nothing was applied:";
  for (const v1::PassedLimit& limit : verdict.limits()) text += "\n- " + limit.text();
  text += "\nits digest is " + digest + "; ";
  if (verdict.needed() > 1) {
    text += std::to_string(verdict.needed()) + " people have to approve it";
    if (!verdict.given().empty()) text += " (" + std::to_string(verdict.given_size()) + " did)";
  } else {
    text += "it goes through once it is approved";
  }
  if (!verdict.approvers().empty()) {
    text += ", of";
    for (int i = 0; i < verdict.approvers_size(); ++i) text += (i == 0 ? " " : ", ") + verdict.approvers(i);
  }
  text += verdict.not_by_author() ? ", not its author" : "";
  return FailedPrecondition(text + ": `podwright approve " + digest + "`, then apply again");
}

Status AddSpending(Core& core, Change& change, const Caller& caller, const v1::ApplyRequest& request,
                   const PolicyJudgement& judgement) {
  if (!judgement.spends) {
    const v1::PolicyUse& use = judgement.use;
    const bool nothing =
        use.deletes() + use.data_losses() + use.restarts() + use.failovers() == 0 && use.servers_size() == 0;
    if (nothing) return Ok();
    v1::PolicyUse noted = use;
    noted.set_actor(caller.actor);
    noted.set_owner(request.owner());
    return AddUse(core, change, request.workspace(), std::move(noted));
  }
  v1::PendingApproval spent = *judgement.spends;
  bool all = spent.digest() == judgement.verdict.digest();
  if (!all) {
    std::set<ActionKey> used;
    for (const v1::LimitedAction& action : judgement.limited) used.insert(KeyOf(action));
    all = true;
    for (v1::LimitedAction& action : *spent.mutable_limited()) {
      if (used.contains(KeyOf(action))) action.set_used(true);
      all = all && action.used();
    }
  }
  if (all) {
    RemovePending(change, spent);
  } else {
    PutPending(change, spent);
  }
  std::string by;
  for (const v1::Approval& approval : judgement.verdict.given()) by += (by.empty() ? "" : ", ") + approval.actor();
  v1::Event event = MakeEvent(request.workspace(), "approval.used",
                              "a plan of " + request.owner() + " that was approved by " + by + " is applied");
  (*event.mutable_fields())["digest"] = HexEncode(spent.digest());
  (*event.mutable_fields())["owner"] = request.owner();
  event.set_actor(caller.actor);
  change.Tell(std::move(event));
  return Ok();
}

}  // namespace podwright::control
