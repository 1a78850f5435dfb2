// systemd units: enabled, running, reloaded, and restarted at most once an action.
#include "agent/drivers/server/family.h"

namespace podwright::drivers::server {
namespace {

using v1::kinds::ServerUnit;
using v1::kinds::UnitAction;

constexpr char kSet[] = "server.unit.set";
constexpr char kReload[] = "server.unit.reload";
constexpr char kRestart[] = "server.unit.restart";

bool WantsEnabled(const ServerUnit& unit) {
  return !unit.has_enabled() || unit.enabled();
}
bool WantsRunning(const ServerUnit& unit) {
  return !unit.has_running() || unit.running();
}
const char* Word(bool value) {
  return value ? "true" : "false";
}

class Units final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "unit"; }
  std::vector<std::string> Verbs() const override { return {kSet, kReload, kRestart}; }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& state, ServerObserved& observed) override {
    std::vector<std::string> names = KeysOf(spec.units());
    for (const std::string& name : KeysOf(state.owed())) {
      if (!spec.units().contains(name)) names.push_back(name);
    }
    PW_ASSIGN(const auto states, env_.host.units.Show(names));
    for (const auto& [name, unit] : states) {
      const auto owed = state.owed().find(name);
      const bool owes =
          owed != state.owed().end() && unit.Active() && owed->second.invocation_id() == unit.invocation_id;
      if (!owes && !spec.units().contains(name)) continue;
      auto& found = (*observed.mutable_units())[name];
      found.set_load_state(unit.load_state);
      found.set_active(unit.Active());
      found.set_enabled(unit.Enabled());
      found.set_failed(unit.Failed());
      if (!unit.invocation_id.empty()) found.set_invocation_id(unit.invocation_id);
      if (owes) found.set_owed(owed->second.what());
    }
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& /*state*/,
                             const ServerObserved& observed) override {
    std::vector<Drift> drift;
    for (const std::string& name : KeysOf(confirmed.units())) {
      const ServerUnit& wanted = confirmed.units().at(name);
      const auto found = observed.units().find(name);
      if (found == observed.units().end() || found->second.load_state() != "loaded") {
        drift.push_back(
            {name, name + " is " + (found == observed.units().end() ? "gone" : found->second.load_state()), false});
      } else if (WantsRunning(wanted) && !found->second.active()) {
        drift.push_back({name, name + (found->second.failed() ? " has failed" : " is stopped")});
      } else if (WantsEnabled(wanted) != found->second.enabled()) {
        drift.push_back({name, name + (found->second.enabled() ? " is enabled" : " is not enabled any more")});
      } else if (!WantsRunning(wanted) && found->second.active()) {
        // Stopping what runs is a decision for a plan.
        drift.push_back({name, name + " runs and should not", false});
      }
    }
    return drift;
  }

  void Watch(const ServerSpec& spec, Watches& watches) const override {
    if (spec.units().empty()) return;
    watches.folders.insert("/run/systemd/units");
    watches.folders.insert("/etc/systemd/system");
    watches.folders.insert("/etc/systemd/system/multi-user.target.wants");
    for (const auto& entry : spec.units()) watches.units.push_back(entry.first);
  }

  Result<std::string> Fact(const std::string& fact, const std::string& what,
                           const v1::ObjectState& /*state*/) override {
    if (fact != "unit.active" && fact != "unit.enabled" && fact != "unit.invocation_id") return NotFound(fact);
    PW_ASSIGN(const host::UnitState state, One(what));
    if (state.load_state == "not-found") return std::string();
    if (fact == "unit.active") return std::string(Word(state.Active()));
    if (fact == "unit.enabled") return std::string(Word(state.Enabled()));
    return state.invocation_id;
  }

  Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& /*state*/) override {
    PW_ASSIGN(const auto payload, ParsePayload<UnitAction>(action));
    PW_ASSIGN(const host::UnitState state, One(payload.unit()));
    return Proof{{"invocation_id:" + payload.unit(), state.invocation_id},
                 {"active:" + payload.unit(), Word(state.Active())},
                 {"enabled:" + payload.unit(), Word(state.Enabled())}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& wanted, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<UnitAction>(action));
    if (payload.daemon_reload()) {
      PW_TRY(env_.host.units.DaemonReload());
    }
    if (action.verb() == kSet) return Set(context, payload, wanted, state);
    PW_ASSIGN(Done done, action.verb() == kReload ? Reload(payload.unit()) : Restart(context, payload.unit(), wanted));
    state.mutable_owed()->erase(payload.unit());
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<UnitAction>(dispatch.action());
    if (!payload.ok() || dispatch.action().verb() != kSet) return;
    ServerUnit item;
    if (payload->has_enabled()) item.set_enabled(payload->enabled());
    if (payload->has_running()) item.set_running(payload->running());
    ConfirmItem(payload->unit(), wanted.units(), dispatch.compensation(), &item, *confirmed.mutable_units());
  }

  Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& /*state*/) override {
    const ServerUnit& wanted = confirmed.units().at(drift.name);
    PW_ASSIGN(const host::UnitState now, One(drift.name));
    if (now.Enabled() != WantsEnabled(wanted)) {
      PW_TRY(env_.host.units.SetEnabled(drift.name, WantsEnabled(wanted)));
    }
    return WantsRunning(wanted) && !now.Active() ? env_.host.units.Start(drift.name) : Ok();
  }

  Status TakeAway(const std::string& name, v1::ObjectState& state) override {
    PW_ASSIGN(const host::UnitState now, One(name));
    if (now.load_state != "not-found") {
      if (now.Active()) {
        PW_TRY(env_.host.units.Stop(name));
      }
      if (now.unit_file_state == "enabled") {
        PW_TRY(env_.host.units.SetEnabled(name, false));
      }
    }
    DropManaged(state, "unit:" + name);
    return Ok();
  }

 private:
  Result<host::UnitState> One(const std::string& unit) {
    PW_ASSIGN(const auto states, env_.host.units.Show({unit}));
    return states.empty() ? host::UnitState() : states.begin()->second;
  }

  Result<host::UnitState> Loaded(const std::string& unit) {
    PW_ASSIGN(host::UnitState state, One(unit));
    if (state.load_state == "not-found") {
      // Its file may be newer than what systemd has read.
      PW_TRY(env_.host.units.DaemonReload());
      PW_ASSIGN(state, One(unit));
    }
    if (state.load_state == "loaded") return state;
    return Error(ErrorCode::kFailedPrecondition,
                 "systemd says that " + unit + " is " + state.load_state +
                     "; the package or the file that brings it must be there first",
                 Retry::kBackoff);
  }

  Status Switch(const std::string& unit, const UnitAction& payload, const host::UnitState& now) {
    if (payload.has_enabled() && now.Enabled() != payload.enabled()) {
      PW_TRY(env_.host.units.SetEnabled(unit, payload.enabled()));
    }
    if (!payload.has_running() || now.Active() == payload.running()) return Ok();
    return payload.running() ? env_.host.units.Start(unit) : env_.host.units.Stop(unit);
  }

  Result<Done> Set(const ActionContext& context, const UnitAction& payload, const ServerSpec& wanted,
                   v1::ObjectState& state) {
    const std::string& unit = payload.unit();
    const bool listed = wanted.units().contains(unit);
    Done done;
    PW_ASSIGN(const host::UnitState first, One(unit));
    if (!listed && first.load_state == "not-found") {
      DropManaged(state, "unit:" + unit);
      return done;
    }
    PW_ASSIGN(const host::UnitState now, Loaded(unit));
    const Status set = Switch(unit, payload, now);
    PW_ASSIGN(const host::UnitState after, One(unit));
    const bool was_enabled = Noted(context, "enabled:" + unit) == "true";
    const bool was_active = Noted(context, "active:" + unit) == "true";
    // What was switched on is ours, also when what came after it failed.
    if (!listed && set.ok()) {
      DropManaged(state, "unit:" + unit);
    } else if (listed && ((!was_enabled && after.Enabled()) || (!was_active && after.Active()))) {
      AddManaged(state, "unit:" + unit);
    }
    PW_TRY(set);
    if (payload.has_running() && payload.running() && after.Failed()) {
      return Error(ErrorCode::kInternal, unit + " failed right after its start; `journalctl -u " + unit + "` says why",
                   Retry::kBackoff);
    }
    done.changed = was_enabled != after.Enabled() || was_active != after.Active();
    return done;
  }

  Result<Done> Reload(const std::string& unit) {
    Done done;
    PW_ASSIGN(const host::UnitState now, One(unit));
    if (!now.Active()) {
      done.log.push_back(unit + " does not run: nothing to reload");
      return done;
    }
    PW_TRY(env_.host.units.Reload(unit));
    done.changed = true;
    return done;
  }

  Result<Done> Restart(const ActionContext& context, const std::string& unit, const ServerSpec& wanted) {
    Done done;
    PW_ASSIGN(const host::UnitState now, Loaded(unit));
    const std::string before = Noted(context, "invocation_id:" + unit);
    if (context.resumed && now.Active() && !now.invocation_id.empty() && now.invocation_id != before) {
      done.log.push_back(unit + " was restarted by an earlier try of this action: not again");
      done.changed = true;
      done.downtime = Downtime(now);
      return done;
    }
    if (!now.Active()) {
      const auto listed = wanted.units().find(unit);
      if (listed == wanted.units().end() || !WantsRunning(listed->second)) {
        done.log.push_back(unit + " does not run: nothing to restart");
        return done;
      }
      PW_TRY(env_.host.units.Start(unit));
      done.changed = true;
      return done;
    }
    PW_TRY(env_.host.units.Restart(unit));
    PW_ASSIGN(const host::UnitState after, One(unit));
    if (!after.Active()) {
      return Error(ErrorCode::kInternal,
                   unit + " does not run after its restart; `journalctl -u " + unit + "` says why", Retry::kBackoff);
    }
    done.changed = true;
    done.downtime = Downtime(after);
    return done;
  }

  static std::chrono::milliseconds Downtime(const host::UnitState& state) {
    const std::int64_t us = state.started_us - state.stopped_us;
    return std::chrono::milliseconds(state.stopped_us > 0 && us > 0 ? us / 1000 : 0);
  }
};

}  // namespace

std::unique_ptr<Family> MakeUnits(Environment& env) {
  return std::make_unique<Units>(env);
}

}  // namespace podwright::drivers::server
