#include "podwright/v1/control.pb.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/sources/source_row.h"

namespace podwright::sources {
namespace {

constexpr std::size_t kStalledShown = 20;

std::string PhaseWord(v1::Phase phase) {
  switch (phase) {
    case v1::PHASE_PENDING: return "pending";
    case v1::PHASE_CONVERGING: return "converging";
    case v1::PHASE_READY: return "ready";
    case v1::PHASE_DEGRADED: return "degraded";
    case v1::PHASE_STALLED: return "stalled";
    case v1::PHASE_PAUSED: return "paused";
    case v1::PHASE_DELETING: return "deleting";
    default: return "unknown";
  }
}

// "server/web-1: why".
std::string Reason(const control::ObjectHead& head, const control::Caller& caller, control::ControlPlane& control) {
  std::string text = head.kind + "/" + head.name;
  v1::GetRequest request;
  request.set_workspace(caller.workspace);
  request.mutable_object()->set_kind(head.kind);
  request.mutable_object()->set_name(head.name);
  const auto object = control.Get(caller, request);
  if (!object.ok()) return text;
  for (const v1::Condition& condition : object->conditions()) {
    if (!condition.ok()) return text + ": " + condition.message();
  }
  return text;
}

void AddObjects(const SourceRow& row, control::ControlPlane& control, v1::SourceView* view) {
  const control::Caller caller{"git:" + row.id.name, control::Role::kViewer, row.id.workspace, ""};
  const auto phases = control.PhasesOf(row.id.workspace, caller.actor, kStalledShown);
  if (!phases.ok()) return;
  for (const auto& [phase, count] : phases->counts) {
    (*view->mutable_phases())[PhaseWord(phase)] += count;
  }
  for (const control::ObjectHead& head : phases->stalled) view->add_stalled(Reason(head, caller, control));
}

std::string StateOf(const v1::SourceView& view) {
  if (view.suspended()) return "suspended";
  if (view.has_problem()) return "blocked";
  if (view.applied().commit().empty()) return "waiting";
  if (view.phases().contains("stalled")) return "stalled";
  for (const char* phase : {"pending", "converging", "deleting"}) {
    if (view.phases().contains(phase)) return "converging";
  }
  return view.has_pin() ? "pinned" : "synced";
}

}  // namespace

v1::SourceView MakeView(const SourceRow& row, control::ControlPlane& control, Clock& clock) {
  v1::SourceView view;
  view.set_workspace(row.id.workspace);
  view.set_name(row.id.name);
  view.set_url(row.spec.url());
  view.set_branch(row.spec.branch());
  view.set_path(row.spec.path());
  if (row.ledger.has_applied()) *view.mutable_applied() = row.ledger.applied();
  *view.mutable_history() = row.ledger.history();
  if (row.ledger.has_pin()) *view.mutable_pin() = row.ledger.pin();
  if (row.ledger.has_suspension()) *view.mutable_suspension() = row.ledger.suspension();
  view.set_suspended(row.Suspended());
  view.set_wanted(row.wanted);
  view.set_wanted_subject(row.wanted_subject);
  if (row.problem) *view.mutable_problem() = *row.problem;
  if (row.fetched != WallTime{}) view.set_fetched_unix_ms(ToUnixMillis(row.fetched));
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(row.due - clock.Steady());
  view.set_next_unix_ms(ToUnixMillis(clock.Now()) + std::max<std::int64_t>(wait.count(), 0));
  view.set_syncs_asked(row.asked);
  view.set_syncs_done(row.done);
  if (row.webhook != WallTime{}) view.set_webhook_unix_ms(ToUnixMillis(row.webhook));
  view.set_webhooks_refused(row.webhooks_refused);
  AddObjects(row, control, &view);
  view.set_state(StateOf(view));
  return view;
}

}  // namespace podwright::sources
