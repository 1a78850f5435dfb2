#include "reconciler/planner/kinds/load_balancer_draft.h"

#include <algorithm>

#include "core/digest.h"
#include "kinds/load_balancer/upstream_text.h"
#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/database.pb.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/load_balancer_address.h"
#include "reconciler/planner/kinds/load_balancer_checks.h"
#include "reconciler/planner/kinds/load_balancer_planner.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {

namespace {

using kinds::BalancerSide;
using v1::kinds::LoadBalancerCandidate;
using v1::kinds::LoadBalancerInstanceAction;
using v1::kinds::LoadBalancerObserved;
using v1::kinds::LoadBalancerObservedInstance;
using v1::kinds::LoadBalancerUpstream;

// A member on the balancer's own server saves a way over the network.
constexpr std::int64_t kLocalPreference = 5;
constexpr std::int64_t kPostgresqlPort = 5432;
constexpr std::int64_t kMysqlPort = 3306;

std::string NameOf(BalancerSide side) {
  return side == BalancerSide::kHttp ? "http" : "streams";
}

template <typename Member>
void Describe(const Member& member, std::int64_t port, LoadBalancerCandidate& out) {
  out.set_port(member.has_port() ? member.port() : port);
  out.set_weight(member.has_weight() ? member.weight() : 1);
  out.set_max_connections(member.max_connections());
  out.set_backup(member.backup());
  out.set_drain(member.drain());
}

std::vector<std::string> BoundNames(const LoadBalancerInstanceAction& instance) {
  std::set<std::string> names;
  for (const auto& [backend, upstream] : instance.upstreams()) {
    for (const auto& [name, candidate] : upstream.candidates()) {
      if (candidate.bound()) names.insert(name);
    }
    for (const auto& [name, address] : upstream.role().witnesses()) {
      if (address.empty()) names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

std::vector<std::string> BalancerPackages(const v1::kinds::LoadBalancerSpec& spec) {
  std::vector<std::string> out = {"nginx"};
  if (kinds::HasSide(spec, BalancerSide::kStreams)) out.insert(out.begin(), "libnginx-mod-stream");
  if (spec.has_shared_address()) out.insert(out.begin(), "keepalived");
  std::sort(out.begin(), out.end());
  return out;
}

LoadBalancerDraft::LoadBalancerDraft(const ObjectInput& object, RecordingReader& reader)
    : object_(object), spec_(static_cast<const v1::kinds::LoadBalancerSpec&>(*object.spec)), reader_(reader) {}

Status LoadBalancerDraft::ReadSecrets() {
  for (const auto& [listener_name, listener] : spec_.listeners()) {
    if (listener.protocol() != "https") continue;
    for (const std::string& name : SortedKeys(listener.certificates())) {
      const auto& certificate = listener.certificates().at(name);
      const std::string what = "the certificate " + name + " of the listener " + listener_name;
      PW_ASSIGN(const v1::SecretUse use, ReadSecret(reader_, certificate.certificate(), what));
      if (!certificate.certificate().has_version()) versions_[use.name()] = use.version();
      v1::SecretReference key = certificate.private_key();
      if (!certificate.has_private_key()) {
        const kinds::CertificateFiles files = kinds::FilesOf(certificate, versions_);
        if (files.key.key() == files.certificate.key()) continue;
        key = certificate.certificate();
        key.set_key(files.key.key());
      }
      PW_ASSIGN(const v1::SecretUse key_use, ReadSecret(reader_, key, "the key of " + what));
      if (!key.has_version()) versions_[key_use.name()] = key_use.version();
    }
  }
  return Ok();
}

Status LoadBalancerDraft::Plan() {
  PW_TRY(CheckLoadBalancer(object_, reader_));
  PW_TRY(ReadSecrets());
  std::vector<std::string> servers(spec_.servers().begin(), spec_.servers().end());
  std::sort(servers.begin(), servers.end());
  for (const std::string& server : servers) {
    const ObservedInput* observed = reader_.Observed(object_.key, server);
    is_[server] = observed == nullptr ? &LoadBalancerObserved::default_instance()
                                      : static_cast<const LoadBalancerObserved*>(observed->observed.get());
  }
  for (const std::string& server : servers) PW_TRY(PlanServer(server));
  return Ok();
}

ActionDraft LoadBalancerDraft::Action(const std::string& server, std::string verb, std::string subject,
                                      std::string summary) const {
  ActionDraft draft;
  draft.action.set_server(server);
  draft.action.set_verb(std::move(verb));
  draft.action.set_subject(std::move(subject));
  draft.action.set_summary(std::move(summary));
  return draft;
}

void LoadBalancerDraft::Add(const std::string& server, ActionDraft action) {
  action.after = own_[server];
  action.after_objects.push_back({"server", server});
  if (spec_.has_mesh()) action.after_objects.push_back({"mesh", spec_.mesh()});
  draft_.actions.push_back(std::move(action));
  own_[server] = {draft_.actions.size() - 1};
}

Status LoadBalancerDraft::PlanServer(const std::string& server) {
  const LoadBalancerObserved& is = *is_.at(server);
  const std::vector<std::string> packages = BalancerPackages(spec_);
  // A balancer that was never here, or lacks some of what it needs now.
  std::vector<std::string> missing;
  for (const std::string& name : packages) {
    const bool installed = std::find(is.packages().begin(), is.packages().end(), name) != is.packages().end();
    const bool lacks = std::find(is.lacking().begin(), is.lacking().end(), name) != is.lacking().end();
    if (!installed || lacks) missing.push_back(name);
  }
  if (!missing.empty()) {
    ActionDraft action =
        Action(server, "load_balancer.tools.install", "packages", "install what is missing of " + Listed(missing));
    v1::kinds::LoadBalancerToolsAction payload;
    for (const std::string& name : packages) payload.add_packages(name);
    action.SetPayload(payload);
    Add(server, std::move(action));
  }
  PW_TRY(PlanSide(server, BalancerSide::kHttp));
  PW_TRY(PlanSide(server, BalancerSide::kStreams));
  PW_ASSIGN(auto address, PlanSharedAddress(object_, server, is, reader_));
  if (address) Add(server, *std::move(address));
  return Ok();
}

Result<std::string> LoadBalancerDraft::AddressOf(const std::string& server, const std::string& mesh_name) {
  if (!mesh_name.empty()) {
    const ObjectKey key{"mesh", mesh_name};
    const ObjectInput* mesh = reader_.Object(key);
    const auto* allocation = static_cast<const v1::kinds::MeshAllocation*>(reader_.Allocation(key));
    if (mesh == nullptr || allocation == nullptr || !allocation->places().contains(server)) return std::string();
    PW_ASSIGN(const auto range, kinds::MeshRange::Parse(static_cast<const v1::kinds::MeshSpec&>(*mesh->spec).range()));
    return range.AddressAt(allocation->places().at(server));
  }
  const ObservedInput* observed = reader_.Observed({"server", server}, server);
  if (observed == nullptr) return std::string();
  return static_cast<const v1::kinds::ServerObserved&>(*observed->observed).address();
}

Result<LoadBalancerUpstream> LoadBalancerDraft::UpstreamOf(const std::string& server, const std::string& backend,
                                                           BalancerSide side) {
  const v1::kinds::LoadBalancerBackend& declared = spec_.backends().at(backend);
  LoadBalancerUpstream out;
  out.set_method(declared.method());
  const bool http = side == BalancerSide::kHttp;
  if (http) out.set_idle_connections(declared.idle_connections());
  out.set_check_tls(http && declared.protocol() == "https");
  bool udp = !http;
  for (const auto& [name, listener] : spec_.listeners()) {
    if (listener.backend() == backend && listener.protocol() == "tcp") udp = false;
  }
  out.set_udp(udp);
  *out.mutable_check() = declared.check();
  FillCheck(udp, *out.mutable_check());
  for (const std::string& name : SortedKeys(declared.servers())) {
    LoadBalancerCandidate& candidate = (*out.mutable_candidates())[name];
    Describe(declared.servers().at(name), declared.port(), candidate);
    PW_ASSIGN(*candidate.mutable_address(), AddressOf(name, spec_.mesh()));
    candidate.set_bound(candidate.address().empty());
  }
  for (const std::string& name : SortedKeys(declared.addresses())) {
    LoadBalancerCandidate& candidate = (*out.mutable_candidates())[name];
    Describe(declared.addresses().at(name), declared.port(), candidate);
    candidate.set_address(declared.addresses().at(name).address());
  }
  if (declared.has_database()) PW_TRY(AddDatabase(declared.database(), out));
  if (declared.has_cache()) PW_TRY(AddCache(declared.cache(), out));
  const bool prefers = !declared.has_prefer_local() || declared.prefer_local();
  const auto local = out.mutable_candidates()->find(server);
  if (prefers && local != out.mutable_candidates()->end() && !declared.addresses().contains(server)) {
    local->second.set_weight(local->second.weight() * kLocalPreference);
  }
  return out;
}

Status LoadBalancerDraft::CheckMesh(const ObjectKey& followed, const std::string& mesh) {
  if (mesh.empty()) return Ok();
  const ObjectInput* object = reader_.Object({"mesh", mesh});
  if (object == nullptr) return FailedPrecondition("mesh/" + mesh + " does not exist");
  const auto& members = static_cast<const v1::kinds::MeshSpec&>(*object->spec).members();
  for (const std::string& server : spec_.servers()) {
    if (members.contains(server)) continue;
    return FailedPrecondition(followed.Text() + " is reached in the mesh " + mesh + ", and server/" + server +
                              " is no member of it: add it to the mesh");
  }
  return Ok();
}

Status LoadBalancerDraft::AddFollowed(const std::string& server, std::int64_t port, const std::string& mesh,
                                      LoadBalancerUpstream& out) {
  LoadBalancerCandidate& candidate = (*out.mutable_candidates())[server];
  candidate.set_port(port);
  candidate.set_weight(1);
  PW_ASSIGN(*candidate.mutable_address(), AddressOf(server, mesh));
  candidate.set_bound(candidate.address().empty());
  return Ok();
}

// Who is the primary is no part of the plan: a failover makes none stale. The wish is where the agent begins.
Status LoadBalancerDraft::AddDatabase(const v1::kinds::LoadBalancerDatabase& declared, LoadBalancerUpstream& out) {
  const ObjectKey key{"database", declared.name()};
  const ObjectInput* object = reader_.Object(key);
  if (object == nullptr) return FailedPrecondition(key.Text() + " does not exist");
  const auto& spec = static_cast<const v1::kinds::DatabaseSpec&>(*object->spec);
  PW_TRY(CheckMesh(key, spec.mesh()));
  const std::int64_t port = spec.has_port() ? spec.port() : (spec.engine() == "mysql" ? kMysqlPort : kPostgresqlPort);
  for (const std::string& member : spec.members()) PW_TRY(AddFollowed(member, port, spec.mesh(), out));
  v1::kinds::LoadBalancerRole& role = *out.mutable_role();
  role.set_kind(key.kind);
  role.set_name(key.name);
  role.set_role(declared.endpoint() == "read_only" ? "replica" : "primary");
  role.set_initial(spec.has_primary() || spec.members().empty() ? spec.primary() : spec.members(0));
  return Ok();
}

Status LoadBalancerDraft::AddCache(const v1::kinds::LoadBalancerCache& declared, LoadBalancerUpstream& out) {
  const ObjectKey key{"cache", declared.name()};
  const ObjectInput* object = reader_.Object(key);
  if (object == nullptr) return FailedPrecondition(key.Text() + " does not exist");
  const auto& spec = static_cast<const v1::kinds::CacheSpec&>(*object->spec);
  PW_TRY(CheckMesh(key, spec.mesh()));
  for (const std::string& member : spec.members()) PW_TRY(AddFollowed(member, spec.port(), spec.mesh(), out));
  v1::kinds::LoadBalancerRole& role = *out.mutable_role();
  role.set_kind(key.kind);
  role.set_name(key.name);
  role.set_role(declared.endpoint() == "replicas" ? "replica" : "primary");
  role.set_initial(spec.has_primary() || spec.members().empty() ? spec.primary() : spec.members(0));
  for (const std::string& server : spec.sentinel().servers()) {
    PW_ASSIGN((*role.mutable_witnesses())[server], AddressOf(server, spec.mesh()));
  }
  return Ok();
}

Result<LoadBalancerInstanceAction> LoadBalancerDraft::InstanceOf(const std::string& server, BalancerSide side) {
  LoadBalancerInstanceAction out;
  out.set_configuration(kinds::ConfigurationText(object_.key.name, spec_, side, versions_));
  for (const std::string& backend : kinds::BackendsOf(spec_, side)) {
    PW_ASSIGN((*out.mutable_upstreams())[backend], UpstreamOf(server, backend, side));
  }
  if (side == BalancerSide::kHttp) {
    for (const auto& [name, file] : kinds::KeyFilesOf(spec_, versions_)) (*out.mutable_keys())[name] = file;
  }
  return out;
}

bool LoadBalancerDraft::Same(const LoadBalancerObservedInstance& is, const LoadBalancerInstanceAction& wanted) const {
  if (is.configuration() != Sha256(wanted.configuration()).Hex()) return false;
  if (is.backends_size() != wanted.upstreams_size() || is.keys_size() != wanted.keys_size()) return false;
  for (const auto& [backend, upstream] : wanted.upstreams()) {
    const auto found = is.backends().find(backend);
    if (found == is.backends().end() || found->second != kinds::UpstreamDigest(upstream)) return false;
  }
  for (const auto& [name, file] : wanted.keys()) {
    const auto found = is.keys().find(name);
    if (found == is.keys().end() || found->second.secret() != file.secret() ||
        found->second.version() != file.version()) {
      return false;
    }
  }
  return true;
}

std::string LoadBalancerDraft::WhatChanges(const LoadBalancerObservedInstance& is,
                                           const LoadBalancerInstanceAction& wanted, BalancerSide side) const {
  const std::string name = NameOf(side);
  if (!is.active()) return "start the nginx of " + name;
  std::vector<std::string> what;
  if (is.configuration() != Sha256(wanted.configuration()).Hex()) what.emplace_back("its configuration");
  std::vector<std::string> backends;
  for (const std::string& backend : SortedKeys(wanted.upstreams())) {
    const auto found = is.backends().find(backend);
    if (is.has_configuration() &&
        (found == is.backends().end() || found->second != kinds::UpstreamDigest(wanted.upstreams().at(backend)))) {
      backends.push_back(backend);
    }
  }
  if (!backends.empty()) what.push_back("the members of " + Listed(backends));
  if (what.empty()) what.emplace_back("its configuration");
  return "change the nginx of " + name + ": " + Listed(what);
}

Status LoadBalancerDraft::PlanSide(const std::string& server, BalancerSide side) {
  const LoadBalancerObserved& is = *is_.at(server);
  const bool here = side == BalancerSide::kHttp ? is.has_http() : is.has_streams();
  const std::string verb = "load_balancer." + NameOf(side);
  if (!kinds::HasSide(spec_, side)) {
    if (!here) return Ok();
    ActionDraft action = Action(server, verb + ".remove", NameOf(side), "take the nginx of " + NameOf(side) + " away");
    action.SetPayload(v1::kinds::LoadBalancerInstanceRemoval());
    action.action.set_disruption(v1::DISRUPTION_RESTART);
    action.action.set_downtime_ms(kBalancerStopMs);
    action.action.set_deletes(true);
    Add(server, std::move(action));
    return Ok();
  }
  const LoadBalancerObservedInstance& found = side == BalancerSide::kHttp ? is.http() : is.streams();
  PW_ASSIGN(const LoadBalancerInstanceAction wanted, InstanceOf(server, side));
  if (here && Same(found, wanted)) return Ok();
  ActionDraft action = Action(server, verb + ".configure", NameOf(side), WhatChanges(found, wanted, side));
  action.SetPayload(wanted);
  if (found.active()) action.action.set_disruption(v1::DISRUPTION_RELOAD);
  for (const std::string& name : BoundNames(wanted)) {
    action.Bind("address/" + name, {"server", name}, name, "address");
    action.after_objects.push_back({"server", name});
  }
  for (const std::string& name : SortedKeys(wanted.keys())) {
    v1::SecretUse use;
    use.set_name(wanted.keys().at(name).secret());
    use.set_version(wanted.keys().at(name).version());
    use.set_key(wanted.keys().at(name).key());
    AddSecret(use, action);
  }
  for (const std::string& backend : kinds::BackendsOf(spec_, side)) {
    const auto& declared = spec_.backends().at(backend);
    if (declared.has_database()) action.after_objects.push_back({"database", declared.database().name()});
    if (declared.has_cache()) action.after_objects.push_back({"cache", declared.cache().name()});
  }
  if (spec_.servers_size() > 1) {
    action.action.mutable_batch()->set_name("load_balancer/" + object_.key.name + "/" + NameOf(side));
    action.action.mutable_batch()->set_max_parallel(1);
  }
  Add(server, std::move(action));
  return Ok();
}

}  // namespace podwright::planner
