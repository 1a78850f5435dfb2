#include "reconciler/planner/kinds/load_balancer_checks.h"

#include <array>

#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/kinds/taken_ports.h"

namespace podwright::planner {
namespace {

using v1::kinds::LoadBalancerListener;
using v1::kinds::LoadBalancerSpec;

constexpr std::int64_t kInterval = 2000;
constexpr std::int64_t kTimeout = 2000;
constexpr std::int64_t kFall = 3;
constexpr std::int64_t kRise = 2;
constexpr std::array<const char*, 5> kVerbs = {"load_balancer.tools.install", "load_balancer.http.configure",
                                               "load_balancer.streams.configure", "load_balancer.http.remove",
                                               "load_balancer.streams.remove"};

const LoadBalancerSpec& SpecOf(const ObjectInput& object) {
  return static_cast<const LoadBalancerSpec&>(*object.spec);
}

bool Everywhere(const std::string& address) {
  return address.empty() || address == "0.0.0.0" || address == "::";
}

bool Clash(const LoadBalancerListener& a, const LoadBalancerListener& b) {
  if (a.port() != b.port() || (a.protocol() == "udp") != (b.protocol() == "udp")) return false;
  return a.address() == b.address() || Everywhere(a.address()) || Everywhere(b.address());
}

Status CheckOther(const ObjectInput& object, const ObjectInput& other, const std::string& server) {
  for (const std::string& name : SortedKeys(SpecOf(object).listeners())) {
    for (const std::string& their_name : SortedKeys(SpecOf(other).listeners())) {
      const LoadBalancerListener& ours = SpecOf(object).listeners().at(name);
      if (!Clash(ours, SpecOf(other).listeners().at(their_name))) continue;
      return FailedPrecondition("the port " + std::to_string(ours.port()) + " of the listener " + name +
                                " is in use on server/" + server + ": " + other.key.Text() +
                                " has it for its listener " + their_name);
    }
  }
  return Ok();
}

Status CheckTaken(const ObjectInput& object, const std::string& server, RecordingReader& reader) {
  std::map<std::int64_t, std::string> ports;
  for (const auto& [name, listener] : SpecOf(object).listeners()) {
    if (listener.protocol() == "udp" || !Everywhere(listener.address())) continue;
    ports[listener.port()] = "the listener " + name + " of " + object.key.Text();
  }
  return CheckTakenPorts(object, server, ports, reader);
}

Status CheckServer(const ObjectInput& object, const std::string& name, RecordingReader& reader) {
  if (reader.Object({"server", name}) == nullptr) {
    return FailedPrecondition("server/" + name + " does not exist");
  }
  if (const AgentInput* agent = reader.Agent(name)) {
    for (const char* verb : kVerbs) {
      if (agent->verbs.contains(verb)) continue;
      return FailedPrecondition("the agent on " + name + " does not know " + verb +
                                ": it needs a newer podwright-agent");
    }
  }
  for (const Referrer& referrer : reader.Referrers({"server", name})) {
    if (referrer.key.kind != object.key.kind || referrer.key == object.key) continue;
    if (referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* other = reader.Object(referrer.key);
    if (other == nullptr) continue;
    const auto& servers = SpecOf(*other).servers();
    if (std::find(servers.begin(), servers.end(), name) == servers.end()) continue;
    PW_TRY(CheckOther(object, *other, name));
  }
  return CheckTaken(object, name, reader);
}

Status CheckMembers(const ObjectInput& object, RecordingReader& reader) {
  const LoadBalancerSpec& spec = SpecOf(object);
  if (!spec.has_mesh()) return Ok();
  const ObjectInput* mesh = reader.Object({"mesh", spec.mesh()});
  if (mesh == nullptr) return FailedPrecondition("mesh/" + spec.mesh() + " does not exist");
  const auto& members = static_cast<const v1::kinds::MeshSpec&>(*mesh->spec).members();
  for (const std::string& server : spec.servers()) {
    if (members.contains(server)) continue;
    return FailedPrecondition("server/" + server + " is no member of the mesh " + spec.mesh() +
                              ", over which the balancer reaches its backends: add it to the mesh");
  }
  for (const std::string& backend : SortedKeys(spec.backends())) {
    for (const std::string& server : SortedKeys(spec.backends().at(backend).servers())) {
      if (members.contains(server)) continue;
      return FailedPrecondition("server/" + server + " of the backend " + backend + " is no member of the mesh " +
                                spec.mesh() + ": add it to the mesh, or take it out of the backend");
    }
  }
  return Ok();
}

}  // namespace

Status CheckLoadBalancer(const ObjectInput& object, RecordingReader& reader) {
  for (const std::string& server : SpecOf(object).servers()) PW_TRY(CheckServer(object, server, reader));
  return CheckMembers(object, reader);
}

void FillCheck(bool udp, v1::kinds::LoadBalancerCheck& check) {
  if (!check.has_type() || (udp && check.type() == "tcp")) check.set_type(udp ? "none" : "tcp");
  if (!check.has_path()) check.set_path("/");
  if (!check.has_interval()) check.set_interval(kInterval);
  if (!check.has_timeout()) check.set_timeout(kTimeout);
  if (!check.has_fall()) check.set_fall(kFall);
  if (!check.has_rise()) check.set_rise(kRise);
}

}  // namespace podwright::planner
