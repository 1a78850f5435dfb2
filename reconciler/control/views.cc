#include "reconciler/control/views.h"

#include <google/protobuf/message.h>

#include "core/digest.h"
#include "reconciler/control/label_selector.h"
#include "reconciler/control/policy/policy.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::control {
namespace {

constexpr std::uint32_t kDefaultPage = 100;
constexpr std::uint32_t kMostPage = 1000;

// Facts that decide a phase, read once.
struct Standing {
  const ObjectRow* row = nullptr;
  v1::ObjectStanding state;
  const RunRow* run = nullptr;
  const v1::Slice* slice = nullptr;  // as it is kept: its digest and whether there is something to do are the plan's
  std::vector<std::string> away;     // servers whose agent is not connected
  std::vector<std::string> drifted;  // "web-1: /etc/motd differs"
  bool paused = false;
  bool stalled = false;
};

Standing Look(Core& core, const ObjectId& id) {
  Standing out;
  out.row = core.tables.Find(id);
  out.state = core.tables.StateOf(id);
  out.run = core.tables.ActiveRunOf(id);
  out.slice = core.facts.KeptSlice(id);
  for (const std::string& server : core.facts.ServersOf(id)) {
    if (!core.Connected({id.workspace, server})) out.away.push_back(server);
    const SeenFacts* seen = core.facts.Seen(id, server);
    if (seen != nullptr && seen->facts.drifted()) out.drifted.push_back(server + ": " + seen->facts.drift());
  }
  out.paused = out.state.paused_until_unix_ms() > core.NowMillis();
  out.stalled = !out.state.stalled_reason().empty() &&
                (out.slice == nullptr || out.slice->digest() == out.state.stalled_digest());
  return out;
}

// The window that the object waits for in its run; null: none.
const v1::WindowWait* WindowOf(const Standing& s) {
  if (s.run == nullptr) return nullptr;
  for (const v1::WindowWait& wait : s.run->header.windows()) {
    if (wait.object().kind() == s.row->object.kind() && wait.object().name() == s.row->object.name()) return &wait;
  }
  return nullptr;
}

bool Converged(const Standing& s) {
  return s.slice != nullptr && s.slice->error().empty() && s.slice->actions_size() == 0;
}

v1::Phase PhaseOf(const Standing& s) {
  if (s.row->object.lifecycle() == v1::LIFECYCLE_TOMBSTONE) return v1::PHASE_DELETING;
  if (s.paused) return v1::PHASE_PAUSED;
  if (s.run != nullptr) {
    return s.run->header.state() == v1::RUN_STATE_QUEUED || WindowOf(s) != nullptr ? v1::PHASE_PENDING
                                                                                   : v1::PHASE_CONVERGING;
  }
  if (s.stalled && !Converged(s)) return v1::PHASE_STALLED;
  const bool ready_before = s.state.ready_generation() == s.row->object.generation();
  if (Converged(s) && s.away.empty() && s.drifted.empty()) return v1::PHASE_READY;
  if (Converged(s) || ready_before) return v1::PHASE_DEGRADED;
  return v1::PHASE_PENDING;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

void AddCondition(v1::ObjectView* view, std::string type, bool ok, std::string reason, std::string message,
                  std::int64_t since) {
  v1::Condition* condition = view->add_conditions();
  condition->set_type(std::move(type));
  condition->set_ok(ok);
  condition->set_reason(std::move(reason));
  condition->set_message(std::move(message));
  condition->set_since_unix_ms(since);
}

void AddConditions(Core& core, const ObjectId& id, const Standing& s, v1::ObjectView* view) {
  // With the errors that come from what it depends on.
  const std::optional<v1::Slice> slice = Converged(s) ? std::nullopt : core.facts.Slice(id);
  if (s.stalled && !Converged(s)) {
    AddCondition(
        view, "Converged", false, s.state.stalled_reason(),
        s.state.stalled_message() + "; change the object, or `podwright run retry " + s.state.stalled_run() + "`",
        s.state.stalled_unix_ms());
  } else if (slice && !slice->error().empty()) {
    AddCondition(view, "Converged", false, "CannotPlan", slice->error(), 0);
  } else if (const v1::WindowWait* window = WindowOf(s)) {
    AddCondition(view, "Converged", false, "WaitsForWindow",
                 WindowText(*window) + "; `podwright run release " + s.run->header.id() + "` lets it go now",
                 s.run->header.created_unix_ms());
  } else if (s.run != nullptr) {
    const auto& waiting = s.run->header.waiting();
    AddCondition(view, "Converged", false, waiting.empty() ? "Running" : "Waiting",
                 "run " + s.run->header.id() + (waiting.empty() ? " is at work" : " waits: " + waiting.Get(0)),
                 s.run->header.created_unix_ms());
  } else if (!Converged(s)) {
    std::string what = slice && slice->actions_size() > 0 ? slice->actions(0).summary() : "it is not planned yet";
    if (s.row->object.hold_until_unix_ms() > core.NowMillis()) {
      what = "kept until " + FormatRfc3339(FromUnixMillis(s.row->object.hold_until_unix_ms()));
    }
    AddCondition(view, "Converged", false, "Differs", what, 0);
  } else {
    AddCondition(view, "Converged", true, "AsDeclared", "", 0);
  }
  if (!core.facts.ServersOf(id).empty()) {
    std::int64_t since = 0;
    for (const std::string& server : s.away) {
      const auto agent = core.agents.find({id.workspace, server});
      if (agent != core.agents.end()) since = ToUnixMillis(agent->second.last_seen);
    }
    AddCondition(view, "Reachable", s.away.empty(), s.away.empty() ? "Connected" : "AgentAway",
                 s.away.empty()
                     ? ""
                     : "no connection from the agent of " + Join(s.away) + "; what is shown is what it said last",
                 since);
  }
  if (!s.drifted.empty()) AddCondition(view, "InSync", false, "Drifted", Join(s.drifted), 0);
  if (s.paused) {
    AddCondition(view, "Paused", true, "Paused",
                 "until " + FormatRfc3339(FromUnixMillis(s.state.paused_until_unix_ms())) + " by " +
                     s.state.pause_actor() + (s.state.pause_reason().empty() ? "" : ": " + s.state.pause_reason()),
                 0);
  }
}

void AddStatus(Core& core, const ObjectId& id, v1::ObjectView* view) {
  const planner::KindPlanner* kind = core.deps.planners.Find(id.kind);
  const auto* input = core.facts.Base(id.workspace).FindObject({id.kind, id.name});
  if (kind == nullptr || input == nullptr) return;
  const planner::StatusReader reader(core.facts.Base(id.workspace), [&](std::string_view server) {
    return core.Connected({id.workspace, std::string(server)});
  });
  if (const auto status = kind->ComputeStatus(input->input, reader)) view->set_status(status->SerializeAsString());
  if (const auto actual = kind->ActualSpec(input->input, reader)) view->set_actual(actual->SerializeAsString());
}

}  // namespace

v1::Phase PhaseOf(Core& core, const ObjectId& id) {
  return PhaseOf(Look(core, id));
}

v1::ObjectView MakeView(Core& core, const ObjectId& id) {
  const Standing standing = Look(core, id);
  v1::ObjectView view;
  *view.mutable_object() = standing.row->object;
  view.mutable_object()->set_was_ready(standing.state.was_ready());
  view.mutable_object()->set_paused_until_unix_ms(standing.state.paused_until_unix_ms());
  view.mutable_object()->set_pause_reason(standing.state.pause_reason());
  view.set_revision(standing.row->revision);
  view.set_last_run(standing.state.last_run());
  view.set_phase(PhaseOf(standing));
  AddConditions(core, id, standing, &view);
  AddStatus(core, id, &view);
  for (const auto& [server, seen] : core.facts.SeenOf(id)) (*view.mutable_observed())[server] = seen.facts.observed();
  for (const planner::Referrer& referrer : core.facts.Base(id.workspace).ReferrersOf({id.kind, id.name})) {
    v1::ObjectRef* ref = view.add_referrers();
    ref->set_kind(referrer.key.kind);
    ref->set_name(referrer.key.name);
  }
  return view;
}

OwnedPhases PhasesOf(Core& core, const std::string& workspace, const std::string& owner, std::size_t most_stalled) {
  OwnedPhases out;
  const auto& objects = core.tables.objects;
  for (auto at = objects.lower_bound({workspace, "", ""}); at != objects.end(); ++at) {
    if (at->first.workspace != workspace) break;
    if (at->second.object.owner() != owner) continue;
    const v1::Phase phase = PhaseOf(core, at->first);
    ++out.counts[phase];
    if (phase == v1::PHASE_STALLED && out.stalled.size() < most_stalled) {
      out.stalled.push_back({at->first.kind, at->first.name, owner});
    }
  }
  return out;
}

Result<v1::ListResponse> ListObjects(Core& core, const v1::ListRequest& request) {
  PW_ASSIGN(const LabelSelector selector, LabelSelector::Parse(request.label_selector()));
  const std::uint32_t page = std::min(request.page_size() == 0 ? kDefaultPage : request.page_size(), kMostPage);
  // The token is the last name of the page before: pages stay right while objects come and go.
  std::string after;
  if (!request.page_token().empty()) {
    const auto decoded = Base64Decode(request.page_token());
    if (!decoded.ok()) return InvalidArgument("the page token is not one of ours");
    after = *decoded;
  }
  v1::ListResponse response;
  for (const auto& [id, row] : core.tables.objects) {
    if (id.workspace != request.workspace()) continue;
    if (!request.kind().empty() && id.kind != request.kind()) continue;
    if (!request.owner().empty() && row.object.owner() != request.owner()) continue;
    if (!after.empty() && id.kind + "\n" + id.name <= after) continue;
    if (!selector.Matches(row.object.labels())) continue;
    if (static_cast<std::uint32_t>(response.objects_size()) == page) {
      const v1::StoredObject& last = response.objects(response.objects_size() - 1).object();
      response.set_next_page_token(Base64UrlEncode(last.kind() + "\n" + last.name()));
      break;
    }
    *response.add_objects() = MakeView(core, id);
    response.set_revision(std::max(response.revision(), row.revision));
  }
  return response;
}

}  // namespace podwright::control
