#include "reconciler/planner/kinds/cache_planner.h"

#include <algorithm>

#include "kinds/cache/cache_form.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "reconciler/planner/kinds/cache_checks.h"
#include "reconciler/planner/kinds/cache_draft.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {

namespace {

using v1::kinds::CacheAllocation;
using v1::kinds::CacheObserved;
using v1::kinds::CacheSpec;
using v1::kinds::CacheStatus;

constexpr char kReplication[] = "replication";

const CacheSpec& SpecOf(const ObjectInput& object) {
  return static_cast<const CacheSpec&>(*object.spec);
}

Result<SliceDraft> PlanLive(const ObjectInput& object, RecordingReader& reader) {
  PW_TRY(CheckCache(object, reader));
  const auto* allocation = static_cast<const CacheAllocation*>(reader.Allocation(object.key));
  PW_ASSIGN(v1::SecretUse password, ReadInternalSecret(reader, object.key, kReplication));
  CacheDraft cache(object, allocation == nullptr ? CacheAllocation::default_instance() : *allocation,
                   std::move(password), reader);
  PW_TRY(cache.Plan());
  return std::move(cache.draft());
}

void TellAddresses(const CacheSpec& spec, const CacheObserved& is, CacheStatus& status) {
  for (const auto* addresses : {&is.member().addresses(), &is.sentinel().addresses()}) {
    for (const auto& [name, address] : *addresses) {
      const auto in = [&name = name](const auto& list) {
        return std::find(list.begin(), list.end(), name) != list.end();
      };
      if (in(spec.members())) (*status.mutable_addresses())[name] = kinds::CacheEndpoint(address, spec.port());
      if (in(spec.sentinel().servers())) {
        (*status.mutable_sentinels())[name] = kinds::CacheEndpoint(address, spec.sentinel().port());
      }
    }
  }
}

void TellMembers(const CacheSpec& spec, const std::map<std::string, const CacheObserved*>& seen, CacheStatus& status) {
  const auto primary = seen.find(status.primary());
  const std::int64_t newest = primary == seen.end() ? 0 : primary->second->member().offset();
  for (const std::string& name : spec.members()) {
    const auto found = seen.find(name);
    if (found == seen.end() || !found->second->has_member()) continue;
    const auto& is = found->second->member();
    auto& member = (*status.mutable_members())[name];
    member.set_role(is.running() ? is.role() : "down");
    if (!is.running()) continue;
    if (is.role() == "replica") {
      member.set_link(is.link());
      member.set_lag(std::max<std::int64_t>(0, newest - is.offset()));
    }
    member.set_used_memory(is.used_memory());
    member.set_clients(is.clients());
  }
  for (const auto& [name, is] : seen) {
    if (is->sentinel().has_quorum()) (*status.mutable_quorum())[name] = is->sentinel().quorum();
  }
}

}  // namespace

Result<SliceDraft> CachePlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  if (object.lifecycle == ObjectLifecycle::kLive) return PlanLive(object, reader);
  if (SpecOf(object).deletion_protection()) {
    return FailedPrecondition("cache " + object.key.name +
                              " is protected from deletion: set deletion_protection to false in an earlier apply");
  }
  SliceDraft draft;
  PlanCacheLeaving(object, reader, draft, {});
  return draft;
}

