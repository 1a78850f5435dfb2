#include "reconciler/planner/kinds/cache_checks.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "reconciler/planner/kinds/taken_ports.h"

namespace podwright::planner {
namespace {

using v1::kinds::CacheSpec;

constexpr std::array<const char*, 7> kVerbs = {"cache.tools.install", "cache.member.set",      "cache.users.set",
                                               "cache.sentinel.set",  "cache.sentinel.forget", "cache.failover",
                                               "cache.leave"};

const CacheSpec& SpecOf(const ObjectInput& object) {
  return static_cast<const CacheSpec&>(*object.spec);
}

bool Has(const google::protobuf::RepeatedPtrField<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// What the cache is on the server, by port.
std::map<std::int64_t, std::string> PortsOn(const CacheSpec& spec, const std::string& server) {
  std::map<std::int64_t, std::string> ports;
  if (Has(spec.members(), server)) ports[spec.port()] = "Redis";
  if (Has(spec.sentinel().servers(), server)) ports[spec.sentinel().port()] = "Sentinel";
  return ports;
}

Status CheckPorts(const ObjectInput& object, const std::string& server, RecordingReader& reader) {
  const auto mine = PortsOn(SpecOf(object), server);
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    if (referrer.key.kind != object.key.kind || referrer.key.name == object.key.name) continue;
    if (referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* other = reader.Object(referrer.key);
    if (other == nullptr) continue;
    for (const auto& [port, what] : PortsOn(SpecOf(*other), server)) {
      const auto clash = mine.find(port);
      if (clash == mine.end()) continue;
      return FailedPrecondition("server/" + server + " has the port " + std::to_string(port) +
                                " twice: " + clash->second + " of " + object.key.Text() + " and " + what + " of " +
                                other->key.Text() + ": give one of them another");
    }
  }
  std::map<std::int64_t, std::string> ours;
  for (const auto& [port, what] : mine) ours[port] = what + " of " + object.key.Text();
  return CheckTakenPorts(object, server, ours, reader);
}

Status CheckServer(const std::string& server, RecordingReader& reader) {
  if (reader.Object({"server", server}) == nullptr) {
    return FailedPrecondition("server/" + server + " does not exist");
  }
  const AgentInput* agent = reader.Agent(server);
  if (agent == nullptr) return Ok();
  for (const char* verb : kVerbs) {
    if (agent->verbs.contains(verb)) continue;
    return FailedPrecondition("the agent on " + server + " does not know " + verb +
                              ": it needs a newer podwright-agent");
  }
  return Ok();
}

Status CheckMesh(const CacheSpec& spec, const std::string& server, RecordingReader& reader) {
  if (!spec.has_mesh()) return Ok();
  const ObjectInput* mesh = reader.Object({"mesh", spec.mesh()});
  if (mesh == nullptr) return FailedPrecondition("mesh/" + spec.mesh() + " does not exist");
  if (static_cast<const v1::kinds::MeshSpec&>(*mesh->spec).members().contains(server)) return Ok();
  return FailedPrecondition("server/" + server + " is no member of mesh/" + spec.mesh() +
                            ", over which the cache talks: add it to the mesh's members");
}

}  // namespace

std::vector<std::string> CacheServers(const ObjectInput& object) {
  const CacheSpec& spec = SpecOf(object);
  std::set<std::string> names(spec.members().begin(), spec.members().end());
  names.insert(spec.sentinel().servers().begin(), spec.sentinel().servers().end());
  return {names.begin(), names.end()};
}

Status CheckCache(const ObjectInput& object, RecordingReader& reader) {
  for (const std::string& server : CacheServers(object)) {
    PW_TRY(CheckServer(server, reader));
    PW_TRY(CheckMesh(SpecOf(object), server, reader));
    PW_TRY(CheckPorts(object, server, reader));
  }
  return Ok();
}

}  // namespace podwright::planner
