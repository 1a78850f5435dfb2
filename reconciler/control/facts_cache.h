// What planners may read and people may see of every workspace: desired objects, what agents observed,
// agents, machines, secrets' versions; and the planner that keeps its slices in step with them.
//
// Threading: protected by the control plane's lock.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/records.pb.h"
#include "reconciler/control/tables.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/planner.h"

namespace podwright::kinds {
class Registry;
}

namespace podwright::control {

// The last word of an agent about an object, volatile facts and all.
struct SeenFacts {
  v1::ObservedFacts facts;
  SteadyTime received{};
  bool fresh = false;          // received since this control plane started
  SteadyTime drifted_since{};  // while facts.drifted()
};

class FactsCache {
 public:
  FactsCache(const kinds::Registry& registry, const planner::KindPlanners& planners,
             std::vector<planner::CloudInput> clouds)
      : registry_(registry), planners_(planners), clouds_(std::move(clouds)) {}

  Status PutObject(const v1::StoredObject& object);
  void RemoveObject(const ObjectId& id);
  // Facts with gone = true remove. Of an object that is not there: dropped. Answers whether planners see a change.
  Status PutObserved(const ServerId& server, const v1::ObservedFacts& facts, SteadyTime now, bool fresh);
  void PutAgent(const ServerId& server, const v1::SeenAgent& agent);
  void PutMachine(const v1::MachineRecord& record);
  // The machine is no more: so is what was observed on it, and its agent.
  void RemoveServer(const ServerId& server);
  void RemoveMachine(const ServerId& server);
  void PutSecret(const std::string& workspace, planner::SecretInput secret);
  void RemoveSecret(const std::string& workspace, const std::string& name);
  // Goes with the object. Data-loss: it is no record of the kind.
  Status PutAllocation(const ObjectId& id, const std::string& value);

  const planner::FactBase& Base(const std::string& workspace) { return Of(workspace).base; }
  // Up to date with the facts.
  const planner::Planner& Planner(const std::string& workspace);
  // Another number after every change that planners see; never one of before.
  std::uint64_t Revision(const std::string& workspace);
  // Objects whose slices came out differently since the last call.
  std::set<planner::ObjectKey> TakeChanged(const std::string& workspace);
  std::optional<v1::Slice> Slice(const ObjectId& id);
  // Planner::KeptSlice: cheap. Lives until a fact of the workspace changes.
  const v1::Slice* KeptSlice(const ObjectId& id);

  const SeenFacts* Seen(const ObjectId& id, const std::string& server) const;
  const std::map<std::string, SeenFacts>& SeenOf(const ObjectId& id) const;
  // Everything seen of one server, for its record in the store.
  std::vector<v1::ObservedFacts> SeenOn(const ServerId& server) const;
  // The servers whose agents observe the object, and the objects that a server's agent observes.
  std::vector<std::string> ServersOf(const ObjectId& id);
  std::vector<ObjectId> ObjectsOn(const ServerId& server);
  std::vector<std::string> Workspaces() const;

  // Forgets what comes from the store, before it is read again; what agents said stays aside …
  void Clear();
  // … and is put back, of the objects that are there now.
  Status RestoreSeen();

  const kinds::Registry& registry() const { return registry_; }
  const planner::KindPlanners& planners() const { return planners_; }

 private:
  struct Workspace {
    explicit Workspace(const planner::KindPlanners& planners) : planner(planners) {}
    planner::FactBase base;
    planner::Planner planner;
    bool planned = false;
    std::uint64_t revision = 0;
    std::set<planner::ObjectKey> changed;
    std::map<planner::ObjectKey, std::map<std::string, SeenFacts>> seen;
    std::map<std::string, std::set<planner::ObjectKey>> seen_on;  // by server: what is in `seen`
    std::map<std::string, std::set<planner::ObjectKey>> by_server;
    std::map<planner::ObjectKey, std::vector<std::string>> servers;
  };
  std::unique_ptr<Workspace> NewWorkspace() const;
  Workspace& Of(const std::string& workspace);
  void Index(Workspace& workspace, const planner::ObjectKey& key);

  const kinds::Registry& registry_;
  const planner::KindPlanners& planners_;
  const std::vector<planner::CloudInput> clouds_;
  std::map<std::string, std::unique_ptr<Workspace>> workspaces_;
  std::uint64_t revisions_ = 0;
};

}  // namespace podwright::control
