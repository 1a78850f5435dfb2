#include "reconciler/control/facts_cache.h"

#include <utility>

#include "reconciler/planner/inputs.h"

namespace podwright::control {
namespace {

planner::ObjectKey KeyOf(const ObjectId& id) {
  return {id.kind, id.name};
}

planner::MachineState StateOf(v1::MachineRecordState state) {
  switch (state) {
    case v1::MACHINE_RECORD_STATE_RUNNING: return planner::MachineState::kRunning;
    case v1::MACHINE_RECORD_STATE_DELETING: return planner::MachineState::kDeleting;
    case v1::MACHINE_RECORD_STATE_LOST: return planner::MachineState::kLost;
    default: return planner::MachineState::kIntended;
  }
}

}  // namespace

std::unique_ptr<FactsCache::Workspace> FactsCache::NewWorkspace() const {
  auto workspace = std::make_unique<Workspace>(planners_);
  for (const planner::CloudInput& cloud : clouds_) workspace->base.PutCloud(cloud);
  return workspace;
}

FactsCache::Workspace& FactsCache::Of(const std::string& workspace) {
  std::unique_ptr<Workspace>& slot = workspaces_[workspace];
  if (!slot) slot = NewWorkspace();
  return *slot;
}

Status FactsCache::PutObject(const v1::StoredObject& object) {
  PW_ASSIGN(planner::ObjectInput input, planner::MakeObjectInput(registry_, object));
  Workspace& workspace = Of(object.workspace());
  const planner::ObjectKey key = input.key;
  const auto* before = workspace.base.FindObject(key);
  if (before != nullptr && before->input.uid != object.uid()) RemoveObject(IdOf(object));
  workspace.base.PutObject(std::move(input));
  Index(workspace, key);
  return Ok();
}

void FactsCache::Index(Workspace& workspace, const planner::ObjectKey& key) {
  for (const std::string& server : workspace.servers[key]) workspace.by_server[server].erase(key);
  workspace.servers.erase(key);
  const auto* object = workspace.base.FindObject(key);
  const planner::KindPlanner* kind = planners_.Find(key.kind);
  if (object == nullptr || kind == nullptr) return;
  std::vector<std::string> servers = kind->ServersOf(object->input);
  for (const std::string& server : servers) workspace.by_server[server].insert(key);
  workspace.servers[key] = std::move(servers);
}

void FactsCache::RemoveObject(const ObjectId& id) {
  Workspace& workspace = Of(id.workspace);
  const planner::ObjectKey key = KeyOf(id);
  for (const auto& [server, seen] : workspace.seen[key]) {
    workspace.base.RemoveObserved(key, server);
    workspace.seen_on[server].erase(key);
  }
  workspace.seen.erase(key);
  workspace.base.RemoveObject(key);
  Index(workspace, key);
  if (id.kind == "secret") workspace.base.RemoveSecret(id.name);
  workspace.base.RemoveAllocation(key);
}

Status FactsCache::PutObserved(const ServerId& server, const v1::ObservedFacts& facts, SteadyTime now, bool fresh) {
  Workspace& workspace = Of(server.workspace);
  const planner::ObjectKey key{facts.object().kind(), facts.object().name()};
  const auto* object = workspace.base.FindObject(key);
  const bool other = object == nullptr || (!facts.spec_uid().empty() && facts.spec_uid() != object->input.uid);
  if (other) return Ok();
  if (facts.gone()) {
    workspace.base.RemoveObserved(key, server.server);
    workspace.seen[key].erase(server.server);
    workspace.seen_on[server.server].erase(key);
    return Ok();
  }
  PW_ASSIGN(planner::ObservedInput input, planner::MakeObservedInput(registry_, server.server, facts));
  workspace.base.PutObserved(std::move(input));
  SeenFacts& seen = workspace.seen[key][server.server];
  workspace.seen_on[server.server].insert(key);
  const bool drifted_before = seen.facts.drifted();
  seen.facts = facts;
  seen.received = now;
  seen.fresh = fresh;
  if (facts.drifted() && !drifted_before) seen.drifted_since = now;
  return Ok();
}

void FactsCache::PutAgent(const ServerId& server, const v1::SeenAgent& agent) {
  planner::AgentInput input;
  input.server = server.server;
  input.version = agent.agent_version();
  input.verbs.insert(agent.verbs().begin(), agent.verbs().end());
  for (const auto& [name, value] : agent.capabilities()) input.capabilities[name] = value;
  Of(server.workspace).base.PutAgent(std::move(input));
}

void FactsCache::PutMachine(const v1::MachineRecord& record) {
  planner::MachineInput input;
  input.server = record.server();
  input.cloud = record.cloud();
  input.region = record.region();
  input.size = record.size();
  input.image = record.image();
  for (const auto& [name, value] : record.sysctls()) input.sysctls[name] = value;
  input.id = record.id();
  input.tag = record.tag();
  input.state = StateOf(record.state());
  Of(record.workspace()).base.PutMachine(std::move(input));
}

void FactsCache::RemoveMachine(const ServerId& server) {
  Of(server.workspace).base.RemoveMachine(server.server);
}

void FactsCache::RemoveServer(const ServerId& server) {
  Workspace& workspace = Of(server.workspace);
  workspace.base.RemoveMachine(server.server);
  workspace.base.RemoveAgent(server.server);
  for (const planner::ObjectKey& key : workspace.seen_on[server.server]) {
    workspace.seen[key].erase(server.server);
    workspace.base.RemoveObserved(key, server.server);
  }
  workspace.seen_on.erase(server.server);
}

void FactsCache::PutSecret(const std::string& workspace, planner::SecretInput secret) {
  Of(workspace).base.PutSecret(std::move(secret));
}

void FactsCache::RemoveSecret(const std::string& workspace, const std::string& name) {
  Of(workspace).base.RemoveSecret(name);
}

Status FactsCache::PutAllocation(const ObjectId& id, const std::string& value) {
  const planner::KindPlanner* kind = planners_.Find(id.kind);
  std::shared_ptr<google::protobuf::Message> message;
  if (kind != nullptr) message = kind->NewAllocation();
  if (message == nullptr || !message->ParseFromString(value)) {
    return DataLoss("what was allocated to " + id.Text() + " is damaged");
  }
  Of(id.workspace).base.PutAllocation({KeyOf(id), std::move(message)});
  return Ok();
}

const planner::Planner& FactsCache::Planner(const std::string& name) {
  Workspace& workspace = Of(name);
  if (!workspace.planned) {
    workspace.revision = ++revisions_;
    workspace.base.TakeChangedKeys();
    workspace.planner.Reset(workspace.base);
    workspace.planned = true;
    for (const auto* object : workspace.base.Objects()) workspace.changed.insert(object->input.key);
    return workspace.planner;
  }
  const std::vector<std::string> keys = workspace.base.TakeChangedKeys();
  if (!keys.empty()) {
    workspace.revision = ++revisions_;
    const planner::PlanUpdate update = workspace.planner.Update(workspace.base, keys);
    workspace.changed.insert(update.changed.begin(), update.changed.end());
    workspace.changed.insert(update.replanned.begin(), update.replanned.end());
  }
  return workspace.planner;
}

std::uint64_t FactsCache::Revision(const std::string& workspace) {
  Planner(workspace);
  return Of(workspace).revision;
}

std::set<planner::ObjectKey> FactsCache::TakeChanged(const std::string& workspace) {
  Planner(workspace);
  return std::exchange(Of(workspace).changed, {});
}

std::optional<v1::Slice> FactsCache::Slice(const ObjectId& id) {
  return Planner(id.workspace).CurrentSlice(KeyOf(id));
}

const v1::Slice* FactsCache::KeptSlice(const ObjectId& id) {
  return Planner(id.workspace).KeptSlice(KeyOf(id));
}

const std::map<std::string, SeenFacts>& FactsCache::SeenOf(const ObjectId& id) const {
  static const std::map<std::string, SeenFacts> kNone;
  const auto workspace = workspaces_.find(id.workspace);
  if (workspace == workspaces_.end()) return kNone;
  const auto it = workspace->second->seen.find(KeyOf(id));
  return it == workspace->second->seen.end() ? kNone : it->second;
}

const SeenFacts* FactsCache::Seen(const ObjectId& id, const std::string& server) const {
  const auto& all = SeenOf(id);
  const auto it = all.find(server);
  return it == all.end() ? nullptr : &it->second;
}

std::vector<v1::ObservedFacts> FactsCache::SeenOn(const ServerId& server) const {
  std::vector<v1::ObservedFacts> out;
  const auto workspace = workspaces_.find(server.workspace);
  if (workspace == workspaces_.end()) return out;
  const auto on = workspace->second->seen_on.find(server.server);
  if (on == workspace->second->seen_on.end()) return out;
  for (const planner::ObjectKey& key : on->second) {
    out.push_back(workspace->second->seen.at(key).at(server.server).facts);
  }
  return out;
}

std::vector<std::string> FactsCache::ServersOf(const ObjectId& id) {
  Workspace& workspace = Of(id.workspace);
  const auto it = workspace.servers.find(KeyOf(id));
  return it == workspace.servers.end() ? std::vector<std::string>() : it->second;
}

std::vector<ObjectId> FactsCache::ObjectsOn(const ServerId& server) {
  std::vector<ObjectId> out;
  for (const planner::ObjectKey& key : Of(server.workspace).by_server[server.server]) {
    out.push_back({server.workspace, key.kind, key.name});
  }
  return out;
}

std::vector<std::string> FactsCache::Workspaces() const {
  std::vector<std::string> out;
  for (const auto& [name, workspace] : workspaces_) out.push_back(name);
  return out;
}

void FactsCache::Clear() {
  for (auto& [name, workspace] : workspaces_) {
    auto fresh = NewWorkspace();
    fresh->seen = std::move(workspace->seen);
    workspace = std::move(fresh);
  }
}

Status FactsCache::RestoreSeen() {
  for (auto& [name, workspace] : workspaces_) {
    for (const auto& [key, by_server] : std::exchange(workspace->seen, {})) {
      for (const auto& [server, seen] : by_server) {
        PW_TRY(PutObserved({name, server}, seen.facts, seen.received, seen.fresh));
      }
    }
  }
  return Ok();
}

}  // namespace podwright::control
