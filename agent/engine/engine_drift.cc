// Watching: what differs from what was confirmed is told, and brought back unless it is paused.
#include <utility>

#include "agent/engine/engine.h"
#include "agent/engine/host_pause.h"
#include "core/log.h"
#include "core/log_keys.h"

namespace podwright::agent {

namespace key = log::key;

std::string Engine::UnitStamp() {
  const drivers::Watches watches = Watch();
  return watches.units.empty() ? "" : host_.units.Stamp(watches.units);
}

bool Engine::Paused(const v1::ObjectRef& object) {
  std::lock_guard lock(mutex_);
  for (const v1::PauseState& pause : PausesLocked()) {
    if (pause.object().kind().empty() ||
        (pause.object().kind() == object.kind() && pause.object().name() == object.name())) {
      return true;
    }
  }
  return false;
}

std::optional<v1::ObservedFacts> Engine::ObserveObject(const v1::ObjectState& state, drivers::Driver& driver,
                                                       const std::string& spec) {
  const auto seen = driver.Observe(state, spec);
  if (!seen.ok()) {
    log::Warn("the server cannot be observed",
              {{key::kObject, ObjectKey(state.object())}, {key::kError, seen.error().ToString()}});
    return std::nullopt;
  }
  v1::ObservedFacts facts;
  *facts.mutable_object() = state.object();
  facts.set_observed(seen->observed);
  facts.set_spec_uid(state.uid());
  facts.set_confirmed_generation(state.confirmed_generation());
  facts.set_drifted(!seen->drift.empty());
  std::string drift;
  for (const auto& text : seen->drift) drift += (drift.empty() ? "" : "; ") + text;
  facts.set_drift(drift);
  return facts;
}

bool Engine::Remember(v1::ObservedFacts& facts) {
  v1::ObservedFacts& known = facts_[ObjectKey(facts.object())];
  facts.set_sequence(known.sequence());
  const bool news = known.SerializeAsString() != facts.SerializeAsString();
  if (news) facts.set_sequence(++fact_sequence_);
  known = facts;
  return news;
}

void Engine::Publish(std::vector<v1::ObservedFacts> facts) {
  std::lock_guard lock(mutex_);
  v1::AgentMessage message;
  for (v1::ObservedFacts& one : facts) {
    if (Remember(one)) *message.mutable_facts()->add_facts() = std::move(one);
  }
  if (message.facts().facts_size() > 0) SendLocked(std::move(message));
}

void Engine::LookAround() {
  std::vector<v1::ObjectRef> objects;
  for (const v1::ObjectState& state : StatesOf("")) objects.push_back(state.object());
  for (const v1::ObjectRef& object : objects) {
    // To look at everything takes its time; what came meanwhile, or turned elsewhere, does not wait for it.
    RunWaiting();
    TickDrivers();
    v1::ObjectState state;
    {
      std::lock_guard lock(mutex_);
      if (!journal_.state().objects().contains(ObjectKey(object))) continue;  // gone meanwhile
      state = journal_.Object(object);
    }
    drivers::Driver* driver = DriverOf(state.object().kind());
    if (driver == nullptr) continue;
    auto facts = ObserveObject(state, *driver, state.watched_spec());
    if (!facts) continue;
    const bool drifted = facts->drifted();
    // The drift is told before it is undone: a plan that is made now must see it.
    Publish({*std::move(facts)});
    if (drifted && !Paused(state.object())) RepairObject(state.object(), *driver);
  }
}

void Engine::RepairObject(const v1::ObjectRef& ref, drivers::Driver& driver) {
  v1::ObjectState state;
  {
    std::lock_guard lock(mutex_);
    state = journal_.Object(ref);
  }
  const std::string prefix = ObjectKey(ref) + " ";
  const auto permit = [&](const std::string& item) { return limits_.Permit(prefix + item, clock_.Steady()); };
  const std::vector<drivers::Repair> repairs = driver.RepairDrift(state, permit);
  if (repairs.empty()) return;
  {
    std::lock_guard lock(mutex_);
    const Status kept = journal_.PutObject(state);
    if (!kept.ok()) log::Error("the journal cannot be written", {{key::kError, kept.error().ToString()}});
  }
  for (const drivers::Repair& repair : repairs) {
    if (repair.outcome.ok()) {
      log::Info("drift is repaired", {{key::kObject, ObjectKey(ref)}, {key::kName, repair.item}});
      AddEvent("drift.repaired", ref, repair.what + ": brought back", {{"item", repair.item}});
    } else {
      const std::string error = repair.outcome.error().ToString();
      log::Warn("drift cannot be repaired",
                {{key::kObject, ObjectKey(ref)}, {key::kName, repair.item}, {key::kError, error}});
      AddEvent("drift.repair-failed", ref, repair.what + ": cannot be brought back: " + error, {{"item", repair.item}});
    }
  }
  if (auto facts = ObserveObject(state, driver, state.watched_spec()); facts) Publish({*std::move(facts)});
}

void Engine::ReadHostPauseFile() {
  if (options_.state_folder.empty()) return;
  const auto found = ReadHostPause(options_.state_folder);
  if (!found.ok()) {
    if (pause_problem_ != found.error().message())
      log::Warn("the pause on the host is not read", {{key::kError, found.error().ToString()}});
    pause_problem_ = found.error().message();
    return;
  }
  pause_problem_.clear();
  v1::PauseState before;
  {
    std::lock_guard lock(mutex_);
    before = journal_.state().host_pause();
  }
  const std::int64_t now = ToUnixMillis(clock_.Now());
  const bool wanted = *found && (*found)->until_unix_ms > now;
  if (!wanted) {
    if (*found) {
      const Status removed = RemoveHostPause(options_.state_folder);
      if (!removed.ok()) log::Warn("an old pause cannot be removed", {{key::kError, removed.error().ToString()}});
    }
    if (before.until_unix_ms() == 0) return;
    {
      std::lock_guard lock(mutex_);
      if (!journal_.SetHostPause({}).ok()) return;
      changed_at_ = clock_.Steady();
    }
    const bool expired = before.until_unix_ms() <= now;
    AddEvent("agent.resumed", {}, expired ? "The pause on the server has expired." : "Resumed on the server.", {});
    return;
  }
  if (before.until_unix_ms() == (*found)->until_unix_ms && before.reason() == (*found)->reason) return;
  v1::PauseState pause;
  pause.set_until_unix_ms((*found)->until_unix_ms);
  pause.set_reason((*found)->reason);
  pause.set_on_host(true);
  {
    std::lock_guard lock(mutex_);
    if (!journal_.SetHostPause(pause).ok()) return;
  }
  AddEvent("agent.paused", {}, "Paused on the server until " + FormatRfc3339(FromUnixMillis(pause.until_unix_ms())),
           {{"reason", pause.reason()}, {"by", (*found)->by}, {"until", std::to_string(pause.until_unix_ms())}});
}

}  // namespace podwright::agent
