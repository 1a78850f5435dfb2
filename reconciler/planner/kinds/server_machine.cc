// The machine itself, its kernel parameters and its firewall.
#include <algorithm>

#include "kinds/firewall/firewall_form.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/kinds/server_firewall.h"
#include "reconciler/planner/kinds/server_planner.h"

namespace podwright::planner {

namespace {

v1::kinds::MachineAction Wanted(const v1::kinds::ServerSpec& spec) {
  v1::kinds::MachineAction machine;
  machine.set_cloud(spec.cloud());
  machine.set_region(spec.region());
  machine.set_size(spec.size());
  machine.set_image(spec.image());
  return machine;
}

Place AddMachineAction(ServerDraft& server, const std::string& verb, const std::string& summary,
                       const v1::kinds::MachineAction& payload, v1::Disruption disruption, Places after) {
  ActionDraft action = server.Agent(verb, server.name(), summary);
  action.action.set_executor(v1::EXECUTOR_CLOUD);
  action.action.set_disruption(disruption);
  action.SetPayload(payload);
  return server.Add(std::move(action), std::move(after));
}

// Kernel parameters of a machine without a kernel of its own can be set only when it is made.
Status AddSysctls(ServerDraft& server, v1::kinds::MachineAction& machine) {
  const CloudInput* cloud = server.reader().Cloud(server.spec().cloud());
  if (cloud != nullptr && cloud->own_kernel) return Ok();
  for (const std::string& key : SortedKeys(server.spec().sysctl())) {
    if (cloud != nullptr && !cloud->AllowsSysctl(key)) {
      return FailedPrecondition("the cloud \"" + cloud->name + "\" cannot set the kernel parameter " + key + " on " +
                                server.name());
    }
    (*machine.mutable_sysctls())[key] = server.spec().sysctl().at(key);
  }
  return Ok();
}

Status Create(ServerDraft& server, Places after) {
  v1::kinds::MachineAction machine = Wanted(server.spec());
  PW_TRY(AddSysctls(server, machine));
  const Place made = AddMachineAction(server, "server.machine.create", "make a machine in the cloud " + machine.cloud(),
                                      machine, v1::DISRUPTION_NONE, std::move(after));
  server.OnNewMachine({made});
  return Ok();
}

std::vector<std::string> Replaced(const v1::kinds::ServerSpec& spec, const MachineInput& machine) {
  std::vector<std::string> out;
  const auto compare = [&out](const char* field, bool set, const std::string& wanted, const std::string& is) {
    if (set && !is.empty() && wanted != is) out.push_back(std::string(field) + " (" + is + " → " + wanted + ")");
  };
  compare("region", spec.has_region(), spec.region(), machine.region);
  compare("size", spec.has_size(), spec.size(), machine.size);
  compare("image", spec.has_image(), spec.image(), machine.image);
  return out;
}

Status Replace(ServerDraft& server, const MachineInput& machine, const std::vector<std::string>& fields) {
  const std::string change = "another " + Listed(fields);
  if (server.spec().deletion_protection()) {
    return FailedPrecondition("server " + server.name() + " is protected from deletion, and " + change +
                              " needs another machine: unset deletion_protection in an earlier apply");
  }
  v1::kinds::MachineAction old;
  old.set_cloud(machine.cloud);
  old.set_region(machine.region);
  old.set_size(machine.size);
  old.set_image(machine.image);
  const Place gone = AddMachineAction(server, "server.machine.delete", "delete the machine for " + change, old,
                                      v1::DISRUPTION_REPLACE, {});
  ActionDraft& action = server.draft().actions[gone];
  action.action.set_deletes(true);
  action.action.set_downtime_ms(kReplaceDowntimeMs);
  return Create(server, {gone});
}

}  // namespace

Status PlanMachine(ServerDraft& server) {
  const MachineInput* machine = server.reader().Machine(server.name());
  const v1::kinds::ServerSpec& spec = server.spec();
  if (machine != nullptr && machine->cloud != spec.cloud()) {
    return FailedPrecondition("the cloud of server " + server.name() + " cannot change from \"" + machine->cloud +
                              "\" to \"" + spec.cloud() + "\": declare another server");
  }
  if (!spec.has_cloud()) {
    if (server.agent() == nullptr) {
      server.draft().notes.push_back("no agent is enrolled for server " + server.name() +
                                     ": its actions wait until somebody runs `podwright-agent enrol` there");
    }
    return Ok();
  }
  if (machine == nullptr || machine->state != MachineState::kRunning) return Create(server, {});
  const std::vector<std::string> fields = Replaced(spec, *machine);
  return fields.empty() ? Ok() : Replace(server, *machine, fields);
}

namespace {

// As the kernel gives them back: white space is one space.
std::string NormalValue(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c != ' ' && c != '\t') {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool AgentCanSet(const AgentInput& agent, const std::string& key) {
  const auto has = [&agent](const char* capability) {
    const auto it = agent.capabilities.find(capability);
    return it != agent.capabilities.end() && it->second == "true";
  };
  return has("sysctl.all") || (key.starts_with("net.") && has("sysctl.net"));
}

Status CheckSysctl(ServerDraft& server, const std::string& key) {
  const std::string where = server.spec().has_cloud() ? "the cloud \"" + server.spec().cloud() + "\"" : "the server";
  if (server.agent() != nullptr && !AgentCanSet(*server.agent(), key)) {
    return FailedPrecondition(where + " does not let the kernel parameter " + key + " be changed on " + server.name() +
                              (server.spec().has_cloud() ? ", only given when the machine is made" : ""));
  }
  return Ok();
}

}  // namespace

Status PlanSysctls(ServerDraft& server, const ServerPlaces& places) {
  const bool given_to_machine = server.sight() == Sight::kNewMachine && server.spec().has_cloud() &&
                                !server.spec().sysctl().empty() && [&server] {
                                  const CloudInput* cloud = server.reader().Cloud(server.spec().cloud());
                                  return cloud == nullptr || !cloud->own_kernel;
                                }();
  if (given_to_machine) return Ok();
  for (const std::string& key : SortedKeys(server.spec().sysctl())) {
    const std::string wanted = NormalValue(server.spec().sysctl().at(key));
    const auto it = server.observed().sysctl().find(key);
    const bool known = it != server.observed().sysctl().end();
    if (known && NormalValue(it->second) == wanted) continue;
    PW_TRY(CheckSysctl(server, key));
    ActionDraft action = server.Agent("server.sysctl.set", key,
                                      "set " + key + " to " + wanted + (known ? " (is " + it->second + ")" : ""));
    v1::kinds::SysctlAction payload;
    payload.set_key(key);
    payload.set_value(wanted);
    action.SetPayload(payload);
    if (known) {
      payload.set_value(it->second);
      action.SetCompensation("server.sysctl.set", "set " + key + " back to " + it->second, payload);
    }
    server.Add(std::move(action), places.AfterPackages());
  }
  for (const std::string& key : NoLongerDeclared(server.observed(), "sysctl:", server.spec().sysctl())) {
    ActionDraft action = server.Agent("server.sysctl.remove", key, "no longer set " + key);
    v1::kinds::SysctlAction payload;
    payload.set_key(key);
    action.SetPayload(payload);
    action.action.set_deletes(true);
    server.Add(std::move(action), {});
  }
  return Ok();
}

Status PlanFirewall(ServerDraft& server, const ServerPlaces& places) {
  const v1::kinds::ServerSpec& spec = server.spec();
  const v1::kinds::ServerObserved& observed = server.observed();
  if (!spec.has_firewall()) {
    if (!observed.has_firewall()) return Ok();
    ActionDraft action = server.Agent("server.firewall.remove", "firewall", "take Podwright's firewall table away");
    v1::kinds::FirewallAction payload;
    payload.set_confirm_within_ms(kFirewallConfirmMs);
    action.SetPayload(payload);
    action.action.set_disruption(v1::DISRUPTION_RELOAD);
    action.action.set_deletes(true);
    server.Add(std::move(action), {});
    return Ok();
  }
  v1::kinds::FirewallAction payload = FirewallOf(server.name(), spec, server.reader());
  PW_ASSIGN(const kinds::FirewallTable wanted, kinds::WantedFirewall(payload));
  if (observed.has_firewall() && observed.firewall() == kinds::FirewallDigest(wanted)) return Ok();
  const bool nftables_comes = spec.packages().contains("nftables") && !spec.packages().at("nftables").absent();
  if (server.agent() != nullptr && !server.agent()->capabilities.contains("nftables") && !nftables_comes) {
    return FailedPrecondition("server " + server.name() +
                              " has no nftables that its agent may use: declare the package nftables");
  }
  ActionDraft action =
      server.Agent("server.firewall.apply", "firewall",
                   std::string(observed.has_firewall() ? "change" : "make") + " the firewall table (" +
                       std::to_string(wanted.lines.size()) + (wanted.lines.size() == 1 ? " rule)" : " rules)"));
  payload.set_confirm_within_ms(kFirewallConfirmMs);
  action.SetPayload(payload);
  action.action.set_disruption(v1::DISRUPTION_RELOAD);
  server.Add(std::move(action), places.AfterPackages());
  return Ok();
}

}  // namespace podwright::planner
