// What of a run may go now, and how it goes.
#include <algorithm>

#include "core/fault.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "podwright/v1/agent.pb.h"
#include "reconciler/control/bindings.h"
#include "reconciler/control/executor.h"
#include "reconciler/control/machine_works.h"
#include "reconciler/control/observation_desk.h"
#include "reconciler/control/run_builder.h"
#include "reconciler/control/secret_door.h"

namespace podwright::control {

Status Executor::DispatchReady(const RunId& id, bool* progress) {
  const std::size_t count = core_.tables.runs.at(id).actions.size();
  std::vector<std::pair<std::size_t, std::string>> skipped;
  busy_ = BusyServers();
  for (std::size_t place = 0; place < count; ++place) {
    const RunRow& row = core_.tables.runs.at(id);
    if (row.actions[place].state() != v1::ACTION_STATE_PENDING) continue;
    const Verdict verdict = Judge(id, row, place);
    switch (verdict.kind) {
      case Verdict::Kind::kWait:
        if (!verdict.why.empty()) runtimes_[id].waiting.insert(verdict.why);
        break;
      case Verdict::Kind::kSkip: skipped.emplace_back(place, verdict.why); break;
      case Verdict::Kind::kFail: {
        v1::ActionOutcome outcome;
        outcome.set_permanent(true);
        outcome.set_reason(verdict.reason);
        outcome.set_error(verdict.why);
        PW_TRY(JournalOutcome(id, place, std::move(outcome)));
        *progress = true;
        break;
      }
      case Verdict::Kind::kGo:
        if (row.actions[place].action().executor() != v1::EXECUTOR_CONTROL) {
          busy_.insert({id.workspace, row.actions[place].action().server()});
        }
        PW_TRY(Begin(id, place));
        *progress = true;
        break;
    }
  }
  if (!skipped.empty()) *progress = true;
  return Skip(id, skipped);
}

const RunIndex& Executor::IndexOf(const RunId& id) {
  RunIndex& index = runtimes_[id].index;
  index.Follow(id, core_.tables.runs.at(id));
  return index;
}

Executor::Verdict Executor::Judge(const RunId& id, const RunRow& row, std::size_t place) {
  const v1::ActionRecord& record = row.actions[place];
  const ObjectId object = IdOf(id.workspace, record.action().object());
  if (record.compensates().empty()) {
    const std::size_t* part = IndexOf(id).PartOf(object);
    if (part == nullptr || row.parts[*part].state() != v1::RUN_PART_STATE_ACTIVE) {
      return {Verdict::Kind::kSkip, part == nullptr ? "" : row.parts[*part].message()};
    }
    const Holds& holds = runtimes_[id].holds;
    const auto stopped = holds.stopped.find(object);
    if (stopped != holds.stopped.end()) return {Verdict::Kind::kSkip, stopped->second};
    if (holds.objects.contains(object)) return {Verdict::Kind::kWait, ""};
    if (PartFailed(id, object)) return {Verdict::Kind::kSkip, "another action of " + object.Text() + " failed"};
    const std::int64_t paused_until = core_.tables.StateOf(object).paused_until_unix_ms();
    if (paused_until > core_.NowMillis()) {
      core_.WakeAt(RunWork(id), core_.Steady() + std::chrono::milliseconds(paused_until - core_.NowMillis()));
      return {Verdict::Kind::kWait, object.Text() + " is paused until " + FormatRfc3339(FromUnixMillis(paused_until))};
    }
  }
  const auto not_before = runtimes_[id].not_before.find(place);
  if (not_before != runtimes_[id].not_before.end() && not_before->second > core_.Steady()) {
    core_.WakeAt(RunWork(id), not_before->second);
    return {Verdict::Kind::kWait, ""};
  }
  Verdict verdict = JudgeDependencies(id, row, place);
  if (verdict.kind == Verdict::Kind::kGo) verdict = JudgeBatch(id, record);
  if (verdict.kind == Verdict::Kind::kGo) verdict = JudgeAgent(id, place, record);
  if (verdict.kind == Verdict::Kind::kGo) verdict = JudgeBindings(id, record);
  return verdict;
}

Executor::Verdict Executor::JudgeDependencies(const RunId& id, const RunRow& row, std::size_t place) {
  const v1::ActionRecord& record = row.actions[place];
  if (!record.compensates().empty()) {
    // Taken back one after the other, in the order in which they were put down, whatever becomes of each.
    for (const std::size_t other : IndexOf(id).ActionsOf(IdOf(id.workspace, record.action().object()))) {
      if (other < place && IsOpen(row.actions[other].state())) return {Verdict::Kind::kWait, ""};
    }
    return {};
  }
  for (const std::string& dependency : record.action().depends_on()) {
    if (const std::size_t* found = IndexOf(id).ById(dependency)) {
      const v1::ActionRecord& other = row.actions[*found];
      if (IsOpen(other.state())) return {Verdict::Kind::kWait, ""};
      if (other.state() != v1::ACTION_STATE_SUCCEEDED) {
        return {Verdict::Kind::kSkip, "it depends on \"" + other.action().summary() + "\", which was not done"};
      }
      continue;
    }
    for (const RunId& run : core_.tables.unfinished) {
      if (run == id || run.workspace != id.workspace) continue;
      const std::size_t* found = IndexOf(run).ByBaseId(BaseId(dependency));
      if (found == nullptr) continue;
      const v1::ActionRecord& other = core_.tables.runs.at(run).actions[*found];
      if (!IsOpen(other.state())) continue;
      return {Verdict::Kind::kWait, "run " + run.id + " has to finish \"" + other.action().summary() + "\""};
    }
  }
  return {};
}

Executor::Verdict Executor::JudgeBatch(const RunId& id, const v1::ActionRecord& record) {
  const v1::Batch& batch = record.action().batch();
  if (batch.name().empty() || !record.compensates().empty()) return {};
  std::uint32_t taken = 0;
  const std::int64_t now = core_.NowMillis();
  for (const RunId& run : core_.tables.unfinished) {
    if (run.workspace != id.workspace) continue;
    const RunRow& row = core_.tables.runs.at(run);
    for (const std::size_t place : IndexOf(run).ActionsOfBatch(batch.name())) {
      const v1::ActionRecord& other = row.actions[place];
      if (&other == &record) continue;
      if (other.state() == v1::ACTION_STATE_SENT) ++taken;
      if (run == id && other.state() == v1::ACTION_STATE_FAILED && other.round() == record.round()) {
        return {Verdict::Kind::kSkip, "the batch \"" + batch.name() + "\" stopped: \"" + other.action().summary() +
                                          "\" failed on " + other.action().server()};
      }
      if (other.state() != v1::ACTION_STATE_SUCCEEDED) continue;
      const std::int64_t healthy_at = other.done_unix_ms() + batch.healthy_ms();
      const ObjectId object = IdOf(id.workspace, other.action().object());
      const SeenFacts* seen = core_.facts.Seen(object, other.action().server());
      const bool healthy = (other.action().server().empty() || other.action().executor() != v1::EXECUTOR_AGENT ||
                            core_.Connected({id.workspace, other.action().server()})) &&
                           (seen == nullptr || !seen->facts.drifted());
      if (now < healthy_at) {
        ++taken;
        core_.WakeAt(RunWork(id), core_.Steady() + std::chrono::milliseconds(healthy_at - now));
      } else if (!healthy && now >= healthy_at + core_.options.reconnect_deadline.count()) {
        return {Verdict::Kind::kFail, "the batch \"" + batch.name() + "\" stopped: " + other.action().server() +
                                          " did not become healthy again"};
      } else if (!healthy) {
        ++taken;
        runtimes_[id].waiting.insert(other.action().server() + " is not healthy; the batch \"" + batch.name() +
                                     "\" waits for it");
        core_.WakeAt(RunWork(id), core_.Steady() + core_.options.reconnect_deadline);
      }
    }
  }
  const std::uint32_t most = std::max<std::uint32_t>(1, batch.max_parallel());
  return taken < most ? Verdict{} : Verdict{Verdict::Kind::kWait, ""};
}

std::set<ServerId> Executor::BusyServers() const {
  std::set<ServerId> busy;
  for (const RunId& run : core_.tables.unfinished) {
    for (const v1::ActionRecord& record : core_.tables.runs.at(run).actions) {
      if (record.state() == v1::ACTION_STATE_SENT && record.action().executor() != v1::EXECUTOR_CONTROL) {
        busy.insert({run.workspace, record.action().server()});
      }
    }
  }
  return busy;
}

Executor::Verdict Executor::JudgeAgent(const RunId& id, std::size_t place, const v1::ActionRecord& record) {
  const v1::Action& action = record.action();
  const ServerId server{id.workspace, action.server()};
  if (action.executor() == v1::EXECUTOR_CONTROL) return {};
  if (busy_.contains(server)) return {Verdict::Kind::kWait, ""};
  if (action.executor() != v1::EXECUTOR_AGENT) return {};
  Runtime& runtime = runtimes_[id];
  if (core_.Connected(server)) {
    runtime.missed.erase(place);
    const std::int64_t paused_until = core_.HostPausedUntil(server);
    if (paused_until == 0) return {};
    core_.WakeAt(RunWork(id), core_.Steady() + std::chrono::milliseconds(paused_until - core_.NowMillis()));
    return {Verdict::Kind::kWait,
            server.server + " is paused on the server itself until " + FormatRfc3339(FromUnixMillis(paused_until))};
  }
  const SteadyTime since = runtime.missed.emplace(place, core_.Steady()).first->second;
  const SteadyTime until = since + core_.options.reconnect_deadline;
  if (core_.Steady() >= until) {
    return {Verdict::Kind::kFail,
            "the agent of " + action.server() +
                " is away and did not come in time; see that the server runs and that " +
                "its agent is enrolled: when it comes, a new run goes on by itself",
            kAgentAway};
  }
  core_.WakeAt(RunWork(id), until);
  return {Verdict::Kind::kWait, "the agent of " + action.server() + " is away"};
}

Executor::Verdict Executor::JudgeBindings(const RunId& id, const v1::ActionRecord& record) {
  for (const v1::FactBinding& binding : record.action().bindings()) {
    const ObjectId object = IdOf(id.workspace, binding.object());
    const ServerId server{id.workspace, binding.server()};
    const ObjectRow* stored = core_.tables.Find(object);
    if (core_.facts.Seen(object, server.server) != nullptr || stored == nullptr || !core_.Connected(server)) continue;
    SteadyTime& asked = runtimes_[id].asked[{object, server.server}];
    if (asked == SteadyTime{}) {
      v1::ControlMessage message;
      v1::ObserveRequest* request = message.mutable_observe();
      request->set_id(desk_.NextId());
      *request->mutable_object() = binding.object();
      request->set_spec(stored->object.spec());
      request->set_object_uid(stored->object.uid());
      asked = core_.Steady();
      static_cast<void>(core_.deps.link.Send(server.workspace, server.server, message).ok());
    }
    // Nothing came: the dispatch says what is missing.
    if (core_.Steady() >= asked + core_.options.observe_timeout) continue;
    core_.WakeAt(RunWork(id), asked + core_.options.observe_timeout);
    return {Verdict::Kind::kWait, "the agent of " + server.server + " is asked what it has of " + object.Text()};
  }
  return {};
}

Status Executor::Begin(const RunId& id, std::size_t place) {
  v1::ActionRecord record = core_.tables.runs.at(id).actions[place];
  const bool again = record.state() == v1::ACTION_STATE_SENT;
  if (!again) {
    Change change(core_);
    record.set_state(v1::ACTION_STATE_SENT);
    record.set_attempt(record.attempt() + 1);
    record.set_sequence(core_.next_dispatch++);
    record.set_epoch(core_.epoch);
    record.set_sent_unix_ms(core_.NowMillis());
    record.clear_outcome();
    if (record.action().executor() == v1::EXECUTOR_CLOUD) PW_TRY(machines_.AddIntent(id, record.action(), change));
    change.PutAction(id, place, record);
    change.Tell(MakeActionEvent(id, record, "run.action.started", record.action().summary()));
    PW_TRY(change.Commit());
    PW_FAULT(kActionJournalled);
  }
  Flight& flight = runtimes_[id].flights[place];
  if (!again || flight.sent == SteadyTime{}) flight.sent = core_.Steady();
  switch (record.action().executor()) {
    case v1::EXECUTOR_CLOUD: return machines_.Work(id, place, record);
    case v1::EXECUTOR_CONTROL: return RunControlAction(id, place);
    default: return SendToAgent(id, place);
  }
}

Status Executor::SendToAgent(const RunId& id, std::size_t place) {
  const v1::ActionRecord record = core_.tables.runs.at(id).actions[place];
  const ServerId server{id.workspace, record.action().server()};
  auto dispatch = MakeDispatch(id, record);
  if (!dispatch.ok()) {
    v1::ActionOutcome outcome;
    outcome.set_error(dispatch.error().ToString());
    outcome.set_permanent(dispatch.error().retry() != Retry::kBackoff);
    return JournalOutcome(id, place, std::move(outcome));
  }
  v1::ControlMessage message;
  *message.mutable_dispatch() = std::move(*dispatch);
  Flight& flight = runtimes_[id].flights[place];
  flight.session = core_.agents[server].session;
  const Status sent = core_.deps.link.Send(server.workspace, server.server, message);
  // Not sent is the same as lost on the way: the next stream, or the deadline, settles it.
  if (!sent.ok()) {
    flight.session = 0;
    core_.WakeAt(RunWork(id), core_.Steady() + core_.options.backoff_first);
  }
  core_.WakeAt(RunWork(id), flight.sent + core_.options.action_deadline);
  PW_FAULT(kActionSent);
  return Ok();
}

Result<v1::Dispatch> Executor::MakeDispatch(const RunId& id, const v1::ActionRecord& record) {
  const ObjectId object = IdOf(id.workspace, record.action().object());
  const RunRow& row = core_.tables.runs.at(id);
  v1::Dispatch dispatch;
  *dispatch.mutable_action() = record.action();
  dispatch.set_run(id.id);
  dispatch.set_sequence(record.sequence());
  dispatch.set_epoch(core_.epoch);
  dispatch.set_attempt(record.attempt());
  dispatch.set_ttl_ms(core_.options.action_ttl.count());
  dispatch.set_compensation(!record.compensates().empty());
  if (const std::size_t* part = IndexOf(id).PartOf(object)) dispatch.set_slice_digest(row.parts[*part].slice_digest());
  if (const ObjectRow* stored = core_.tables.Find(object)) {
    dispatch.set_spec(stored->object.spec());
    dispatch.set_object_uid(stored->object.uid());
    dispatch.set_generation(stored->object.generation());
  }
  for (const v1::FactBinding& binding : record.action().bindings()) {
    PW_ASSIGN((*dispatch.mutable_bound())[binding.name()], ResolveBinding(core_.facts.Base(id.workspace), binding));
  }
  const ServerId server{id.workspace, record.action().server()};
  for (const v1::SecretUse& use : record.action().secrets()) {
    PW_ASSIGN(*dispatch.add_secrets(), secrets_.SealFor(server, use));
  }
  return dispatch;
}

}  // namespace podwright::control
