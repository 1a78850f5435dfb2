#include "reconciler/planner/kinds/mesh_planner.h"

#include <algorithm>

#include "core/clock.h"
#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/mesh_checks.h"
#include "reconciler/planner/kinds/mesh_draft.h"
#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {

namespace {

using v1::kinds::MeshAllocation;
using v1::kinds::MeshObserved;
using v1::kinds::MeshSpec;
using v1::kinds::MeshStatus;

const MeshSpec& SpecOf(const ObjectInput& object) {
  return static_cast<const MeshSpec&>(*object.spec);
}

// What others on the server still need of what the mesh may have brought.
std::set<std::string> PackagesInUse(const ObjectKey& mesh, const std::string& server, RecordingReader& reader) {
  std::set<std::string> out;
  if (const ObjectInput* object = reader.Object({"server", server})) {
    const auto& spec = static_cast<const v1::kinds::ServerSpec&>(*object->spec);
    for (const auto& [name, package] : spec.packages()) {
      if (!package.absent()) out.insert(name);
    }
    if (spec.has_firewall()) out.insert("nftables");
  }
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    if (referrer.key.kind != mesh.kind || referrer.key == mesh || referrer.lifecycle != ObjectLifecycle::kLive)
      continue;
    const ObjectInput* other = reader.Object(referrer.key);
    if (other != nullptr && SpecOf(*other).members().contains(server)) {
      out.insert({kinds::kWireguardTools, kinds::kWireguardGo, "nftables"});
    }
  }
  return out;
}

// Where something of the mesh is and it is no longer wanted.
void PlanLeaving(const ObjectInput& object, RecordingReader& reader, SliceDraft& draft) {
  const bool live = object.lifecycle == ObjectLifecycle::kLive;
  for (const std::string& server : reader.ObservedServers(object.key)) {
    if (live && SpecOf(object).members().contains(server)) continue;
    const ObservedInput* observed = reader.Observed(object.key, server);
    if (observed == nullptr || static_cast<const MeshObserved&>(*observed->observed).managed().empty()) continue;
    if (reader.Agent(server) == nullptr) continue;
    ActionDraft action;
    action.action.set_server(server);
    action.action.set_verb("mesh.member.leave");
    action.action.set_subject(server);
    action.action.set_summary("take everything of mesh " + object.key.name + " away from " + server);
    action.action.set_deletes(true);
    v1::kinds::MeshLeaveAction payload;
    for (const std::string& package : PackagesInUse(object.key, server, reader)) payload.add_keep_packages(package);
    action.SetPayload(payload);
    draft.actions.push_back(std::move(action));
  }
}

Result<SliceDraft> PlanLive(const ObjectInput& object, RecordingReader& reader) {
  const auto* allocation = static_cast<const MeshAllocation*>(reader.Allocation(object.key));
  PW_TRY(CheckMesh(object, allocation == nullptr ? MeshAllocation::default_instance() : *allocation, reader));
  static const MeshAllocation kNone;
  MeshDraft mesh(object, allocation == nullptr ? kNone : *allocation, reader);
  PW_TRY(mesh.Plan());
  PlanLeaving(object, reader, mesh.draft());
  return std::move(mesh.draft());
}

std::string TimeText(std::int64_t unix_seconds) {
  return FormatRfc3339(FromUnixMillis(unix_seconds * 1000));
}

}  // namespace

Result<SliceDraft> MeshPlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  if (object.lifecycle == ObjectLifecycle::kLive) return PlanLive(object, reader);
  SliceDraft draft;
  PlanLeaving(object, reader, draft);
  return draft;
}

