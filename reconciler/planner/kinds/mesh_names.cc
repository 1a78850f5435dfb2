#include "reconciler/planner/kinds/mesh_names.h"

#include <algorithm>

#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/database.pb.h"
#include "podwright/v1/kinds/mesh.pb.h"

namespace podwright::planner {
namespace {

using v1::kinds::MeshSpec;

template <typename Spec>
std::vector<std::string> Members(const ObjectInput& object, const ObjectInput& mesh) {
  std::vector<std::string> out;
  const auto& spec = static_cast<const Spec&>(*object.spec);
  if (spec.mesh() != mesh.key.name) return out;
  const auto& in_mesh = static_cast<const MeshSpec&>(*mesh.spec).members();
  for (const std::string& server : spec.members()) {
    if (in_mesh.contains(server)) out.push_back(server);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Error Same(const ObjectInput& mesh, const std::string& one, const ObjectKey& other) {
  const std::string name =
      other.name + "." + kinds::MeshDomain(mesh.key.name, static_cast<const MeshSpec&>(*mesh.spec));
  return FailedPrecondition(one + " and " + other.Text() + " are both in " + mesh.key.Text() +
                            ", where both would be " + name + ": give one of them another name");
}

}  // namespace

Result<std::map<std::string, std::vector<std::string>>> MeshServices(const ObjectInput& mesh, RecordingReader& reader) {
  std::map<std::string, std::vector<std::string>> out;
  std::map<std::string, std::string> whose;
  for (const Referrer& referrer : reader.Referrers(mesh.key)) {
    const ObjectKey& key = referrer.key;
    if (referrer.lifecycle != ObjectLifecycle::kLive || (key.kind != "database" && key.kind != "cache")) continue;
    const ObjectInput* object = reader.Object(key);
    if (object == nullptr) continue;
    auto members = key.kind == "database" ? Members<v1::kinds::DatabaseSpec>(*object, mesh)
                                          : Members<v1::kinds::CacheSpec>(*object, mesh);
    if (members.empty()) continue;
    if (static_cast<const MeshSpec&>(*mesh.spec).members().contains(key.name)) {
      return Same(mesh, "server/" + key.name, key);
    }
    if (!whose.try_emplace(key.name, key.Text()).second) return Same(mesh, whose.at(key.name), key);
    out[key.name] = std::move(members);
  }
  return out;
}

}  // namespace podwright::planner
