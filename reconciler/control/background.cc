#include "reconciler/control/background.h"

#include <algorithm>

#include "reconciler/control/policy/failed_waves.h"
#include "reconciler/control/readiness.h"
#include "reconciler/control/run_builder.h"

namespace podwright::control {

void Background::DueAt(const std::string& workspace, std::int64_t unix_ms) {
  const std::int64_t wait = std::max<std::int64_t>(0, unix_ms - core_.NowMillis());
  core_.WakeAt(ReconcileWork(workspace), core_.Steady() + std::chrono::milliseconds(wait));
}

void Background::LookOn(const ServerId& server) {
  for (const ObjectId& object : core_.facts.ObjectsOn(server)) core_.Look(object);
}

void Background::LookAtAll() {
  core_.unsettled.clear();
  for (const auto& [id, row] : core_.tables.objects) {
    core_.Look(id);
    core_.Wake(ReconcileWork(id.workspace));
  }
}

bool Background::AgentsThere(const ObjectId& object, const v1::Slice& slice) const {
  std::set<std::string> made;  // by a cloud, in this very slice
  for (const v1::Action& action : slice.actions()) {
    if (action.executor() == v1::EXECUTOR_CLOUD) made.insert(action.server());
  }
  return std::all_of(slice.actions().begin(), slice.actions().end(), [&](const v1::Action& action) {
    return action.executor() != v1::EXECUTOR_AGENT || made.contains(action.server()) ||
           core_.Connected({object.workspace, action.server()});
  });
}

Background::Verdict Background::Judge(const ObjectId& object) {
  const ObjectRow* row = core_.tables.Find(object);
  if (row == nullptr) {
    differs_since_.erase(object);
    tries_.erase(object);
    return Verdict::kSettled;
  }
  if (core_.tables.ActiveRunOf(object) != nullptr) return Verdict::kWaits;
  const std::optional<v1::Slice> slice = core_.facts.Slice(object);
  const v1::ObjectStanding state = core_.tables.StateOf(object);
  const bool live = row->object.lifecycle() == v1::LIFECYCLE_LIVE;
  if (!slice || !slice->error().empty()) return Verdict::kSettled;
  if (slice->actions_size() == 0) {
    differs_since_.erase(object);
    const bool was_stalled = !state.stalled_digest().empty() || !state.stalled_reason().empty();
    if (live && (state.ready_generation() != row->object.generation() || was_stalled)) return Verdict::kReady;
    if (live) tries_.erase(object);
    return Verdict::kSettled;
  }
  const SteadyTime now = core_.Steady();
  if (state.paused_until_unix_ms() > core_.NowMillis()) {
    DueAt(object.workspace, state.paused_until_unix_ms());
    return Verdict::kWaits;
  }
  if (row->object.hold_until_unix_ms() > core_.NowMillis()) {
    DueAt(object.workspace, row->object.hold_until_unix_ms());
    return Verdict::kWaits;
  }
  if (!state.stalled_reason().empty() && state.stalled_digest() == slice->digest()) return Verdict::kSettled;
  if (!AgentsThere(object, *slice)) return Verdict::kSettled;
  for (const v1::Action& action : slice->actions()) {
    const std::int64_t until = core_.HostPausedUntil({object.workspace, action.server()});
    if (action.executor() != v1::EXECUTOR_AGENT || until == 0) continue;
    DueAt(object.workspace, until);
    return Verdict::kWaits;
  }
  // What was as it should be differs now: its agent may put it right first.
  if (live && state.ready_generation() == row->object.generation()) {
    const SteadyTime until = differs_since_.emplace(object, now).first->second + core_.options.drift_grace;
    if (now < until) {
      core_.WakeAt(ReconcileWork(object.workspace), until);
      return Verdict::kWaits;
    }
  }
  const auto tries = tries_.find(object);
  if (tries != tries_.end()) {
    const SteadyTime until = tries->second.last + BackoffAfter(tries->second.count, core_.options.backoff_first * 10,
                                                               core_.options.backoff_most * 10);
    if (now < until) {
      core_.WakeAt(ReconcileWork(object.workspace), until);
      return Verdict::kWaits;
    }
  }
  return Verdict::kRun;
}

Status Background::Reconcile(const std::string& workspace) {
  for (const planner::ObjectKey& key : core_.facts.TakeChanged(workspace)) core_.Look({workspace, key.kind, key.name});
  std::set<ObjectId> ready;
  std::set<ObjectId> run;
  std::set<ObjectId>& unsettled = core_.unsettled[workspace];
  for (auto it = unsettled.begin(); it != unsettled.end();) {
    const Verdict verdict = Judge(*it);
    if (verdict == Verdict::kReady) ready.insert(*it);
    if (verdict == Verdict::kRun) run.insert(*it);
    it = verdict == Verdict::kSettled ? unsettled.erase(it) : std::next(it);
  }
  if (!ready.empty()) PW_TRY(MarkReady(ready));
  if (!run.empty()) {
    const Policy policy = PolicyOf(core_, workspace);
    std::erase_if(run, [&](const ObjectId& object) { return HeldByFailedWave(core_, policy, object); });
  }
  if (run.empty()) return Ok();

  std::vector<planner::ObjectKey> scope;
  scope.reserve(run.size());
  for (const ObjectId& object : run) scope.push_back({object.kind, object.name});
  const v1::Plan plan = core_.facts.Planner(workspace).CurrentPlan(planner::PlanScope::Of(std::move(scope)));
  const Selection selection = SelectActions(core_, workspace, plan, run);
  // What waits for an object that is stalled, away or paused stays unsettled until that one moves.
  for (const auto& [object, on] : selection.blocked) run.erase(object);
  if (run.empty()) return Ok();
  RunSeed seed;
  seed.workspace = workspace;
  seed.actor = "podwrightd";
  seed.objects = run;
  seed.background = true;
  Change change(core_);
  AddRun(core_, change, seed, plan);
  for (const ObjectId& object : run) {
    ClearStall(change.State(object));
  }
  PW_TRY(change.Commit());
  for (const ObjectId& object : run) {
    Tries& tries = tries_[object];
    ++tries.count;
    tries.last = core_.Steady();
  }
  return Ok();
}

Status Background::MarkReady(const std::set<ObjectId>& objects) {
  Change change(core_);
  for (const ObjectId& object : objects) AddReady(core_, change, object);
  AddSeenFacts(core_, change, objects);
  PW_TRY(change.Commit());
  for (const ObjectId& object : objects) {
    tries_.erase(object);
    core_.unsettled[object.workspace].erase(object);
  }
  return Ok();
}

}  // namespace podwright::control