std::unique_ptr<google::protobuf::Message> CachePlanner::ComputeStatus(const ObjectInput& object,
                                                                       const StatusReader& reader) const {
  auto status = std::make_unique<CacheStatus>();
  const CacheSpec& spec = SpecOf(object);
  std::map<std::string, const CacheObserved*> seen;
  for (const auto* fact : reader.facts().ObservedOf(object.key)) {
    const auto& observed = static_cast<const CacheObserved&>(*fact->input.observed);
    seen[fact->input.server] = &observed;
    TellAddresses(spec, observed, *status);
  }
  const std::string primary = CachePrimaryOf(spec, seen);
  if (!primary.empty()) status->set_primary(primary);
  TellMembers(spec, seen, *status);
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

// Whoever does not answer is no member and no Sentinel; of settings and users it is known whether they are as they were
// set, and where they are not they are shown as none.
std::unique_ptr<google::protobuf::Message> CachePlanner::ActualSpec(const ObjectInput& object,
                                                                    const StatusReader& reader) const {
  std::map<std::string, const CacheObserved*> seen;
  for (const auto* fact : reader.facts().ObservedOf(object.key)) {
    seen[fact->input.server] = static_cast<const CacheObserved*>(fact->input.observed.get());
  }
  if (seen.empty()) return nullptr;
  RecordingReader record(reader.facts());
  const Result<SliceDraft> draft = PlanObject(object, record);
  if (!draft.ok() || draft->actions.empty()) return nullptr;
  const CacheSpec& declared = object.declared ? static_cast<const CacheSpec&>(*object.declared) : SpecOf(object);
  auto actual = std::make_unique<CacheSpec>(declared);
  actual->clear_members();
  for (const std::string& name : declared.members()) {
    const auto found = seen.find(name);
    if (found != seen.end() && found->second->member().running()) actual->add_members(name);
  }
  if (declared.has_sentinel()) actual->mutable_sentinel()->clear_servers();
  for (const std::string& name : declared.sentinel().servers()) {
    const auto found = seen.find(name);
    if (found != seen.end() && found->second->sentinel().running()) actual->mutable_sentinel()->add_servers(name);
  }
  for (const ActionDraft& action : draft->actions) {
    const auto found = seen.find(action.action.server());
    if (found == seen.end() || !found->second->member().running()) continue;
    if (action.action.verb() == "cache.users.set") actual->clear_users();
    if (action.action.verb() != "cache.member.set") continue;
    actual->clear_memory();
    actual->clear_eviction();
    actual->clear_min_replicas();
  }
  return actual;
}

std::unique_ptr<google::protobuf::Message> CachePlanner::Allocate(const ObjectInput& object,
                                                                  const google::protobuf::Message* before) const {
  auto record = std::make_unique<CacheAllocation>();
  if (before != nullptr) record->CopyFrom(*before);
  const std::string& wish = SpecOf(object).primary();
  if (record->serial() == 0 || record->wish() != wish) {
    record->set_wish(wish);
    record->set_serial(record->serial() + 1);
  }
  return record;
}

std::unique_ptr<google::protobuf::Message> CachePlanner::NewAllocation() const {
  return std::make_unique<CacheAllocation>();
}

// Alphanumeric: it stands in files of Redis's without quotes.
std::vector<InternalSecret> CachePlanner::InternalSecrets(const ObjectInput& /*object*/) const {
  InternalSecret secret;
  secret.name = kReplication;
  secret.generator.set_length(48);
  secret.generator.set_alphabet("alphanumeric");
  return {secret};
}

// The port at which agents tell the roles, for balancers.
std::vector<ServicePort> CachePlanner::PortsOn(const ObjectInput& object, const std::string& server,
                                               RecordingReader& /*reader*/) const {
  constexpr std::int64_t kRolePort = 7443;
  const CacheSpec& spec = SpecOf(object);
  const auto has = [&](const auto& list) { return std::find(list.begin(), list.end(), server) != list.end(); };
  const bool member = has(spec.members());
  const bool sentinel = has(spec.sentinel().servers());
  std::vector<ServicePort> ports;
  if (member || sentinel) ports.push_back({"tcp", kRolePort, {}});
  // What goes over a mesh is the mesh's to let in.
  if (spec.has_mesh()) return ports;
  if (member) ports.push_back({"tcp", spec.port(), {}});
  if (sentinel) ports.push_back({"tcp", spec.sentinel().port(), {}});
  return ports;
}

std::vector<std::string> CachePlanner::ServersOf(const ObjectInput& object) const {
  return CacheServers(object);
}

}  // namespace podwright::planner
