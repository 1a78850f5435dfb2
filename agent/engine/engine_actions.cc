// Actions: refused, or journalled, done, looked at again, journalled and answered.
#include <algorithm>
#include <utility>

#include "agent/engine/engine.h"
#include "core/fault.h"
#include "core/log.h"
#include "core/log_keys.h"

namespace podwright::agent {

namespace key = log::key;

namespace {

v1::ActionOutcome Failure(const std::string& error, bool permanent) {
  v1::ActionOutcome outcome;
  outcome.set_error(error);
  outcome.set_permanent(permanent);
  return outcome;
}

v1::ActionOutcome Failure(const Error& error) {
  return Failure(error.ToString(), error.retry() != Retry::kBackoff);
}

}  // namespace

v1::ActionResult Engine::ResultFor(const v1::Dispatch& dispatch, v1::ActionOutcome outcome) {
  v1::ActionResult result;
  result.set_action_id(dispatch.action().id());
  result.set_run(dispatch.run());
  result.set_attempt(dispatch.attempt());
  result.set_sequence(dispatch.sequence());
  result.set_epoch(dispatch.epoch());
  *result.mutable_outcome() = std::move(outcome);
  return result;
}

void Engine::Answer(const v1::Dispatch& dispatch, v1::ActionOutcome outcome) {
  v1::AgentMessage message;
  *message.mutable_result() = ResultFor(dispatch, std::move(outcome));
  Send(std::move(message));
}

void Engine::TakeDispatch(v1::Dispatch dispatch, SteadyTime received) {
  if (dispatch.compensation() && !dispatch.action().compensation().verb().empty()) {
    v1::Action& action = *dispatch.mutable_action();
    action.set_verb(action.compensation().verb());
    action.set_payload(action.compensation().payload());
    action.clear_guards();
  }
  const std::string name = ActionKey(dispatch);
  {
    std::lock_guard lock(mutex_);
    if (const auto known = journal_.state().actions().find(name);
        known != journal_.state().actions().end() && known->second.has_result()) {
      v1::AgentMessage message;
      *message.mutable_result() = known->second.result();
      message.mutable_result()->set_sequence(dispatch.sequence());
      message.mutable_result()->set_epoch(dispatch.epoch());
      SendLocked(std::move(message));
      return;
    }
    if (!running_.insert(name).second) return;  // it waits or runs: its answer comes
    running_ids_[name] = dispatch.action().id();
  }
  queue_.push_back({std::move(dispatch), received, false});
}

std::optional<v1::ActionOutcome> Engine::Refusal(const Pending& pending) {
  const v1::Dispatch& dispatch = pending.dispatch;
  const v1::Action& action = dispatch.action();
  drivers::Driver* driver = DriverOf(action.object().kind());
  const std::vector<std::string> verbs = driver == nullptr ? std::vector<std::string>() : driver->Verbs();
  if (std::find(verbs.begin(), verbs.end(), action.verb()) == verbs.end()) {
    return Failure("this agent (podwright-agent " + options_.version + ") cannot do " + action.verb() +
                       ": a newer podwright-agent, or a server with what the verb needs, is required",
                   true);
  }
  if (pending.recovered) return std::nullopt;
  std::lock_guard lock(mutex_);
  if (dispatch.epoch() < journal_.state().highest_epoch()) {
    return Failure("refused: epoch " + std::to_string(dispatch.epoch()) + " is over, " +
                       std::to_string(journal_.state().highest_epoch()) + " has begun",
                   false);
  }
  if (dispatch.ttl_ms() > 0 && clock_.Steady() - pending.received > std::chrono::milliseconds(dispatch.ttl_ms())) {
    return Failure("refused: it was not begun within its time to live of " + std::to_string(dispatch.ttl_ms()) + " ms",
                   false);
  }
  const v1::PauseState& pause = journal_.state().host_pause();
  if (pause.until_unix_ms() > ToUnixMillis(clock_.Now())) {
    return Failure("paused on the server until " + FormatRfc3339(FromUnixMillis(pause.until_unix_ms())) +
                       (pause.reason().empty() ? "" : ": " + pause.reason()) +
                       "; `podwright-agent resume` there ends it",
                   false);
  }
  return std::nullopt;
}

bool Engine::HoldsGuards(const v1::Dispatch& dispatch, drivers::Driver& driver, const v1::ObjectState& state,
                         v1::ActionOutcome& outcome) {
  for (const v1::Guard& guard : dispatch.action().guards()) {
    const auto value = driver.Fact(guard.fact(), state);
    if (!value.ok()) {
      outcome = Failure(value.error());
      return false;
    }
    if (*value != guard.expected()) {
      outcome = Failure("not done: " + guard.fact() + " is \"" + *value + "\" and not \"" + guard.expected() + "\"" +
                            (guard.why().empty() ? "" : " (" + guard.why() + ")"),
                        true);
      return false;
    }
  }
  return true;
}

// What the first try of this action in this run noted. Its effect may be there.
std::optional<drivers::Proof> Engine::EarlierProof(const v1::Dispatch& dispatch) {
  std::lock_guard lock(mutex_);
  for (std::uint32_t attempt = 0; attempt <= dispatch.attempt(); ++attempt) {
    const auto found = journal_.state().actions().find(
        ActionKey(dispatch.run(), dispatch.action().id(), attempt, dispatch.compensation()));
    if (found == journal_.state().actions().end()) continue;
    return drivers::Proof(found->second.proof_before().begin(), found->second.proof_before().end());
  }
  return std::nullopt;
}

void Engine::RunAction(Pending pending) {
  const v1::Dispatch& dispatch = pending.dispatch;
  const std::string name = ActionKey(dispatch);
  if (const auto refusal = Refusal(pending); refusal) {
    log::Warn("an action is refused",
              {{key::kAction, dispatch.action().id()}, {key::kRun, dispatch.run()}, {key::kError, refusal->error()}});
    Answer(dispatch, *refusal);
  } else {
    Act(pending, *DriverOf(dispatch.action().object().kind()));
  }
  std::lock_guard lock(mutex_);
  running_.erase(name);
  running_ids_.erase(name);
}

void Engine::Act(const Pending& pending, drivers::Driver& driver) {
  const v1::Dispatch& dispatch = pending.dispatch;
  v1::ObjectState state;
  {
    std::lock_guard lock(mutex_);
    const Status raised = journal_.RaiseEpoch(dispatch.epoch());
    if (!raised.ok()) log::Error("the journal cannot be written", {{key::kError, raised.error().ToString()}});
    state = journal_.Object(dispatch.action().object());
  }
  if (!dispatch.object_uid().empty()) state.set_uid(dispatch.object_uid());
  state.set_watched_spec(dispatch.spec());

  v1::ActionOutcome outcome;
  std::optional<drivers::Proof> proof = EarlierProof(dispatch);
  const bool resumed = proof.has_value();
  if (!resumed) {
    if (!HoldsGuards(dispatch, driver, state, outcome)) return Answer(dispatch, outcome);
    auto noted = driver.Prove(dispatch, state);
    if (!noted.ok()) return Answer(dispatch, Failure(noted.error()));
    proof = *std::move(noted);
  }
  PW_FAULT(kAgentBeforeJournal);
  if (!pending.recovered) {
    std::lock_guard lock(mutex_);
    const Status begun = journal_.Begin(dispatch, *proof);
    if (!begun.ok()) {
      v1::AgentMessage message;
      *message.mutable_result() = ResultFor(dispatch, Failure("nothing was done: " + begun.error().ToString(), false));
      return SendLocked(std::move(message));
    }
  }
  PW_FAULT(kAgentJournalled);
  v1::AgentMessage progress;
  progress.mutable_progress()->set_action_id(dispatch.action().id());
  progress.mutable_progress()->set_run(dispatch.run());
  progress.mutable_progress()->set_message(dispatch.action().summary());
  Send(std::move(progress));

  auto done = driver.Execute({dispatch, *proof, resumed}, state);
  PW_FAULT(kAgentActed);
  if (done.ok()) {
    outcome.set_ok(true);
    outcome.set_changed(done->changed);
    outcome.set_downtime_ms(done->downtime.count());
    for (const auto& line : done->log) outcome.add_log(line);
  } else {
    outcome = Failure(done.error());
  }
  for (const auto& [what, value] : *proof) (*outcome.mutable_proof_before())[what] = value;
  if (const auto after = driver.Prove(dispatch, state); after.ok()) {
    for (const auto& [what, value] : *after) (*outcome.mutable_proof_after())[what] = value;
  }
  const bool forget = done.ok() && done->forget_object;
  v1::ActionResult result = ResultFor(dispatch, std::move(outcome));
  if (forget) {
    v1::ObservedFacts& gone = *result.add_facts();
    *gone.mutable_object() = dispatch.action().object();
    gone.set_gone(true);
    gone.set_spec_uid(state.uid());
    std::lock_guard lock(mutex_);
    facts_.erase(ObjectKey(dispatch.action().object()));
    gone.set_sequence(++fact_sequence_);
  } else if (auto facts = ObserveObject(state, driver, state.watched_spec()); facts) {
    std::lock_guard lock(mutex_);
    Remember(*facts);
    *result.add_facts() = *std::move(facts);
  }
  std::lock_guard lock(mutex_);
  const std::string name = ActionKey(dispatch);
  const Status kept = forget ? journal_.FinishAndForget(name, result, dispatch.action().object())
                             : journal_.Finish(name, result, state);
  if (!kept.ok()) {
    // The answer is true all the same; after a crash the effect is found and told again.
    log::Error("the outcome of an action cannot be journalled",
               {{key::kAction, dispatch.action().id()}, {key::kError, kept.error().ToString()}});
  }
  PW_FAULT(kAgentResultJournalled);
  v1::AgentMessage message;
  *message.mutable_result() = std::move(result);
  SendLocked(std::move(message));
}

}  // namespace podwright::agent
