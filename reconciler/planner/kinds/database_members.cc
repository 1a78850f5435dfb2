#include "reconciler/planner/kinds/database_members.h"

#include <algorithm>

#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {
namespace {

using v1::kinds::DatabaseAllocation;
using v1::kinds::DatabaseObserved;
using v1::kinds::DatabaseSpec;

Result<std::string> MeshAddress(const ObjectInput& object, const std::string& mesh, const std::string& server,
                                RecordingReader& reader) {
  const ObjectKey key{"mesh", mesh};
  const ObjectInput* input = reader.Object(key);
  if (input == nullptr) return FailedPrecondition("mesh/" + mesh + " does not exist");
  const auto& spec = static_cast<const v1::kinds::MeshSpec&>(*input->spec);
  if (!spec.members().contains(server)) {
    return FailedPrecondition("server/" + server + " is a member of " + object.key.Text() + " and not of mesh/" + mesh +
                              ", over which the members talk: add it to the mesh's members");
  }
  const auto* allocation = static_cast<const v1::kinds::MeshAllocation*>(reader.Allocation(key));
  if (allocation == nullptr || !allocation->places().contains(server)) {
    return FailedPrecondition("mesh/" + mesh + " has no address for " + server + " yet");
  }
  PW_ASSIGN(const auto range, kinds::MeshRange::Parse(spec.range()));
  return range.AddressAt(allocation->places().at(server));
}

Result<DatabaseMember> Look(const ObjectInput& object, const std::string& name, RecordingReader& reader) {
  const auto& spec = static_cast<const DatabaseSpec&>(*object.spec);
  DatabaseMember member;
  const ObservedInput* observed = reader.Observed(object.key, name);
  member.seen = observed != nullptr;
  member.is = member.seen ? static_cast<const DatabaseObserved*>(observed->observed.get())
                          : &DatabaseObserved::default_instance();
  if (spec.has_mesh()) {
    PW_ASSIGN(member.address, MeshAddress(object, spec.mesh(), name, reader));
  } else if (const ObservedInput* server = reader.Observed({"server", name}, name)) {
    member.address = static_cast<const v1::kinds::ServerObserved&>(*server->observed).address();
  }
  return member;
}

// Of those that take writes, or did when they stopped, the one on the highest timeline.
Status FindPrimary(const ObjectInput& object, DatabaseMembers& members) {
  const DatabaseMember* best = nullptr;
  for (const auto& [name, member] : members.all) {
    if (!member.Has() || member.Replica()) continue;
    const auto rank = [](const DatabaseMember& m) { return std::pair(m.is->timeline(), m.Running()); };
    if (best != nullptr && best->Running() && member.Running()) {
      return FailedPrecondition(members.primary + " and " + name + " both take writes as primaries of " +
                                object.key.Text() + " (timelines " + std::to_string(best->is->timeline()) + " and " +
                                std::to_string(member.is->timeline()) +
                                "): Podwright gives up the data of neither. Stop the one whose writes may go: it comes "
                                "back as a replica");
    }
    if (best == nullptr || rank(member) > rank(*best)) {
      best = &member;
      members.primary = name;
    }
  }
  return Ok();
}

}  // namespace

Result<DatabaseMembers> ReadMembers(const ObjectInput& object, RecordingReader& reader) {
  const auto& spec = static_cast<const DatabaseSpec&>(*object.spec);
  DatabaseMembers members;
  for (const std::string& name : spec.members()) {
    PW_ASSIGN(DatabaseMember member, Look(object, name, reader));
    members.exists = members.exists || member.Has();
    members.wish = std::max(members.wish, member.is->wish());
    members.all.emplace(name, member);
  }
  PW_TRY(FindPrimary(object, members));
  if (!members.primary.empty()) return members;
  for (const std::string& server : reader.ObservedServers(object.key)) {
    if (members.all.contains(server)) continue;
    const ObservedInput* observed = reader.Observed(object.key, server);
    const auto* is = observed == nullptr ? nullptr : static_cast<const DatabaseObserved*>(observed->observed.get());
    if (is != nullptr && is->role() == "primary" && is->owner() == object.key.name && is->state() == "running") {
      return FailedPrecondition(server + " is the primary of " + object.key.Text() +
                                " and cannot leave: name another member as `primary` in an earlier apply");
    }
  }
  if (members.exists) {
    return FailedPrecondition("the members of " + object.key.Text() +
                              " hold its data as replicas, and none is its primary: start the former primary, or "
                              "promote a replica by hand");
  }
  for (const auto& [name, member] : members.all) {
    if (member.is->state() != "foreign" || member.is->role() != "primary") continue;
    members.primary = name;  // to be taken over; otherwise it is refused
    return members;
  }
  const auto* allocation = static_cast<const DatabaseAllocation*>(reader.Allocation(object.key));
  members.primary = allocation != nullptr && members.all.contains(allocation->first()) ? allocation->first()
                    : spec.has_primary()                                               ? spec.primary()
                                                                                       : spec.members(0);
  return members;
}

}  // namespace podwright::planner
