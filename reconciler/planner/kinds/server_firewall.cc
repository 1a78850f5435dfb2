#include "reconciler/planner/kinds/server_firewall.h"

#include <algorithm>

#include "reconciler/planner/kind_planner.h"
#include "reconciler/planner/kinds/mesh_planner.h"

namespace podwright::planner {
namespace {

// "load-balancer-web-tcp-443": at most 87 bytes, and only what nft takes unquoted.
std::string RuleName(const ObjectKey& object, const ServicePort& port) {
  std::string name = object.kind + "-" + object.name + "-" + port.protocol + "-" + std::to_string(port.port);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

void AddServices(const std::string& server, RecordingReader& reader, v1::kinds::FirewallAction& out) {
  static const KindPlanners planners = AllPlanners();
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    const KindPlanner* planner = planners.Find(referrer.key.kind);
    if (planner == nullptr || referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* object = reader.Object(referrer.key);
    if (object == nullptr) continue;
    for (const ServicePort& port : planner->PortsOn(*object, server, reader)) {
      v1::kinds::ServerFirewallRule& rule = (*out.mutable_services())[RuleName(referrer.key, port)];
      rule.set_protocol(port.protocol);
      rule.set_port(port.port);
      for (const std::string& source : port.sources) rule.add_sources(source);
    }
  }
}

}  // namespace

v1::kinds::FirewallAction FirewallOf(const std::string& server, const v1::kinds::ServerSpec& spec,
                                     RecordingReader& reader) {
  v1::kinds::FirewallAction out;
  if (!spec.has_firewall()) return out;
  *out.mutable_firewall() = spec.firewall();
  for (const auto& [interface, port] : MeshPortsOf(server, reader)) (*out.mutable_meshes())[interface] = port;
  AddServices(server, reader, out);
  return out;
}

}  // namespace podwright::planner
