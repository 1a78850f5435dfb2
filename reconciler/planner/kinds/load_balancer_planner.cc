#include "reconciler/planner/kinds/load_balancer_planner.h"

#include <algorithm>
#include <set>

#include "kinds/load_balancer/configuration_text.h"
#include "kinds/load_balancer/nginx_words.h"
#include "podwright/v1/kinds/load_balancer.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/load_balancer_draft.h"
#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {

namespace {

using v1::kinds::LoadBalancerObserved;
using v1::kinds::LoadBalancerSpec;
using v1::kinds::LoadBalancerStatus;

const LoadBalancerSpec& SpecOf(const ObjectInput& object) {
  return static_cast<const LoadBalancerSpec&>(*object.spec);
}

bool Lists(const google::protobuf::RepeatedPtrField<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// What others on the server still need of what the balancer may have brought.
std::set<std::string> PackagesInUse(const ObjectKey& balancer, const std::string& server, RecordingReader& reader) {
  std::set<std::string> out;
  if (const ObjectInput* object = reader.Object({"server", server})) {
    const auto& spec = static_cast<const v1::kinds::ServerSpec&>(*object->spec);
    for (const auto& [name, package] : spec.packages()) {
      if (!package.absent()) out.insert(name);
    }
  }
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    if (referrer.key.kind != balancer.kind || referrer.key == balancer) continue;
    if (referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* other = reader.Object(referrer.key);
    if (other == nullptr || !Lists(SpecOf(*other).servers(), server)) continue;
    for (const std::string& name : BalancerPackages(SpecOf(*other))) out.insert(name);
  }
  return out;
}

// Where something of the balancer is and it is no longer wanted.
void PlanLeaving(const ObjectInput& object, RecordingReader& reader, SliceDraft& draft) {
  const bool live = object.lifecycle == ObjectLifecycle::kLive;
  for (const std::string& server : reader.ObservedServers(object.key)) {
    if (live && Lists(SpecOf(object).servers(), server)) continue;
    const ObservedInput* observed = reader.Observed(object.key, server);
    if (observed == nullptr) continue;
    const auto& is = static_cast<const LoadBalancerObserved&>(*observed->observed);
    if (is.managed().empty() || reader.Agent(server) == nullptr) continue;
    ActionDraft action;
    action.action.set_server(server);
    action.action.set_verb("load_balancer.leave");
    action.action.set_subject(server);
    action.action.set_summary("take everything of the load balancer " + object.key.name + " away from " + server);
    action.action.set_deletes(true);
    if (is.has_http() || is.has_streams()) {
      action.action.set_disruption(v1::DISRUPTION_RESTART);
      action.action.set_downtime_ms(kBalancerStopMs);
    }
    v1::kinds::LoadBalancerLeaveAction payload;
    for (const std::string& package : PackagesInUse(object.key, server, reader)) payload.add_keep_packages(package);
    action.SetPayload(payload);
    draft.actions.push_back(std::move(action));
  }
}

std::string ServerAddress(const std::string& server, const StatusReader& reader) {
  const auto* fact = reader.facts().FindObserved({"server", server}, server);
  if (fact == nullptr) return "";
  return static_cast<const v1::kinds::ServerObserved&>(*fact->input.observed).address();
}

void AddEndpoints(const LoadBalancerSpec& spec, LoadBalancerStatus& status) {
  std::string address;
  if (spec.has_shared_address()) {
    address = spec.shared_address().address().substr(0, spec.shared_address().address().find('/'));
  } else if (!spec.servers().empty() && status.addresses().contains(spec.servers(0))) {
    address = status.addresses().at(spec.servers(0));
  }
  for (const auto& [name, listener] : spec.listeners()) {
    const bool everywhere = listener.address().empty() || listener.address() == "::" || listener.address() == "0.0.0.0";
    const std::string& at = everywhere ? address : listener.address();
    if (!at.empty()) (*status.mutable_endpoints())[name] = kinds::nginx::HostPort(at, listener.port());
  }
}

void AddViews(const ObjectInput& object, const StatusReader& reader, LoadBalancerStatus& status) {
  for (const auto* fact : reader.facts().ObservedOf(object.key)) {
    const std::string& server = fact->input.server;
    if (!Lists(SpecOf(object).servers(), server)) continue;
    const auto& observed = static_cast<const LoadBalancerObserved&>(*fact->input.observed);
    *(*status.mutable_servers())[server].mutable_backends() = observed.backends();
    if (observed.shared_address().holds()) status.set_holder(server);
    for (const std::string& file : SortedKeys(observed.certificates())) {
      const std::string& warning = observed.certificates().at(file).warning();
      if (!warning.empty()) status.add_warnings(server + ": the certificate " + file + ": " + warning);
    }
    for (const std::string& backend : SortedKeys(observed.backends())) {
      const auto& members = observed.backends().at(backend).members();
      for (const std::string& member : SortedKeys(members)) {
        if (members.at(member) != "down") continue;
        status.add_warnings(server + ": " + member + " of the backend " + backend + " does not answer");
      }
    }
  }
}

}  // namespace

Result<SliceDraft> LoadBalancerPlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  if (object.lifecycle == ObjectLifecycle::kLive) {
    LoadBalancerDraft balancer(object, reader);
    PW_TRY(balancer.Plan());
    PlanLeaving(object, reader, balancer.draft());
    return std::move(balancer.draft());
  }
  SliceDraft draft;
  PlanLeaving(object, reader, draft);
  return draft;
}