std::unique_ptr<google::protobuf::Message> MeshPlanner::ComputeStatus(const ObjectInput& object,
                                                                      const StatusReader& reader) const {
  auto status = std::make_unique<MeshStatus>();
  const MeshSpec& spec = SpecOf(object);
  status->set_domain(kinds::MeshDomain(object.key.name, spec));
  const auto range = kinds::MeshRange::Parse(spec.range());
  if (const auto* fact = reader.facts().FindAllocation(object.key)) {
    const auto& allocation = static_cast<const MeshAllocation&>(*fact->input.value);
    status->set_interface(allocation.interface());
    for (const auto& [server, place] : allocation.places()) {
      if (!spec.members().contains(server) || !range.ok()) continue;
      if (auto address = range->AddressAt(place); address.ok()) (*status->mutable_addresses())[server] = *address;
    }
  }
  for (const auto* fact : reader.facts().ObservedOf(object.key)) {
    if (!spec.members().contains(fact->input.server)) continue;
    const auto& observed = static_cast<const MeshObserved&>(*fact->input.observed);
    auto& member = (*status->mutable_members())[fact->input.server];
    member.set_reachable_peers(observed.reachable_peers());
    for (const auto& [peer, seen] : observed.peers()) {
      if (!seen.has_latest_handshake_unix()) continue;
      (*member.mutable_latest_handshakes())[peer] = TimeText(seen.latest_handshake_unix());
    }
  }
  RecordingReader record(reader.facts());
  const Result<SliceDraft> draft = PlanObject(object, record);
  if (!draft.ok()) {
    status->add_differences(draft.error().ToString());
  } else {
    for (const ActionDraft& action : draft->actions) {
      status->add_differences(action.action.server() + ": " + action.action.summary());
    }
  }
  status->set_in_sync(status->differences().empty());
  return status;
}

// A member whose interface is down or set otherwise is none; rules that are not in force are none either.
std::unique_ptr<google::protobuf::Message> MeshPlanner::ActualSpec(const ObjectInput& object,
                                                                   const StatusReader& reader) const {
  std::map<std::string, const MeshObserved*> seen;
  for (const auto* fact : reader.facts().ObservedOf(object.key)) {
    seen[fact->input.server] = static_cast<const MeshObserved*>(fact->input.observed.get());
  }
  if (seen.empty()) return nullptr;
  RecordingReader record(reader.facts());
  const Result<SliceDraft> draft = PlanObject(object, record);
  if (!draft.ok() || draft->actions.empty()) return nullptr;
  const MeshSpec& declared = object.declared ? static_cast<const MeshSpec&>(*object.declared) : SpecOf(object);
  auto actual = std::make_unique<MeshSpec>(declared);
  std::int64_t key_version = SpecOf(object).key_version();
  for (const std::string& name : SortedKeys(declared.members())) {
    const auto found = seen.find(name);
    if (found == seen.end() || !found->second->has_interface()) {
      actual->mutable_members()->erase(name);
    } else {
      key_version = std::min(key_version, found->second->key_version());
    }
  }
  if (key_version < SpecOf(object).key_version()) actual->set_key_version(key_version);
  for (const ActionDraft& action : draft->actions) {
    if (action.action.verb() == "mesh.rules.apply" && seen.contains(action.action.server())) actual->clear_rules();
  }
  return actual;
}

std::unique_ptr<google::protobuf::Message> MeshPlanner::Allocate(const ObjectInput& object,
                                                                 const google::protobuf::Message* before) const {
  auto record = std::make_unique<MeshAllocation>();
  if (before != nullptr) record->CopyFrom(*before);
  if (record->interface().empty()) record->set_interface(kinds::MeshInterface(object.key.name));
  const MeshSpec& spec = SpecOf(object);
  const auto range = kinds::MeshRange::Parse(spec.range());
  if (!range.ok()) return record;
  std::vector<std::string> fresh;
  for (const std::string& server : SortedKeys(spec.members())) {
    if (!record->places().contains(server)) fresh.push_back(server);
  }
  // All or none: half a mesh has no meaning, and PlanObject says how many are needed.
  if (fresh.size() > range->size() || record->next() > range->size() - fresh.size()) return record;
  for (const std::string& server : fresh) {
    record->set_next(record->next() + 1);
    (*record->mutable_places())[server] = record->next();
  }
  return record;
}

std::unique_ptr<google::protobuf::Message> MeshPlanner::NewAllocation() const {
  return std::make_unique<MeshAllocation>();
}

std::vector<std::string> MeshPlanner::ServersOf(const ObjectInput& object) const {
  return SortedKeys(SpecOf(object).members());
}

std::map<std::string, std::int64_t> MeshPortsOf(const std::string& server, RecordingReader& reader) {
  std::map<std::string, std::int64_t> out;
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    if (referrer.key.kind != "mesh" || referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* mesh = reader.Object(referrer.key);
    if (mesh == nullptr || !SpecOf(*mesh).members().contains(server)) continue;
    const auto* allocation = static_cast<const MeshAllocation*>(reader.Allocation(referrer.key));
    if (allocation != nullptr) out[allocation->interface()] = SpecOf(*mesh).port();
  }
  return out;
}

}  // namespace podwright::planner
