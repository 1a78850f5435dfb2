// Makes runs of plans: which actions of a plan go into a run, and the records that a run begins with.
//
// Threading: under the control plane's lock. Nothing is written but through the Change.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "podwright/v1/plan.pb.h"
#include "reconciler/control/change.h"
#include "reconciler/control/core.h"

namespace podwright::control {

// What of a plan a run on `objects` can do.
struct Selection {
  std::vector<v1::Action> actions;              // in the plan's order
  std::map<ObjectId, std::string> blocked;      // waits for an object that no run works on: which
  std::map<ObjectId, const v1::Slice*> slices;  // of `objects`; into the plan
};

Selection SelectActions(const Core& core, const std::string& workspace, const v1::Plan& plan,
                        const std::set<ObjectId>& objects);

struct RunSeed {
  std::string workspace;
  std::string owner;
  std::string actor;
  std::set<ObjectId> objects;
  bool bound = false;
  bool background = false;
  // Of the policy; unset: they are found by the labels that are stored.
  std::optional<std::map<ObjectId, std::uint32_t>> waves;
};

// A queued run with its parts and actions; supersedes whatever runs had of these objects.
RunId AddRun(Core& core, Change& change, const RunSeed& seed, const v1::Plan& plan);

// Ends the object's part of the run that works on it, if one does: what is not begun is skipped.
void Supersede(Core& core, Change& change, const ObjectId& object);

// Just before a run begins: facts may have changed since it was planned. Journalled actions that are no longer the
// plan are put aside for the present ones; a bound run's part is stalled instead.
void RefreshPlan(Core& core, const RunId& id, Change& change);

// The same for some objects of a run that is under way and of which nothing has begun: all of them together, because
// they may wait for each other.
void RefreshObjects(Core& core, const RunId& id, const std::set<ObjectId>& objects, Change& change);

// The plan's id of a run's action.
std::string BaseId(const std::string& action_id);

// Records for the selected actions, from `place` on.
void AddActions(Change& change, const RunId& id, std::size_t place, std::uint32_t round,
                const std::vector<v1::Action>& actions);

// What the object refers to and may still come, for people: "server/web-1, which does not exist yet".
std::vector<std::string> AwaitedOf(Core& core, const ObjectId& object);

}  // namespace podwright::control