std::unique_ptr<google::protobuf::Message> LoadBalancerPlanner::ComputeStatus(const ObjectInput& object,
                                                                              const StatusReader& reader) const {
  auto status = std::make_unique<LoadBalancerStatus>();
  const LoadBalancerSpec& spec = SpecOf(object);
  for (const std::string& server : spec.servers()) {
    const std::string address = ServerAddress(server, reader);
    if (!address.empty()) (*status->mutable_addresses())[server] = address;
  }
  AddEndpoints(spec, *status);
  AddViews(object, reader, *status);
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

// Listeners whose nginx is not as it was declared on some server are not there, nor are servers without the balancer.
std::unique_ptr<google::protobuf::Message> LoadBalancerPlanner::ActualSpec(const ObjectInput& object,
                                                                           const StatusReader& reader) const {
  RecordingReader record(reader.facts());
  const Result<SliceDraft> draft = PlanObject(object, record);
  if (!draft.ok() || draft->actions.empty()) return nullptr;
  const LoadBalancerSpec& declared =
      object.declared ? static_cast<const LoadBalancerSpec&>(*object.declared) : SpecOf(object);
  std::set<std::string> present;
  for (const auto* fact : reader.facts().ObservedOf(object.key)) present.insert(fact->input.server);
  if (present.empty()) return nullptr;
  auto actual = std::make_unique<LoadBalancerSpec>(declared);
  actual->clear_servers();
  for (const std::string& server : declared.servers()) {
    if (present.contains(server)) actual->add_servers(server);
  }
  for (const ActionDraft& action : draft->actions) {
    for (const auto& [verb, side] : {std::pair("load_balancer.http.configure", kinds::BalancerSide::kHttp),
                                     std::pair("load_balancer.streams.configure", kinds::BalancerSide::kStreams)}) {
      if (action.action.verb() != verb || !present.contains(action.action.server())) continue;
      for (const auto& [name, listener] : declared.listeners()) {
        if (kinds::SideOf(listener) == side) actual->mutable_listeners()->erase(name);
      }
    }
  }
  return actual;
}

std::vector<ServicePort> LoadBalancerPlanner::PortsOn(const ObjectInput& object, const std::string& server,
                                                      RecordingReader& /*reader*/) const {
  const LoadBalancerSpec& spec = SpecOf(object);
  std::vector<ServicePort> out;
  if (!Lists(spec.servers(), server)) return out;
  std::set<std::pair<std::string, std::int64_t>> ports;
  for (const auto& [name, listener] : spec.listeners()) {
    ports.emplace(listener.protocol() == "udp" ? "udp" : "tcp", listener.port());
  }
  for (const auto& [protocol, port] : ports) out.push_back({protocol, port, {}});
  if (spec.has_shared_address() && spec.servers_size() > 1) out.push_back({"vrrp", 0, {}});
  return out;
}

std::vector<std::string> LoadBalancerPlanner::ServersOf(const ObjectInput& object) const {
  std::vector<std::string> out(SpecOf(object).servers().begin(), SpecOf(object).servers().end());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace podwright::planner
