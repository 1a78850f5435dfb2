// Between actions: the drivers' own work, and the roles that they tell.
#include <algorithm>
#include <utility>

#include "agent/engine/engine.h"
#include "core/log.h"
#include "core/log_keys.h"

namespace podwright::agent {

namespace key = log::key;

std::vector<v1::ObjectState> Engine::StatesOf(const std::string& kind) {
  std::lock_guard lock(mutex_);
  std::vector<v1::ObjectState> states;
  for (const auto& entry : journal_.state().objects()) {
    if (kind.empty() || entry.second.object().kind() == kind) states.push_back(entry.second);
  }
  return states;
}

SteadyTime Engine::TickDrivers() {
  SteadyTime next = SteadyTime::max();
  for (const auto& [kind, driver] : drivers_) {
    const SteadyTime due = driver->NextTick();
    if (due == SteadyTime::max()) continue;
    // A driver that is always due must not keep the thread from sleeping.
    const SteadyTime now = clock_.Steady();
    const auto ticked = ticked_.find(kind);
    const SteadyTime earliest = ticked == ticked_.end() ? now : ticked->second + options_.tick_gap;
    if (now >= std::max(due, earliest)) {
      ticked_[kind] = now;
      TickDriver(kind, *driver);
    }
    if (const SteadyTime again = driver->NextTick(); again != SteadyTime::max()) {
      next = std::min(next, std::max(again, ticked_.contains(kind) ? ticked_[kind] + options_.tick_gap : again));
    }
  }
  return std::min(next, clock_.Steady() + options_.full_poll);
}

void Engine::TickDriver(const std::string& kind, drivers::Driver& driver) {
  std::vector<v1::ObjectState> states = StatesOf(kind);
  const drivers::TickOutcome outcome = driver.Tick(states);
  v1::ObjectRef ref;
  ref.set_kind(kind);
  for (const drivers::Happening& happening : outcome.happenings) {
    ref.set_name(happening.object);
    log::Info("something happened", {{key::kObject, ObjectKey(ref)}, {key::kName, happening.type}});
    AddEvent(happening.type, ref, happening.message, happening.fields);
  }
  for (const v1::ObjectState& state : states) {
    if (!outcome.changed.contains(state.object().name())) continue;
    {
      std::lock_guard lock(mutex_);
      const Status kept = journal_.PutObject(state);
      if (!kept.ok()) log::Error("the journal cannot be written", {{key::kError, kept.error().ToString()}});
    }
    if (auto facts = ObserveObject(state, driver, state.watched_spec()); facts) Publish({*std::move(facts)});
  }
}

bool Engine::ClaimsRoles() {
  std::lock_guard lock(mutex_);
  return std::any_of(journal_.state().objects().begin(), journal_.state().objects().end(), [&](const auto& entry) {
    const drivers::Driver* driver = DriverOf(entry.second.object().kind());
    return driver != nullptr && driver->ClaimsRoles(entry.second);
  });
}

std::vector<roles::RoleClaim> Engine::Roles() {
  std::vector<roles::RoleClaim> claims;
  for (const v1::ObjectState& state : StatesOf("")) {
    const drivers::Driver* driver = DriverOf(state.object().kind());
    if (driver == nullptr || !driver->ClaimsRoles(state)) continue;
    for (roles::RoleClaim& claim : driver->Roles(state)) claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace podwright::agent
