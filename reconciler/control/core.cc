#include "reconciler/control/core.h"

#include "reconciler/clouds/cloud.h"

namespace podwright::control {
namespace {

std::vector<planner::CloudInput> CloudFacts(const std::map<std::string, clouds::Cloud*>& clouds) {
  std::vector<planner::CloudInput> out;
  for (const auto& [name, cloud] : clouds) {
    const clouds::CloudCapabilities& has = cloud->capabilities();
    out.push_back({name, has.own_kernel, has.sysctl_prefixes, has.sysctl_names});
  }
  return out;
}

}  // namespace

Core::Core(const Dependencies& d, const Options& o)
    : deps(d), options(o), facts(d.kinds, d.planners, CloudFacts(d.clouds)), queue(o.backoff_first, o.backoff_most) {}

std::string RunWork(const RunId& id) {
  return "run/" + id.workspace + "/" + id.id;
}

std::string ReconcileWork(const std::string& workspace) {
  return "reconcile/" + workspace;
}

std::string AgentWork(const ServerId& id) {
  return "agent/" + id.workspace + "/" + id.server;
}

Status ReloadFromStore(Core& core) {
  PW_ASSIGN(core.tables, LoadTables(core.deps.store));
  core.facts.Clear();
  for (const auto& [id, row] : core.tables.objects) PW_TRY(core.facts.PutObject(row.object));
  for (const auto& [id, record] : core.tables.machines) core.facts.PutMachine(record);
  for (const auto& [id, value] : core.tables.allocations) PW_TRY(core.facts.PutAllocation(id, value));
  PW_TRY(core.facts.RestoreSeen());
  for (const auto& [id, seen] : core.tables.seen) {
    core.facts.PutAgent(id, seen);
    for (const v1::ObservedFacts& facts : seen.facts()) {
      // What the agent said since this process started is newer than what is on record.
      if (core.facts.Seen(IdOf(id.workspace, facts.object()), id.server) != nullptr) continue;
      PW_TRY(core.facts.PutObserved(id, facts, SteadyTime{}, false));
    }
  }
  for (const RunId& run : core.tables.unfinished) core.Wake(RunWork(run));
  return Ok();
}

}  // namespace podwright::control
