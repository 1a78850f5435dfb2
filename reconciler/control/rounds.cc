// The end of a round: looking again, planning again, and the end of a run.
#include <algorithm>

#include "core/fault.h"
#include "reconciler/control/executor.h"
#include "reconciler/control/observation_desk.h"
#include "reconciler/control/readiness.h"
#include "reconciler/control/run_builder.h"

namespace podwright::control {

Status Executor::EndRound(const RunId& id) {
  const RunRow& row = core_.tables.runs.at(id);
  const std::set<ObjectId> held = runtimes_[id].holds.objects;
  const auto settles = [&](const v1::RunPart& part) {
    return part.state() == v1::RUN_PART_STATE_ACTIVE && !held.contains(IdOf(id.workspace, part.object()));
  };
  for (const v1::RunPart& part : row.parts) {
    if (settles(part) && !Observed(id, row, part)) return Ok();
  }
  Change change(core_);
  std::set<ObjectId> again;
  std::set<ObjectId> ready;
  bool waits = false;
  for (std::size_t place = 0; place < row.parts.size(); ++place) {
    if (!settles(row.parts[place])) continue;
    const std::size_t before = runtimes_[id].waiting.size();
    PW_TRY(SettlePart(id, place, change, &again, &ready));
    core_.Look(IdOf(id.workspace, row.parts[place].object()));
    waits = waits || runtimes_[id].waiting.size() > before;
  }
  AddSeenFacts(core_, change, ready);
  if (!change.empty()) PW_TRY(change.Commit());
  core_.Wake(ReconcileWork(id.workspace));
  if (!again.empty()) return NextRound(id, again);
  if (waits) return Ok();
  const bool held_back = std::any_of(row.parts.begin(), row.parts.end(), [&](const v1::RunPart& part) {
    return part.state() == v1::RUN_PART_STATE_ACTIVE;
  });
  if (!held_back) return Finish(id);
  // The next wave, or what a failed one stops.
  if (!change.empty()) core_.Wake(RunWork(id));
  return Ok();
}

// Whether what is known of the part's object is newer than the last thing that was done to it. Asks, where not.
bool Executor::Observed(const RunId& id, const RunRow& row, const v1::RunPart& part) {
  const ObjectId object = IdOf(id.workspace, part.object());
  const ObjectRow* stored = core_.tables.Find(object);
  if (stored == nullptr) return true;
  Runtime& runtime = runtimes_[id];
  const SteadyTime now = core_.Steady();
  const std::vector<std::size_t>& places = IndexOf(id).ActionsOf(object);
  bool all = true;
  for (const std::string& name : core_.facts.ServersOf(object)) {
    const ServerId server{id.workspace, name};
    const SeenFacts* seen = core_.facts.Seen(object, name);
    const auto acted = runtime.acted.find({object, name});
    const bool touched =
        acted != runtime.acted.end() || std::any_of(places.begin(), places.end(), [&](std::size_t place) {
          return row.actions[place].action().server() == name && row.actions[place].state() != v1::ACTION_STATE_SKIPPED;
        });
    const bool connected = core_.Connected(server);
    if (!connected && !touched) continue;                        // nothing was done there: what was known still is
    if (!connected && !core_.agents.contains(server)) continue;  // no agent at all: planning again says what that means
    if (seen != nullptr && seen->fresh && (acted == runtime.acted.end() || seen->received >= acted->second)) continue;
    const auto asked = runtime.asked.emplace(std::pair(object, name), SteadyTime{}).first;
    if (runtime.observing_since == SteadyTime{}) runtime.observing_since = now;
    const bool answered_nothing = asked->second != SteadyTime{} && now >= asked->second + core_.options.observe_timeout;
    if (now >= runtime.observing_since + core_.options.reconnect_deadline) continue;
    if (connected && answered_nothing && seen == nullptr) continue;  // its driver has nothing to say of it
    all = false;
    if (!connected) {
      runtime.waiting.insert("the agent of " + name + " is away");
      core_.WakeAt(RunWork(id), runtime.observing_since + core_.options.reconnect_deadline);
      continue;
    }
    if (asked->second == SteadyTime{} || answered_nothing) {
      v1::ControlMessage message;
      v1::ObserveRequest* request = message.mutable_observe();
      request->set_id(desk_.NextId());
      *request->mutable_object() = part.object();
      request->set_spec(stored->object.spec());
      request->set_object_uid(stored->object.uid());
      asked->second = now;
      static_cast<void>(core_.deps.link.Send(server.workspace, server.server, message).ok());
    }
    core_.WakeAt(RunWork(id), asked->second + core_.options.observe_timeout);
  }
  return all;
}

Status Executor::SettlePart(const RunId& id, std::size_t place, Change& change, std::set<ObjectId>* again,
                            std::set<ObjectId>* ready) {
  const RunRow& row = core_.tables.runs.at(id);
  v1::RunPart part = row.parts[place];
  const ObjectId object = IdOf(id.workspace, part.object());
  const auto done = [&] {
    part.set_state(v1::RUN_PART_STATE_DONE);
    part.clear_reason();
    part.clear_message();
    AddReady(core_, change, object);
    ready->insert(object);
    change.PutPart(id, place, part);
    return Ok();
  };
  if (core_.tables.Find(object) == nullptr) return done();

  // Its own last one: others of the run may have had more.
  std::uint32_t round = 0;
  for (const std::size_t at : IndexOf(id).ActionsOf(object)) round = std::max(round, row.actions[at].round());
  const v1::ActionRecord* failed = nullptr;
  const v1::ActionRecord* skipped = nullptr;
  for (const std::size_t at : IndexOf(id).ActionsOf(object)) {
    const v1::ActionRecord& record = row.actions[at];
    if (record.round() != round || !record.compensates().empty()) continue;
    if (record.state() == v1::ACTION_STATE_FAILED) failed = &record;
    if (record.state() == v1::ACTION_STATE_SKIPPED && skipped == nullptr) skipped = &record;
  }
  if (failed != nullptr) {
    if (failed->outcome().reason() == kAgentAway) {
      part.set_state(v1::RUN_PART_STATE_BLOCKED);
      part.set_reason(kAgentAway);
      part.set_message(failed->action().summary() + ": " + failed->outcome().error());
      change.PutPart(id, place, part);
      return Ok();
    }
    const std::string where = failed->action().server().empty() ? "" : " on " + failed->action().server();
    StallPart(id, place, v1::RUN_PART_STATE_STALLED, "ActionFailed",
              failed->action().summary() + where + ": " + failed->outcome().error(), change);
    return Ok();
  }
  const std::optional<v1::Slice> slice = core_.facts.Slice(object);
  if (slice && slice->error().empty() && slice->actions_size() == 0) return done();
  if (row.header.cancel_requested()) {
    StallPart(id, place, v1::RUN_PART_STATE_CANCELLED, "Cancelled", "the run was cancelled", change);
    return Ok();
  }
  if (slice && !slice->error().empty()) {
    const SteadyTime until = core_.Steady() + (FromUnixMillis(row.header.created_unix_ms()) +
                                               core_.options.reconnect_deadline - core_.Now());
    const std::vector<std::string> awaited = AwaitedOf(core_, object);
    if (!awaited.empty() && until > core_.Steady()) {
      runtimes_[id].waiting.insert(object.Text() + " refers to " + awaited.front());
      core_.WakeAt(RunWork(id), until);
      return Ok();
    }
    StallPart(id, place, v1::RUN_PART_STATE_STALLED, "CannotPlan", slice->error(), change);
    return Ok();
  }
  if (skipped != nullptr) {
    part.set_state(v1::RUN_PART_STATE_BLOCKED);
    part.set_reason("WaitsForDependency");
    part.set_message(skipped->action().summary() + ": " + skipped->outcome().error());
    change.PutPart(id, place, part);
    return Ok();
  }
  if (row.header.bound()) {
    StallPart(id, place, v1::RUN_PART_STATE_STALLED, "StillDiffers",
              "the approved plan is done and " + slice->actions(0).summary() + " is still needed: plan and apply again",
              change);
    return Ok();
  }
  // Every wave has as many rounds as a run without waves.
  if (row.header.round() >= core_.options.max_rounds * std::max<std::uint32_t>(1, part.wave())) {
    StallPart(
        id, place, v1::RUN_PART_STATE_STALLED, "StillDiffers",
        "after " + std::to_string(row.header.round()) + " rounds " + slice->actions(0).summary() + " is still needed",
        change);
    return Ok();
  }
  again->insert(object);
  return Ok();
}

// Ends the part. Its slice, as it is now, is not tried again until something of it changes.
void Executor::StallPart(const RunId& id, std::size_t place, v1::RunPartState state, std::string reason,
                         std::string message, Change& change) {
  v1::RunPart part = core_.tables.runs.at(id).parts[place];
  const ObjectId object = IdOf(id.workspace, part.object());
  part.set_state(state);
  part.set_reason(reason);
  part.set_message(message);
  change.PutPart(id, place, part);
  const auto slice = core_.facts.Slice(object);
  v1::ObjectStanding& stall = change.State(object);
  stall.set_stalled_digest(slice ? slice->digest() : "");
  stall.set_stalled_run(id.id);
  stall.set_stalled_reason(reason);
  stall.set_stalled_message(message);
  stall.set_stalled_unix_ms(core_.NowMillis());
  v1::Event event = MakeObjectEvent(object, "object.stalled", object.Text() + ": " + message);
  event.set_run(id.id);
  (*event.mutable_fields())["reason"] = reason;
  change.Tell(std::move(event));
}

Status Executor::NextRound(const RunId& id, const std::set<ObjectId>& again) {
  const RunRow& row = core_.tables.runs.at(id);
  std::vector<planner::ObjectKey> scope;
  scope.reserve(again.size());
  for (const ObjectId& object : again) scope.push_back({object.kind, object.name});
  const v1::Plan plan = core_.facts.Planner(id.workspace).CurrentPlan(planner::PlanScope::Of(std::move(scope)));
  const Selection selection = SelectActions(core_, id.workspace, plan, again);
  Change change(core_);
  v1::Run header = row.header;
  header.set_round(header.round() + 1);
  AddActions(change, id, row.actions.size(), header.round(), selection.actions);
  for (std::size_t place = 0; place < row.parts.size(); ++place) {
    v1::RunPart part = row.parts[place];
    const ObjectId object = IdOf(id.workspace, part.object());
    if (!again.contains(object)) continue;
    const auto slice = selection.slices.find(object);
    if (slice != selection.slices.end()) part.set_slice_digest(slice->second->digest());
    const auto blocked = selection.blocked.find(object);
    if (blocked != selection.blocked.end()) {
      part.set_state(v1::RUN_PART_STATE_BLOCKED);
      part.set_reason("WaitsForDependency");
      part.set_message("waits for " + blocked->second + ", on which no run works");
    }
    change.PutPart(id, place, std::move(part));
  }
  change.PutRun(std::move(header));
  PW_TRY(change.Commit());
  Runtime& runtime = runtimes_[id];
  runtime.asked.clear();
  runtime.observing_since = {};
  core_.Wake(RunWork(id));
  return Ok();
}

Status Executor::Finish(const RunId& id) {
  const RunRow& row = core_.tables.runs.at(id);
  bool failed = false;
  bool cancelled = false;
  bool other = false;
  std::string error;
  for (const v1::RunPart& part : row.parts) {
    if (part.state() == v1::RUN_PART_STATE_SUPERSEDED) continue;
    other = true;
    if (part.state() == v1::RUN_PART_STATE_CANCELLED) cancelled = true;
    if (part.state() == v1::RUN_PART_STATE_STALLED || part.state() == v1::RUN_PART_STATE_BLOCKED) failed = true;
    const bool first_cause = part.state() == v1::RUN_PART_STATE_STALLED || error.empty();
    if (part.state() != v1::RUN_PART_STATE_DONE && first_cause && !part.message().empty()) {
      error = part.object().kind() + "/" + part.object().name() + ": " + part.message();
    }
  }
  PW_FAULT(kRunBeforeDone);
  v1::Run header = row.header;
  header.set_state(failed                         ? v1::RUN_STATE_FAILED
                   : cancelled                    ? v1::RUN_STATE_CANCELLED
                   : !other && !row.parts.empty() ? v1::RUN_STATE_SUPERSEDED
                                                  : v1::RUN_STATE_SUCCEEDED);
  header.set_error(error);
  header.set_finished_unix_ms(core_.NowMillis());
  header.clear_waiting();
  header.clear_windows();
  Change change(core_);
  const char* type = failed ? "run.failed" : cancelled ? "run.cancelled" : !other ? "run.superseded" : "run.succeeded";
  v1::Event event = MakeEvent(id.workspace, type, "run " + id.id + (error.empty() ? " has ended" : ": " + error));
  event.set_run(id.id);
  (*event.mutable_fields())["estimated_downtime_ms"] = std::to_string(header.estimated_downtime_ms());
  (*event.mutable_fields())["measured_downtime_ms"] = std::to_string(header.measured_downtime_ms());
  change.Tell(std::move(event));
  change.PutRun(std::move(header));
  PW_TRY(change.Commit());
  runtimes_.erase(id);
  WakeQueued(id.workspace);
  core_.Wake(ReconcileWork(id.workspace));
  return Ok();
}

}  // namespace podwright::control
