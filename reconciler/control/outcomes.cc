// What actions came to: results, failures and what they entail, and taking back.
#include <algorithm>

#include "core/fault.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "podwright/v1/agent.pb.h"
#include "reconciler/control/executor.h"
#include "reconciler/control/machine_works.h"
#include "reconciler/control/secret_door.h"

namespace podwright::control {
namespace {

constexpr std::size_t kMaxErrorBytes = 4096;
constexpr int kMaxLogLines = 100;

// Agents are not trusted with the size of the store.
void Bound(v1::ActionOutcome* outcome) {
  if (outcome->error().size() > kMaxErrorBytes) outcome->mutable_error()->resize(kMaxErrorBytes);
  while (outcome->log_size() > kMaxLogLines) outcome->mutable_log()->RemoveLast();
  for (std::string& line : *outcome->mutable_log()) {
    if (line.size() > kMaxErrorBytes) line.resize(kMaxErrorBytes);
  }
  if (outcome->ok()) outcome->clear_error();
}

std::optional<std::size_t> FindSent(const RunRow& row, const ServerId& server, const v1::ActionResult& result) {
  for (std::size_t place = 0; place < row.actions.size(); ++place) {
    const v1::ActionRecord& record = row.actions[place];
    if (record.state() == v1::ACTION_STATE_SENT && record.action().id() == result.action_id() &&
        record.attempt() == result.attempt() && record.action().executor() == v1::EXECUTOR_AGENT &&
        record.action().server() == server.server) {
      return place;
    }
  }
  return std::nullopt;
}

}  // namespace

Status Executor::OnResult(const ServerId& server, const v1::ActionResult& result) {
  const RunId id{server.workspace, result.run()};
  const SteadyTime received = core_.Steady();
  const auto row = core_.tables.runs.find(id);
  if (row != core_.tables.runs.end()) {
    if (const auto place = FindSent(row->second, server, result)) {
      for (const v1::ObservedFacts& facts : result.facts()) {
        const Status put = core_.facts.PutObserved(server, facts, core_.Steady(), true);
        if (!put.ok()) {
          log::Warn("an agent's facts were refused",
                    {{log::key::kServer, server.server}, {log::key::kError, put.error().ToString()}});
        }
      }
      PW_FAULT(kActionResultBeforeJournal);
      PW_TRY(JournalOutcome(id, *place, result.outcome(), received));
      PW_FAULT(kActionResultJournalled);
    }
  }
  v1::ControlMessage message;
  v1::ResultAck* ack = message.mutable_result_ack();
  ack->set_action_id(result.action_id());
  ack->set_attempt(result.attempt());
  ack->set_run(result.run());
  // Lost acknowledgements are sent again with the next Hello.
  static_cast<void>(core_.deps.link.Send(server.workspace, server.server, message).ok());
  return Ok();
}

Status Executor::OnCloudOutcome(const RunId& id, std::size_t place, std::uint32_t attempt, v1::ActionOutcome outcome) {
  const auto row = core_.tables.runs.find(id);
  if (row == core_.tables.runs.end() || row->second.actions.size() <= place) return Ok();
  const v1::ActionRecord& record = row->second.actions[place];
  if (record.state() != v1::ACTION_STATE_SENT || record.attempt() != attempt) return Ok();
  return JournalOutcome(id, place, std::move(outcome));
}

Status Executor::JournalOutcome(const RunId& id, std::size_t place, v1::ActionOutcome outcome, SteadyTime acted) {
  const RunRow& row = core_.tables.runs.at(id);
  v1::ActionRecord record = row.actions[place];
  Bound(&outcome);
  const bool ok = outcome.ok();
  const bool again = !ok && !outcome.permanent() && record.attempt() < core_.options.max_attempts;
  const std::string error = outcome.error();
  const std::int64_t downtime = outcome.downtime_ms();
  record.set_state(ok ? v1::ACTION_STATE_SUCCEEDED : again ? v1::ACTION_STATE_PENDING : v1::ACTION_STATE_FAILED);
  record.set_done_unix_ms(core_.NowMillis());
  *record.mutable_outcome() = std::move(outcome);

  Change change(core_);
  if (ok && record.action().executor() == v1::EXECUTOR_CLOUD) machines_.AddOutcome(id, record.action(), change);
  change.PutAction(id, place, record);
  if (ok && !record.compensates().empty()) {
    for (std::size_t other = 0; other < place; ++other) {
      v1::ActionRecord taken_back = row.actions[other];
      if (taken_back.action().id() != record.compensates() || taken_back.state() != v1::ACTION_STATE_SUCCEEDED)
        continue;
      taken_back.set_state(v1::ACTION_STATE_COMPENSATED);
      change.PutAction(id, other, std::move(taken_back));
    }
  }
  if (downtime > 0) {
    v1::Run header = row.header;
    header.set_measured_downtime_ms(header.measured_downtime_ms() + downtime);
    change.PutRun(std::move(header));
  }
  const std::string what = record.action().summary();
  if (ok) {
    change.Tell(MakeActionEvent(id, record, "run.action.succeeded", what));
  } else if (again) {
    change.Tell(MakeActionEvent(id, record, "run.action.retried", what + ": " + error + "; it is tried again"));
  } else {
    change.Tell(MakeActionEvent(id, record, "run.action.failed", what + ": " + error));
  }
  PW_TRY(change.Commit());

  Runtime& runtime = runtimes_[id];
  runtime.flights.erase(place);
  runtime.acted[{IdOf(id.workspace, record.action().object()), record.action().server()}] = acted;
  if (again) {
    const SteadyTime when = core_.Steady() + BackoffAfter(static_cast<int>(record.attempt()),
                                                          core_.options.backoff_first, core_.options.backoff_most);
    runtime.not_before[place] = when;
    core_.WakeAt(RunWork(id), when);
  }
  WakeQueued(id.workspace);
  return Ok();
}

Status Executor::Skip(const RunId& id, const std::vector<std::pair<std::size_t, std::string>>& places) {
  if (places.empty()) return Ok();
  Change change(core_);
  for (const auto& [place, why] : places) {
    v1::ActionRecord record = core_.tables.runs.at(id).actions[place];
    if (record.state() != v1::ACTION_STATE_PENDING) continue;
    record.set_state(v1::ACTION_STATE_SKIPPED);
    record.set_done_unix_ms(core_.NowMillis());
    record.mutable_outcome()->set_error(why);
    change.Tell(MakeActionEvent(id, record, "run.action.skipped", record.action().summary() + ": " + why));
    change.PutAction(id, place, std::move(record));
  }
  if (change.empty()) return Ok();
  PW_TRY(change.Commit());
  WakeQueued(id.workspace);
  return Ok();
}

bool Executor::PartFailed(const RunId& id, const ObjectId& object) {
  const RunRow& row = core_.tables.runs.at(id);
  const std::vector<std::size_t>& places = IndexOf(id).ActionsOf(object);
  return std::any_of(places.begin(), places.end(), [&](std::size_t place) {
    return row.actions[place].state() == v1::ACTION_STATE_FAILED && row.actions[place].compensates().empty();
  });
}

// For each part that failed: what it had done before is taken back, the last first.
Status Executor::AddCompensations(const RunId& id, bool* added) {
  const RunRow& row = core_.tables.runs.at(id);
  std::set<std::string> known;
  for (const v1::ActionRecord& record : row.actions) {
    if (!record.compensates().empty()) known.insert(record.compensates());
  }
  Change change(core_);
  std::size_t next = row.actions.size();
  for (const v1::RunPart& part : row.parts) {
    const ObjectId object = IdOf(id.workspace, part.object());
    if (part.state() != v1::RUN_PART_STATE_ACTIVE || !PartFailed(id, object)) continue;
    const std::vector<std::size_t>& places = IndexOf(id).ActionsOf(object);
    for (auto place = places.rbegin(); place != places.rend(); ++place) {
      const v1::ActionRecord& done = row.actions[*place];
      const v1::Action& action = done.action();
      if (done.state() != v1::ACTION_STATE_SUCCEEDED || !done.compensates().empty() || !done.outcome().changed() ||
          action.compensation().verb().empty() || known.contains(action.id())) {
        continue;
      }
      v1::ActionRecord back;
      v1::Action* undo = back.mutable_action();
      *undo->mutable_object() = action.object();
      undo->set_id(action.id() + "-undo");
      undo->set_server(action.server());
      undo->set_executor(action.executor());
      undo->set_verb(action.compensation().verb());
      undo->set_subject(action.subject());
      undo->set_summary(action.compensation().summary());
      undo->set_payload(action.compensation().payload());
      *undo->mutable_secrets() = action.secrets();
      back.set_compensates(action.id());
      back.set_state(v1::ACTION_STATE_PENDING);
      back.set_round(done.round());
      known.insert(action.id());
      change.PutAction(id, next++, std::move(back));
    }
  }
  if (change.empty()) return Ok();
  PW_TRY(change.Commit());
  *added = true;
  return Ok();
}

// Forgets a deleted object: the last action of its slice.
Status Executor::RunControlAction(const RunId& id, std::size_t place) {
  v1::ActionRecord record = core_.tables.runs.at(id).actions[place];
  const ObjectId object = IdOf(id.workspace, record.action().object());
  const ObjectRow* row = core_.tables.Find(object);
  if (row != nullptr && row->object.lifecycle() != v1::LIFECYCLE_TOMBSTONE) {
    v1::ActionOutcome outcome;
    outcome.set_permanent(true);
    outcome.set_error(object.Text() + " is wanted again");
    return JournalOutcome(id, place, std::move(outcome));
  }
  if (row != nullptr) {
    const std::vector<std::string> servers = core_.facts.ServersOf(object);
    PW_TRY(secrets_.Delete(object));
    v1::ControlMessage forget;
    *forget.mutable_forget()->mutable_object() = RefOf(object);
    forget.mutable_forget()->set_uid(row->object.uid());
    Change change(core_);
    change.RemoveObject(object);
    record.set_state(v1::ACTION_STATE_SUCCEEDED);
    record.set_done_unix_ms(core_.NowMillis());
    record.mutable_outcome()->set_ok(true);
    record.mutable_outcome()->set_changed(true);
    change.PutAction(id, place, record);
    change.Tell(MakeActionEvent(id, record, "object.gone", object.Text() + " is gone"));
    PW_TRY(change.Commit());
    // An agent that does not hear this is told after its next Hello.
    for (const std::string& server : servers) {
      if (core_.Connected({id.workspace, server}))
        static_cast<void>(core_.deps.link.Send(id.workspace, server, forget).ok());
    }
    WakeQueued(id.workspace);
    core_.Wake(ReconcileWork(id.workspace));
    return Ok();
  }
  v1::ActionOutcome outcome;
  outcome.set_ok(true);
  return JournalOutcome(id, place, std::move(outcome));
}

}  // namespace podwright::control
