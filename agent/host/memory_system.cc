#include "agent/host/memory_parts.h"

namespace podwright::host {

// ---- packages ----

Result<std::map<std::string, std::string>> MemoryPackages::Installed(const std::vector<std::string>& names) {
  PW_TRY(MemoryParts::Fault(host, "packages.installed"));
  std::map<std::string, std::string> found;
  for (const auto& name : names) {
    if (const auto at = host.packages.find(name); at != host.packages.end()) found.insert(*at);
  }
  return found;
}

Status MemoryPackages::Install(const std::string& name, const std::string& version) {
  PW_TRY(MemoryParts::Fault(host, "packages.install"));
  const auto found = host.available.find(name);
  if (found == host.available.end() || (!version.empty() && !found->second.contains(version))) {
    return NotFound("no source has the package " + name + (version.empty() ? "" : " in version " + version));
  }
  host.packages[name] = version.empty() ? *found->second.rbegin() : version;
  MemoryParts::Effect(host, "packages.install " + name);
  return Ok();
}

Status MemoryPackages::Remove(const std::string& name) {
  PW_TRY(MemoryParts::Fault(host, "packages.remove"));
  host.packages.erase(name);
  MemoryParts::Effect(host, "packages.remove " + name);
  return Ok();
}

// ---- units ----

Result<MemoryHost::Unit*> MemoryUnits::Loaded(const std::string& unit) {
  if (!InterfaceOfUnit(unit).empty() && host.packages.contains("wireguard-tools")) {
    host.units.try_emplace(unit, MemoryHost::Unit{{"loaded", "inactive", "disabled", "", 0, 0}});
  }
  const auto found = host.units.find(unit);
  if (found == host.units.end()) return NotFound("Unit " + unit + " not found.");
  return &found->second;
}

Status MemoryUnits::Run(const std::string& name, MemoryHost::Unit& unit) {
  unit.state.invocation_id = "invocation-" + std::to_string(MemoryParts::Next(host));
  unit.state.active_state = unit.fails_to_start ? "failed" : "active";
  unit.state.started_us = unit.state.stopped_us + 1'000'000;
  if (!unit.fails_to_start) MemoryParts::MeshStarted(host, name);
  if (unit.fails_to_start) return Internal("Job for " + name + " failed because the control process exited");
  return Ok();
}

Result<std::map<std::string, UnitState>> MemoryUnits::Show(const std::vector<std::string>& names) {
  PW_TRY(MemoryParts::Fault(host, "units.show"));
  std::map<std::string, UnitState> found;
  for (const auto& name : names) {
    const auto at = host.units.find(name);
    if (at == host.units.end()) {
      found[name].load_state = "not-found";
      found[name].active_state = "inactive";
    } else {
      found[name] = at->second.state;
    }
  }
  return found;
}

std::string MemoryUnits::Stamp(const std::vector<std::string>& names) {
  std::string stamp;
  for (const auto& name : names) {
    const auto at = host.units.find(name);
    const bool runs = at != host.units.end() && at->second.state.Active();
    if (runs) stamp += at->second.state.invocation_id;
    stamp += ';';
  }
  return stamp;
}

Status MemoryUnits::SetEnabled(const std::string& unit, bool enabled) {
  PW_TRY(MemoryParts::Fault(host, "units.enable"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  found->state.unit_file_state = enabled ? "enabled" : "disabled";
  MemoryParts::Effect(host, std::string(enabled ? "units.enable " : "units.disable ") + unit);
  return Ok();
}

Status MemoryUnits::Start(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.start"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  if (found->state.Active()) return Ok();
  MemoryParts::Effect(host, "units.start " + unit);
  return Run(unit, *found);
}

Status MemoryUnits::Stop(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.stop"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  found->state.active_state = "inactive";
  host.wireguard.erase(InterfaceOfUnit(unit));
  MemoryParts::Effect(host, "units.stop " + unit);
  return Ok();
}

Status MemoryUnits::Reload(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.reload"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  if (!found->state.Active()) return FailedPrecondition(unit + " is not active, cannot reload.");
  if (!found->can_reload) return FailedPrecondition("Job type reload is not applicable for unit " + unit + ".");
  MemoryParts::Effect(host, "units.reload " + unit);
  return Ok();
}

Status MemoryUnits::Restart(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.restart"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  MemoryParts::Effect(host, "units.restart " + unit);
  found->state.stopped_us = found->state.started_us + 60'000'000;
  return Run(unit, *found);
}

Status MemoryUnits::DaemonReload() {
  MemoryParts::Effect(host, "units.daemon-reload");
  return Ok();
}

Status MemoryUnits::ArmTimer(const std::string& name, std::chrono::milliseconds delay,
                             const std::vector<std::string>& argv) {
  PW_TRY(MemoryParts::Fault(host, "units.arm"));
  host.timers[name] = {delay, argv};
  return Ok();
}

Status MemoryUnits::DisarmTimer(const std::string& name) {
  PW_TRY(MemoryParts::Fault(host, "units.disarm"));
  host.timers.erase(name);
  return Ok();
}

Result<bool> MemoryUnits::TimerPending(const std::string& name) {
  return host.timers.contains(name);
}

// ---- users ----

Result<std::map<std::string, UserState>> MemoryUsers::Find(const std::vector<std::string>& names) {
  PW_TRY(MemoryParts::Fault(host, "users.find"));
  std::map<std::string, UserState> found;
  for (const auto& name : names) {
    if (const auto at = host.users.find(name); at != host.users.end()) found.insert(*at);
  }
  return found;
}

Status MemoryUsers::CheckGroups(const UserWish& wish) const {
  for (const auto& group : wish.groups) {
    if (!host.groups.contains(group)) return FailedPrecondition("group '" + group + "' does not exist");
  }
  return Ok();
}

Status MemoryUsers::Add(const std::string& name, const UserWish& wish) {
  PW_TRY(MemoryParts::Fault(host, "users.add"));
  PW_TRY(CheckGroups(wish));
  UserState state;
  state.uid = 1000 + static_cast<std::uint32_t>(MemoryParts::Next(host));
  state.primary_group = name;
  state.home = wish.home;
  state.shell = wish.shell;
  state.groups = wish.groups;
  std::sort(state.groups.begin(), state.groups.end());
  host.users[name] = state;
  host.groups.insert(name);
  if (!wish.system) {
    host.files[wish.home] = {FileType::kDirectory, "", {0700, name, name}, 0};
  }
  MemoryParts::Effect(host, "users.add " + name);
  return Ok();
}

Status MemoryUsers::Modify(const std::string& name, const UserWish& wish) {
  PW_TRY(MemoryParts::Fault(host, "users.modify"));
  PW_TRY(CheckGroups(wish));
  const auto found = host.users.find(name);
  if (found == host.users.end()) return NotFound("user '" + name + "' does not exist");
  found->second.home = wish.home;
  found->second.shell = wish.shell;
  found->second.groups = wish.groups;
  std::sort(found->second.groups.begin(), found->second.groups.end());
  MemoryParts::Effect(host, "users.modify " + name);
  return Ok();
}

Status MemoryUsers::Remove(const std::string& name) {
  PW_TRY(MemoryParts::Fault(host, "users.remove"));
  host.users.erase(name);
  MemoryParts::Effect(host, "users.remove " + name);
  return Ok();
}

}  // namespace podwright::host
