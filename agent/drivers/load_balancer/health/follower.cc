#include "agent/drivers/load_balancer/health/follower.h"

#include <algorithm>
#include <utility>

namespace podwright::drivers {
namespace {

using std::chrono::milliseconds;

constexpr char kRolesPrefix[] = "roles ";

std::string HealthTarget(const std::string& id, const std::string& member) {
  return "member " + id + " " + member;
}

ProbeTarget RolesOf(const std::string& address, int port) {
  ProbeTarget target;
  target.type = ProbeType::kRoles;
  target.address = address;
  target.port = port;
  // A switchover is noticed as late as this; to tell roles again costs a server nearly nothing.
  target.interval = milliseconds(200);
  target.timeout = milliseconds(3000);
  target.fall = 5;
  target.rise = 1;
  return target;
}

std::string HostPort(const WatchedMember& member) {
  const bool six = member.address.find(':') != std::string::npos;
  return (six ? "[" + member.address + "]" : member.address) + ":" + std::to_string(member.port);
}

bool IsDown(const BackendView& view, const std::string& member) {
  const auto state = view.states.find(member);
  return state != view.states.end() && state->second == kMemberDown;
}

// One backend serves the primary alone, the other everything but the primary.
void Place(const WatchedBackend& backend, BackendView& view) {
  bool any_replica = false;
  for (const auto& [name, member] : backend.members) {
    any_replica = any_replica || (name != view.primary && !IsDown(view, name));
  }
  for (const auto& [name, member] : backend.members) {
    const bool is_primary = name == view.primary;
    const bool serves = backend.role->serves == FollowedRole::kPrimary ? is_primary : !is_primary || !any_replica;
    if (!serves) view.states[name] = kMemberWaiting;
  }
}

}  // namespace

BackendView InitialView(const WatchedBackend& backend) {
  BackendView view;
  if (!backend.role) return view;
  view.primary = backend.role->initial;
  Place(backend, view);
  return view;
}

std::vector<BackendChange> Follower::Follow(const std::map<std::string, WatchedBackend>& backends) {
  SetTargets(backends);
  TakeTurns();
  std::vector<BackendChange> changes;
  for (const auto& [id, backend] : backends) {
    BackendView view = Judge(id, backend);
    if (!(view == backend.now)) changes.push_back(Tell(id, backend, std::move(view)));
  }
  return changes;
}

void Follower::SetTargets(const std::map<std::string, WatchedBackend>& backends) {
  std::map<std::string, WantedProbe> targets;
  for (const auto& [id, backend] : backends) {
    for (const auto& [name, member] : backend.members) {
      if (member.address.empty()) continue;
      if (backend.check) {
        WantedProbe probe{*backend.check, !IsDown(backend.now, name)};
        probe.target.address = member.address;
        probe.target.port = member.port;
        targets.emplace(HealthTarget(id, name), std::move(probe));
      }
      if (backend.role) targets[kRolesPrefix + member.address] = {RolesOf(member.address, role_port_), true};
    }
    if (!backend.role) continue;
    for (const auto& [server, address] : backend.role->witnesses) {
      targets[kRolesPrefix + address] = {RolesOf(address, role_port_), true};
    }
  }
  const bool same = targets.size() == targets_.size() &&
                    std::equal(targets.begin(), targets.end(), targets_.begin(), [](const auto& a, const auto& b) {
                      return a.first == b.first && a.second.target == b.second.target;
                    });
  if (same) return;
  // What was found of a target that is another one now says nothing.
  for (const auto& [id, probe] : targets_) {
    const auto wanted = targets.find(id);
    if (wanted != targets.end() && wanted->second.target == probe.target) continue;
    up_.erase(id);
    why_.erase(id);
    if (probe.target.type == ProbeType::kRoles) told_.erase(probe.target.address);
  }
  probing_.SetTargets(targets);
  targets_ = std::move(targets);
}

void Follower::TakeTurns() {
  for (const ProbeTurn& turn : probing_.TakeTurns()) {
    const auto target = targets_.find(turn.id);
    if (target == targets_.end()) continue;
    if (turn.type != ProbeType::kRoles) {
      up_[turn.id] = turn.up;
      why_[turn.id] = turn.why;
      continue;
    }
    const auto claims = roles::ParseClaims(turn.answer);
    if (turn.up && claims.ok()) {
      told_[target->second.target.address] = *claims;
    } else {
      told_.erase(target->second.target.address);
    }
  }
}

bool Follower::Up(const std::string& id, const WatchedBackend& backend, const std::string& member) const {
  if (!backend.check) return true;
  const auto found = up_.find(HealthTarget(id, member));
  return found == up_.end() ? !IsDown(backend.now, member) : found->second;
}

BackendView Follower::Judge(const std::string& id, const WatchedBackend& backend) const {
  BackendView view;
  for (const auto& [name, member] : backend.members) {
    if (!Up(id, backend, name)) view.states[name] = kMemberDown;
  }
  if (backend.role) JudgeRoles(backend, view);
  return view;
}

void Follower::JudgeRoles(const WatchedBackend& backend, BackendView& view) const {
  FollowedObject object{backend.role->kind, backend.role->name, {}, {}};
  ToldRoles told;
  const auto tell = [&](const std::string& server, const std::string& address) {
    if (const auto claims = told_.find(address); claims != told_.end()) told[server] = claims->second;
  };
  for (const auto& [server, member] : backend.members) {
    object.members[server] = HostPort(member);
    tell(server, member.address);
  }
  for (const auto& [server, address] : backend.role->witnesses) {
    object.witnesses.insert(server);
    tell(server, address);
  }
  PrimaryChoice before{backend.now.primary, backend.now.epoch};
  if (!backend.members.contains(before.server)) before.server = backend.role->initial;
  const PrimaryChoice choice = ChoosePrimary(object, told, before);
  view.primary = choice.server;
  view.epoch = choice.epoch;
  Place(backend, view);
}

BackendChange Follower::Tell(const std::string& id, const WatchedBackend& backend, BackendView view) const {
  BackendChange change;
  change.id = id;
  for (const auto& [name, member] : backend.members) {
    const bool was = IsDown(backend.now, name);
    const bool is = IsDown(view, name);
    if (was == is) continue;
    const auto why = why_.find(HealthTarget(id, name));
    const std::string reason = why == why_.end() || why->second.empty() ? "" : ": " + why->second;
    // A member that only waits is out for its role, not for its health.
    if (!is && view.states.contains(name)) continue;
    change.lines.push_back({is ? "load_balancer.member-down" : "load_balancer.member-up", name,
                            "Backend " + backend.backend + ": " + name + " (" + HostPort(member) + ") is " +
                                (is ? "down" + reason : "up again")});
  }
  if (backend.role && view.primary != backend.now.primary && !view.primary.empty()) {
    change.lines.push_back({"load_balancer.primary-followed", view.primary,
                            "Backend " + backend.backend + ": the primary of " + backend.role->kind + "/" +
                                backend.role->name + " is " + view.primary +
                                (backend.now.primary.empty() ? "" : ", before " + backend.now.primary)});
  }
  change.view = std::move(view);
  return change;
}

}  // namespace podwright::drivers
