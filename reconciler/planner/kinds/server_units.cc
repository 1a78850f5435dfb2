// Units: what is started and enabled, and the restarts and reloads that changed files ask for.
#include <algorithm>

#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/kinds/server_planner.h"

namespace podwright::planner {

namespace {

const v1::kinds::ServerObservedUnit* Find(const ServerDraft& server, const std::string& unit) {
  const auto it = server.observed().units().find(unit);
  return it == server.observed().units().end() ? nullptr : &it->second;
}

// systemd looks at a unit's file again only when it is told to.
bool UnitFileWritten(const ServerDraft& server, const ServerPlaces& places, const std::string& unit) {
  const std::string file = "/etc/systemd/system/" + unit;
  return std::any_of(places.files.begin(), places.files.end(), [&](Place place) {
    const std::string& path = server.At(place).subject();
    return path == file || path.starts_with(file + ".d/");
  });
}

std::vector<std::string> UnitDifferences(const v1::kinds::ServerUnit& wanted, const v1::kinds::ServerObservedUnit* is) {
  std::vector<std::string> out;
  if (is == nullptr || is->enabled() != wanted.enabled()) out.emplace_back(wanted.enabled() ? "enable" : "disable");
  if (is == nullptr || is->active() != wanted.running()) out.emplace_back(wanted.running() ? "start" : "stop");
  return out;
}

ActionDraft SetUnit(const ServerDraft& server, const std::string& unit, bool enabled, bool running,
                    const std::string& summary) {
  ActionDraft action = server.Agent("server.unit.set", unit, summary);
  v1::kinds::UnitAction payload;
  payload.set_unit(unit);
  payload.set_enabled(enabled);
  payload.set_running(running);
  action.SetPayload(payload);
  const v1::kinds::ServerObservedUnit* is = Find(server, unit);
  if (is == nullptr || is->load_state() == "not-found") return action;
  payload.set_enabled(is->enabled());
  payload.set_running(is->active());
  action.SetCompensation("server.unit.set", "set " + unit + " back to how it was", payload);
  if (is->active() && !running) action.action.set_disruption(v1::DISRUPTION_RESTART);
  return action;
}

Places BeforeUnits(const ServerPlaces& places) {
  Places after = places.AfterPackages();
  for (const auto& [user, place] : places.users) after.push_back(place);
  after.insert(after.end(), places.files.begin(), places.files.end());
  return after;
}

Status SetUnits(ServerDraft& server, const ServerPlaces& places, std::map<std::string, Place>& sets) {
  for (const std::string& unit : SortedKeys(server.spec().units())) {
    const v1::kinds::ServerUnit& wanted = server.spec().units().at(unit);
    const v1::kinds::ServerObservedUnit* is = Find(server, unit);
    if (is != nullptr && is->load_state() == "masked" && (wanted.enabled() || wanted.running())) {
      return FailedPrecondition("the unit " + unit + " on " + server.name() + " is masked: unmask it first");
    }
    const bool look_again = UnitFileWritten(server, places, unit);
    const std::vector<std::string> differences = UnitDifferences(wanted, is);
    if (differences.empty() && !look_again) continue;
    const std::string what = differences.empty() ? "read the file of" : Listed(differences);
    ActionDraft action = SetUnit(server, unit, wanted.enabled(), wanted.running(), what + " " + unit);
    if (look_again) {
      v1::kinds::UnitAction payload;
      payload.set_unit(unit);
      payload.set_enabled(wanted.enabled());
      payload.set_running(wanted.running());
      payload.set_daemon_reload(true);
      action.SetPayload(payload);
    }
    sets[unit] = server.Add(std::move(action), BeforeUnits(places));
  }
  return Ok();
}

enum class Nudge { kReload, kRestart };

struct Nudges {
  Nudge nudge = Nudge::kReload;
  Places files;
};

// Restart supersedes reload, and either is one however many files ask for it.
std::map<std::string, Nudges> Collect(const ServerDraft& server, const ServerPlaces& places) {
  std::map<std::string, Nudges> out;
  for (const auto& [unit, files] : places.reloads) out[unit].files = files;
  for (const auto& [unit, files] : places.restarts) {
    Nudges& nudges = out[unit];
    nudges.nudge = Nudge::kRestart;
    nudges.files.insert(nudges.files.end(), files.begin(), files.end());
  }
  for (const std::string& unit : SortedKeys(server.observed().units())) {
    const std::string& owed = server.observed().units().at(unit).owed();
    if (owed.empty()) continue;
    Nudges& nudges = out[unit];
    if (owed == "restart") nudges.nudge = Nudge::kRestart;
  }
  return out;
}

// A unit that is known to be down reads its files when it starts; one that is not wanted to run has nothing to read.
bool Needless(const ServerDraft& server, const std::string& unit) {
  const v1::kinds::ServerObservedUnit* is = Find(server, unit);
  if (is != nullptr && is->load_state() == "loaded" && !is->active()) return true;
  const auto it = server.spec().units().find(unit);
  return it != server.spec().units().end() && !it->second.running();
}

void AddNudge(ServerDraft& server, ServerPlaces& places, const std::string& unit, const Nudges& nudges,
              const std::map<std::string, Place>& sets) {
  const bool restart = nudges.nudge == Nudge::kRestart;
  const std::string verb = restart ? "restart" : "reload";
  std::vector<std::string> paths;
  for (const Place file : nudges.files) paths.push_back(server.At(file).subject());
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  const std::string why = paths.empty()       ? "still owed"
                          : paths.size() == 1 ? "for " + paths.front()
                                              : "for " + std::to_string(paths.size()) + " files";
  ActionDraft action = server.Agent("server.unit." + verb, unit, verb + " " + unit + " (" + why + ")");
  v1::kinds::UnitAction payload;
  payload.set_unit(unit);
  payload.set_daemon_reload(UnitFileWritten(server, places, unit));
  action.SetPayload(payload);
  const v1::kinds::ServerObservedUnit* is = Find(server, unit);
  // What does not run yet is not disturbed. Of units that are not declared nothing is observed.
  const bool runs = is != nullptr ? is->active() : server.sight() == Sight::kObserved && !sets.contains(unit);
  if (runs) {
    action.action.set_disruption(restart ? v1::DISRUPTION_RESTART : v1::DISRUPTION_RELOAD);
    action.action.set_downtime_ms(restart ? kRestartDowntimeMs : 0);
  }
  Places after = places.AfterPackages();
  after.insert(after.end(), nudges.files.begin(), nudges.files.end());
  if (const auto set = sets.find(unit); set != sets.end()) after.push_back(set->second);
  places.units.push_back(server.Add(std::move(action), std::move(after)));
}

}  // namespace

void PlanUnitRemovals(ServerDraft& server, ServerPlaces& places) {
  for (const std::string& unit : NoLongerDeclared(server.observed(), "unit:", server.spec().units())) {
    ActionDraft action = SetUnit(server, unit, false, false, "stop and disable " + unit + " (no longer declared)");
    action.action.set_deletes(true);
    places.unit_removals.push_back(server.Add(std::move(action), {}));
  }
}

Status PlanUnits(ServerDraft& server, ServerPlaces& places) {
  std::map<std::string, Place> sets;
  PW_TRY(SetUnits(server, places, sets));
  for (const auto& [unit, place] : sets) places.units.push_back(place);
  for (const auto& [unit, nudges] : Collect(server, places)) {
    if (!Needless(server, unit)) AddNudge(server, places, unit, nudges, sets);
  }
  return Ok();
}

}  // namespace podwright::planner
