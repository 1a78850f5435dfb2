#include "reconciler/planner/kinds/mesh_checks.h"

#include <array>

#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {
namespace {

using v1::kinds::MeshAllocation;
using v1::kinds::MeshSpec;

constexpr char kHosts[] = "/etc/hosts";
constexpr std::array<const char*, 10> kVerbs = {
    "mesh.tools.install", "mesh.key.make",       "mesh.key.stage",  "mesh.key.switch",  "mesh.rules.apply",
    "mesh.interface.set", "mesh.peers.announce", "mesh.peers.sync", "mesh.peer.follow", "mesh.names.write"};

Status CheckServer(const std::string& name, RecordingReader& reader) {
  const ObjectInput* server = reader.Object({"server", name});
  if (server == nullptr) return FailedPrecondition("server/" + name + " does not exist");
  const auto& declared = static_cast<const v1::kinds::ServerSpec&>(*server->spec);
  if (declared.files().contains(kHosts) || declared.secrets().contains(kHosts)) {
    return FailedPrecondition("server/" + name +
                              " declares the file /etc/hosts, in which the mesh keeps the names of its members: take "
                              "it out of the server's files");
  }
  const AgentInput* agent = reader.Agent(name);
  if (agent == nullptr) return Ok();
  for (const char* verb : kVerbs) {
    if (agent->verbs.contains(verb)) continue;
    return FailedPrecondition("the agent on " + name + " does not know " + verb + ": it needs a newer podwright-agent");
  }
  if (agent->capabilities.contains("wireguard")) return Ok();
  return FailedPrecondition("server/" + name +
                            " can do neither the kernel's WireGuard nor wireguard-go: it needs the kernel module "
                            "wireguard, or /dev/net/tun and the right to make interfaces");
}

// Both meshes are on the server `on`.
Status CheckTogether(const ObjectInput& object, const ObjectInput& other, const std::string& on) {
  const auto& a = static_cast<const MeshSpec&>(*object.spec);
  const auto& b = static_cast<const MeshSpec&>(*other.spec);
  const std::string both = object.key.Text() + " and " + other.key.Text() + " are both on server/" + on;
  const auto range_a = kinds::MeshRange::Parse(a.range());
  const auto range_b = kinds::MeshRange::Parse(b.range());
  if (range_a.ok() && range_b.ok() && range_a->Overlaps(*range_b)) {
    return FailedPrecondition(both + ", and their ranges overlap: " + a.range() + " and " + b.range());
  }
  if (a.port() == b.port()) {
    return FailedPrecondition(both + ", and both have the UDP port " + std::to_string(a.port()) +
                              ": give one of them another");
  }
  const std::string domain = kinds::MeshDomain(object.key.name, a);
  if (domain == kinds::MeshDomain(other.key.name, b)) {
    return FailedPrecondition(both + ", and both have the domain " + domain + ": give one of them another");
  }
  return Ok();
}

Status CheckOtherMeshes(const ObjectInput& object, const std::string& server, RecordingReader& reader) {
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    if (referrer.key.kind != object.key.kind || referrer.key.name == object.key.name) continue;
    if (referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* other = reader.Object(referrer.key);
    if (other == nullptr || !static_cast<const MeshSpec&>(*other->spec).members().contains(server)) continue;
    PW_TRY(CheckTogether(object, *other, server));
  }
  return Ok();
}

Status CheckRange(const MeshSpec& spec, const MeshAllocation& allocation) {
  PW_ASSIGN(const kinds::MeshRange range, kinds::MeshRange::Parse(spec.range()));
  std::uint64_t without = 0;
  for (const auto& [server, member] : spec.members()) without += allocation.places().contains(server) ? 0 : 1;
  if (without == 0) return Ok();
  const std::uint64_t needed = allocation.next() + without;
  std::string text = "the range " + spec.range() + " has " + std::to_string(range.size()) +
                     " addresses for members, and " + std::to_string(needed) + " are needed";
  const std::uint64_t former = allocation.next() - (static_cast<std::uint64_t>(spec.members_size()) - without);
  if (former > 0) {
    text += " (" + std::to_string(former) + " are those of former members, which no other server gets)";
  }
  return FailedPrecondition(text);
}

}  // namespace

Status CheckMesh(const ObjectInput& object, const MeshAllocation& allocation, RecordingReader& reader) {
  const auto& spec = static_cast<const MeshSpec&>(*object.spec);
  PW_TRY(CheckRange(spec, allocation));
  for (const std::string& server : SortedKeys(spec.members())) {
    PW_TRY(CheckServer(server, reader));
    PW_TRY(CheckOtherMeshes(object, server, reader));
  }
  return Ok();
}

}  // namespace podwright::planner
