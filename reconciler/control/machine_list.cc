#include "reconciler/control/machine_list.h"

#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "reconciler/clouds/cloud.h"

namespace podwright::control {
namespace {

constexpr std::chrono::seconds kPatience{20};

const char* StateName(v1::MachineRecordState state) {
  switch (state) {
    case v1::MACHINE_RECORD_STATE_INTENDED: return "intended";
    case v1::MACHINE_RECORD_STATE_RUNNING: return "running";
    case v1::MACHINE_RECORD_STATE_DELETING: return "deleting";
    case v1::MACHINE_RECORD_STATE_LOST: return "lost";
    default: return "unknown";
  }
}

void AddRecord(const v1::MachineRecord& record, v1::ListMachinesResponse* response) {
  v1::MachineView* view = response->add_machines();
  view->set_id(record.id());
  view->set_server(record.server());
  view->set_workspace(record.workspace());
  view->set_cloud(record.cloud());
  view->set_state(StateName(record.state()));
  *view->mutable_addresses() = record.addresses();
}

void AddStray(const std::string& cloud, const clouds::Machine& machine, const std::string& workspace,
              v1::ListMachinesResponse* response) {
  v1::MachineView* view = response->add_machines();
  view->set_id(machine.id);
  view->set_server(machine.name);
  view->set_workspace(workspace);
  view->set_cloud(cloud);
  view->set_state(std::string(clouds::MachineStateName(machine.state)));
  view->mutable_addresses()->Add(machine.addresses.begin(), machine.addresses.end());
  view->set_stray(true);
}

Status NoteTags(Engine& engine, std::set<std::string>* tags) {
  return engine.WithState([&]() -> Status {
    for (const auto& [server, record] : engine.core.tables.machines) tags->insert(record.tag());
    return Ok();
  });
}

}  // namespace

Result<v1::ListMachinesResponse> ListMachines(Engine& engine, const std::string& workspace) {
  const auto shown = [&](const std::string& one) { return workspace == "*" || one == workspace; };
  // Before and after: a machine that is made or removed meanwhile has its record at one of the two.
  std::set<std::string> tags;
  PW_TRY(NoteTags(engine, &tags));
  std::vector<std::pair<std::string, clouds::Machine>> found;
  for (const auto& [name, cloud] : engine.core.deps.clouds) {
    auto machines = cloud->List({engine.core.Steady() + kPatience, {}});
    if (!machines.ok()) return machines.error().Wrap("the machines of the cloud " + name + " cannot be listed");
    for (clouds::Machine& machine : *machines) found.emplace_back(name, std::move(machine));
  }
  v1::ListMachinesResponse response;
  PW_TRY(engine.WithState([&]() -> Status {
    for (const auto& [server, record] : engine.core.tables.machines) {
      tags.insert(record.tag());
      if (shown(server.workspace)) AddRecord(record, &response);
    }
    return Ok();
  }));
  for (const auto& [cloud, machine] : found) {
    if (tags.contains(machine.tag)) continue;
    const auto label = machine.labels.find("workspace");
    const std::string owner = label == machine.labels.end() ? "default" : label->second;
    if (shown(owner)) AddStray(cloud, machine, owner, &response);
  }
  return response;
}

}  // namespace podwright::control
