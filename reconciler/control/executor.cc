#include "reconciler/control/executor.h"

#include <algorithm>

#include "core/fault.h"
#include "reconciler/control/observation_desk.h"
#include "reconciler/control/run_builder.h"

namespace podwright::control {

bool IsOpen(v1::ActionState state) {
  return state == v1::ACTION_STATE_PENDING || state == v1::ACTION_STATE_SENT;
}

v1::Event MakeActionEvent(const RunId& run, const v1::ActionRecord& record, std::string type, std::string message) {
  v1::Event event = MakeEvent(run.workspace, std::move(type), std::move(message));
  *event.mutable_object() = record.action().object();
  event.set_server(record.action().server());
  event.set_run(run.id);
  event.set_action(record.action().id());
  return event;
}

Status Executor::Advance(const RunId& id) {
  const auto it = core_.tables.runs.find(id);
  if (it == core_.tables.runs.end() || IsEnded(it->second.header.state())) {
    runtimes_.erase(id);
    return Ok();
  }
  const RunRow& row = it->second;
  runtimes_[id].waiting.clear();
  if (row.header.state() == v1::RUN_STATE_QUEUED) {
    bool started = false;
    PW_TRY(Start(id, &started));
    if (!started) return PublishWaiting(id);
  }
  PW_TRY(CheckFlights(id));
  if (row.header.cancel_requested()) PW_TRY(SkipCancelled(id));
  PW_TRY(LookAtHolds(id));
  bool progress = true;
  while (progress) {
    progress = false;
    PW_TRY(DispatchReady(id, &progress));
    if (!Busy(id)) PW_TRY(AddCompensations(id, &progress));
  }
  if (!Busy(id)) PW_TRY(EndRound(id));
  return PublishWaiting(id);
}

bool Executor::Busy(const RunId& id) {
  const RunRow& row = core_.tables.runs.at(id);
  const std::set<ObjectId>& held = runtimes_[id].holds.objects;
  return std::any_of(row.actions.begin(), row.actions.end(), [&](const v1::ActionRecord& record) {
    if (!IsOpen(record.state())) return false;
    const bool waits = record.state() == v1::ACTION_STATE_PENDING && record.compensates().empty();
    return held.empty() || !waits || !held.contains(IdOf(id.workspace, record.action().object()));
  });
}

// An older run still has something of these objects under way; it cannot be called back.
bool Executor::Blocked(const RunId& id) const {
  std::set<ObjectId> mine;
  for (const v1::RunPart& part : core_.tables.runs.at(id).parts) mine.insert(IdOf(id.workspace, part.object()));
  for (const RunId& other : core_.tables.unfinished) {
    if (other == id || other.workspace != id.workspace) continue;
    for (const v1::ActionRecord& record : core_.tables.runs.at(other).actions) {
      if (record.state() == v1::ACTION_STATE_SENT && mine.contains(IdOf(id.workspace, record.action().object()))) {
        return true;
      }
    }
  }
  return false;
}

Status Executor::Start(const RunId& id, bool* started) {
  const RunRow& row = core_.tables.runs.at(id);
  if (!row.header.cancel_requested() && Blocked(id)) {
    runtimes_[id].waiting.insert("an action of an older run on the same object is not finished yet");
    return Ok();
  }
  Change change(core_);
  v1::Run header = row.header;
  header.set_state(v1::RUN_STATE_RUNNING);
  header.set_epoch(core_.epoch);
  change.PutRun(header);
  change.Tell([&] {
    v1::Event event = MakeEvent(id.workspace, "run.started", "run " + id.id + " has begun");
    event.set_run(id.id);
    return event;
  }());
  if (!header.cancel_requested()) RefreshPlan(core_, id, change);
  PW_TRY(change.Commit());
  PW_FAULT(kRunPlanned);
  *started = true;
  return Ok();
}

// What was sent and has no answer: sent again on a new stream or by a new process, given up in the end.
Status Executor::CheckFlights(const RunId& id) {
  const std::size_t count = core_.tables.runs.at(id).actions.size();
  for (std::size_t place = 0; place < count; ++place) {
    if (core_.tables.runs.at(id).actions[place].state() != v1::ACTION_STATE_SENT) continue;
    const v1::ActionRecord record = core_.tables.runs.at(id).actions[place];
    Flight& flight = runtimes_[id].flights[place];
    const SteadyTime now = core_.Steady();
    if (flight.sent == SteadyTime{}) flight.sent = now;
    if (record.action().executor() != v1::EXECUTOR_AGENT) {
      PW_TRY(Begin(id, place));
      continue;
    }
    const ServerId server{id.workspace, record.action().server()};
    const bool connected = core_.Connected(server);
    const SteadyTime give_up = flight.sent + core_.options.action_deadline;
    const auto agent = core_.agents.find(server);
    const SteadyTime away_until =
        connected ? give_up
                  : std::max(flight.sent, agent == core_.agents.end() ? flight.sent : agent->second.changed) +
                        core_.options.reconnect_deadline;
    if (now >= std::min(give_up, away_until)) {
      v1::ActionOutcome outcome;
      outcome.set_permanent(true);
      if (!connected) outcome.set_reason(kAgentAway);
      outcome.set_error(connected
                            ? "the agent of " + server.server + " did not answer in time; whether it acted is not known"
                            : "the agent of " + server.server +
                                  " went away before it answered and did not come back in time; see that the "
                                  "server runs: when the agent comes, a new run goes on by itself");
      PW_TRY(JournalOutcome(id, place, std::move(outcome)));
      continue;
    }
    core_.WakeAt(RunWork(id), std::min(give_up, away_until));
    if (!connected) {
      runtimes_[id].waiting.insert("the agent of " + server.server + " is away");
    } else if (flight.session != agent->second.session) {
      PW_TRY(SendToAgent(id, place));
    }
  }
  return Ok();
}

Status Executor::SkipCancelled(const RunId& id) {
  std::vector<std::pair<std::size_t, std::string>> places;
  const RunRow& row = core_.tables.runs.at(id);
  for (std::size_t place = 0; place < row.actions.size(); ++place) {
    const v1::ActionRecord& record = row.actions[place];
    if (record.state() == v1::ACTION_STATE_PENDING && record.compensates().empty()) {
      places.emplace_back(place, "the run was cancelled");
    }
  }
  return Skip(id, places);
}

Status Executor::PublishWaiting(const RunId& id) {
  const auto it = core_.tables.runs.find(id);
  if (it == core_.tables.runs.end() || IsEnded(it->second.header.state())) return Ok();
  const v1::Run& header = it->second.header;
  const std::set<std::string>& waiting = runtimes_[id].waiting;
  const std::vector<v1::WindowWait>& windows = runtimes_[id].holds.windows;
  const bool same_windows = std::equal(
      windows.begin(), windows.end(), header.windows().begin(), header.windows().end(),
      [](const v1::WindowWait& a, const v1::WindowWait& b) { return a.SerializeAsString() == b.SerializeAsString(); });
  if (same_windows && std::equal(waiting.begin(), waiting.end(), header.waiting().begin(), header.waiting().end())) {
    return Ok();
  }
  Change change(core_);
  v1::Run next = header;
  next.clear_waiting();
  for (const std::string& text : waiting) next.add_waiting(text);
  next.clear_windows();
  for (const v1::WindowWait& wait : windows) *next.add_windows() = wait;
  change.PutRun(std::move(next));
  PW_TRY(change.Commit());
  return Ok();
}

void Executor::WakeRunsOf(const ServerId& server) {
  for (const RunId& id : core_.tables.unfinished) {
    if (id.workspace != server.workspace) continue;
    core_.Wake(RunWork(id));
  }
}

void Executor::WakeQueued(const std::string& workspace) {
  for (const RunId& id : core_.tables.unfinished) {
    if (id.workspace == workspace) core_.Wake(RunWork(id));
  }
}

}  // namespace podwright::control
