#include "reconciler/planner/kinds/server_planner.h"

#include "reconciler/planner/kinds/server_actual.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/kinds/server_firewall.h"

namespace podwright::planner {

namespace {

using v1::kinds::ServerObserved;
using v1::kinds::ServerSpec;
using v1::kinds::ServerStatus;

Result<SliceDraft> PlanLive(const ObjectInput& object, RecordingReader& reader) {
  ServerDraft server(object, reader);
  ServerPlaces places;
  PW_TRY(PlanMachine(server));
  PlanUnitRemovals(server, places);
  PW_TRY(PlanAptSources(server, places));
  PlanPackages(server, places);
  PlanUsers(server, places);
  PW_TRY(PlanFiles(server, places));
  PW_TRY(PlanSecrets(server, places));
  PW_TRY(PlanSysctls(server, places));
  PW_TRY(PlanFirewall(server, places));
  PW_TRY(PlanUnits(server, places));
  PlanLastRemovals(server, places);
  PW_TRY(server.CheckVerbs());
  return std::move(server.draft());
}

ActionDraft DeleteMachine(const std::string& name, const MachineInput& machine) {
  ActionDraft action;
  action.action.set_server(name);
  action.action.set_executor(v1::EXECUTOR_CLOUD);
  action.action.set_verb("server.machine.delete");
  action.action.set_subject(name);
  action.action.set_summary("delete the machine and all that is on it");
  action.action.set_disruption(v1::DISRUPTION_DATA_LOSS);
  action.action.set_deletes(true);
  v1::kinds::MachineAction payload;
  payload.set_cloud(machine.cloud);
  payload.set_region(machine.region);
  payload.set_size(machine.size);
  payload.set_image(machine.image);
  action.SetPayload(payload);
  return action;
}

Result<SliceDraft> PlanDeletion(const ObjectInput& object, RecordingReader& reader) {
  const auto& spec = static_cast<const ServerSpec&>(*object.spec);
  const std::string& name = object.key.name;
  if (spec.deletion_protection()) {
    return FailedPrecondition("server " + name +
                              " is protected from deletion: unset deletion_protection in an earlier apply");
  }
  SliceDraft draft;
  const MachineInput* machine = reader.Machine(name);
  if (machine != nullptr) {
    draft.actions.push_back(DeleteMachine(name, *machine));
    draft.ends_servers.push_back(name);
    return draft;
  }
  if (spec.has_cloud() || reader.Agent(name) == nullptr) return draft;
  ServerDraft server(object, reader);
  const int items = server.observed().managed_size();
  ActionDraft action =
      server.Agent("server.agent.release", name,
                   "take away what Podwright brought (" + std::to_string(items) + (items == 1 ? " item)" : " items)"));
  v1::kinds::ReleaseAction payload;
  payload.set_keep(false);
  action.SetPayload(payload);
  action.action.set_deletes(true);
  server.Add(std::move(action), {});
  server.draft().ends_servers.push_back(name);
  PW_TRY(server.CheckVerbs());
  return std::move(server.draft());
}

}  // namespace

Result<SliceDraft> ServerPlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  return object.lifecycle == ObjectLifecycle::kLive ? PlanLive(object, reader) : PlanDeletion(object, reader);
}

std::unique_ptr<google::protobuf::Message> ServerPlanner::ComputeStatus(const ObjectInput& object,
                                                                        const StatusReader& reader) const {
  auto status = std::make_unique<ServerStatus>();
  const std::string& name = object.key.name;
  const auto* observed = reader.facts().FindObserved(object.key, name);
  if (observed != nullptr) {
    const auto& found = static_cast<const ServerObserved&>(*observed->input.observed);
    *status->mutable_addresses() = found.addresses();
    if (found.has_os()) status->set_os(found.os());
  }
  if (const auto* machine = reader.facts().FindMachine(name)) status->set_machine(machine->input.id);
  status->set_reachable(reader.AgentConnected(name));
  RecordingReader record(reader.facts());
  const Result<SliceDraft> draft = PlanObject(object, record);
  if (!draft.ok()) {
    status->add_differences(draft.error().ToString());
  } else {
    for (const ActionDraft& action : draft->actions) status->add_differences(action.action.summary());
  }
  status->set_in_sync(observed != nullptr && status->differences().empty());
  return status;
}

std::unique_ptr<google::protobuf::Message> ServerPlanner::ActualSpec(const ObjectInput& object,
                                                                     const StatusReader& reader) const {
  const auto* observed = reader.facts().FindObserved(object.key, object.key.name);
  if (observed == nullptr) return nullptr;
  const auto& filled = static_cast<const ServerSpec&>(*object.spec);
  const auto& declared = object.declared ? static_cast<const ServerSpec&>(*object.declared) : filled;
  RecordingReader record(reader.facts());
  const v1::kinds::FirewallAction firewall = FirewallOf(object.key.name, filled, record);
  return std::make_unique<ServerSpec>(
      ActualServer(declared, filled, static_cast<const ServerObserved&>(*observed->input.observed), firewall));
}

std::vector<std::string> ServerPlanner::ServersOf(const ObjectInput& object) const {
  return {object.key.name};
}

}  // namespace podwright::planner
