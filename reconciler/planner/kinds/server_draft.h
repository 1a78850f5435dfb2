// Builds a server's slice: what the parts of the server planner share. Internal.
//
// One per slice, on one thread; refers to inputs that outlive it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

using Place = std::size_t;  // of an action in the draft
using Places = std::vector<Place>;

// How far what was observed can be trusted to be all that there is.
enum class Sight {
  kObserved,    // the agent said what is there
  kNewMachine,  // made by this plan or just made: nothing of people's can be there
  kUnseen,      // an existing server that was never observed
};

class ServerDraft {
 public:
  ServerDraft(const ObjectInput& object, RecordingReader& reader);

  const std::string& name() const { return object_.key.name; }
  const ObjectInput& object() const { return object_; }
  const v1::kinds::ServerSpec& spec() const { return spec_; }
  // Empty where nothing was observed or the machine is made anew.
  const v1::kinds::ServerObserved& observed() const { return *observed_; }
  RecordingReader& reader() { return reader_; }
  Sight sight() const { return sight_; }
  // The agent's facts, where this plan's actions go to the agent that said them.
  const AgentInput* agent() const { return agent_; }
  SliceDraft& draft() { return draft_; }

  // From here on everything is planned as on an empty machine, after these actions.
  void OnNewMachine(Places after);

  // An action of the agent. It waits for the machine, at least.
  ActionDraft Agent(std::string verb, std::string subject, std::string summary) const;
  Place Add(ActionDraft action, Places after);
  const v1::Action& At(Place place) const { return draft_.actions[place].action; }

  // "file.sha256:PATH" as it was observed, so that the agent overwrites nothing that this plan did not see.
  void GuardFile(const std::string& path, ActionDraft& action) const;

  // Errors when the agent is known and cannot run one of the actions.
  Status CheckVerbs() const;

 private:
  const ObjectInput& object_;
  const v1::kinds::ServerSpec& spec_;
  RecordingReader& reader_;
  const v1::kinds::ServerObserved* observed_;
  const AgentInput* agent_;
  Sight sight_;
  Places base_;
  SliceDraft draft_;
};

// Each adds its part's actions. `Removals` are of what Podwright brought and is no longer declared.
struct ServerPlaces {
  std::optional<Place> last_package;
  std::map<std::string, Place> users;
  Places files;                            // writes and deliveries
  std::map<std::string, Places> restarts;  // by unit: the files that ask for it
  std::map<std::string, Places> reloads;
  Places unit_removals;
  Places file_removals;
  Places units;  // sets, reloads and restarts

  Places AfterPackages() const { return last_package ? Places{*last_package} : Places{}; }
};

Status PlanMachine(ServerDraft& server);
void PlanUnitRemovals(ServerDraft& server, ServerPlaces& places);
// Each sets `last_package`: packages come after their sources.
Status PlanAptSources(ServerDraft& server, ServerPlaces& places);
void PlanAptSourceRemovals(ServerDraft& server, const ServerPlaces& places);
void PlanPackages(ServerDraft& server, ServerPlaces& places);
void PlanUsers(ServerDraft& server, ServerPlaces& places);
Status PlanFiles(ServerDraft& server, ServerPlaces& places);
Status PlanSecrets(ServerDraft& server, ServerPlaces& places);
Status PlanSysctls(ServerDraft& server, const ServerPlaces& places);
Status PlanFirewall(ServerDraft& server, const ServerPlaces& places);
Status PlanUnits(ServerDraft& server, ServerPlaces& places);
void PlanLastRemovals(ServerDraft& server, const ServerPlaces& places);

// The keys of a protobuf map, sorted: its own order is different from run to run.
template <typename Map>
std::vector<std::string> SortedKeys(const Map& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const auto& [key, value] : map) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

// Of `managed` items with the prefix ("file:"), those whose rest is not in the map, sorted.
template <typename Map>
std::vector<std::string> NoLongerDeclared(const v1::kinds::ServerObserved& observed, std::string_view prefix,
                                          const Map& declared) {
  std::vector<std::string> out;
  for (const std::string& item : observed.managed()) {
    if (item.compare(0, prefix.size(), prefix) != 0) continue;
    std::string rest = item.substr(prefix.size());
    if (declared.find(rest) == declared.end()) out.push_back(std::move(rest));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// "a", "a and b", "a, b and c".
std::string Listed(const std::vector<std::string>& words);

}  // namespace podwright::planner
