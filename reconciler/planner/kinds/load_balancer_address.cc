#include "reconciler/planner/kinds/load_balancer_address.h"

#include <algorithm>

#include "kinds/load_balancer/address_form.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::planner {
namespace {

using v1::kinds::LoadBalancerAddressAction;
using v1::kinds::LoadBalancerSpec;

constexpr std::int64_t kMoveMs = 3'000;  // until another server has noticed that the holder is silent

std::string AddressOf(const std::string& server, RecordingReader& reader) {
  const ObservedInput* observed = reader.Observed({"server", server}, server);
  return observed == nullptr ? "" : static_cast<const v1::kinds::ServerObserved&>(*observed->observed).address();
}

void AddSides(const LoadBalancerSpec& spec, LoadBalancerAddressAction& action) {
  bool http = false;
  bool streams = false;
  for (const auto& [name, listener] : spec.listeners()) {
    const bool stream = listener.protocol() == "tcp" || listener.protocol() == "udp";
    (stream ? streams : http) = true;
  }
  if (http) action.add_sides("http");
  if (streams) action.add_sides("streams");
}

ActionDraft Removal(const std::string& server) {
  ActionDraft draft;
  draft.action.set_server(server);
  draft.action.set_verb("load_balancer.address.remove");
  draft.action.set_subject("address");
  draft.action.set_summary("give the shared address up");
  draft.SetPayload(v1::kinds::LoadBalancerAddressRemoval());
  return draft;
}

}  // namespace

Result<std::optional<ActionDraft>> PlanSharedAddress(const ObjectInput& object, const std::string& server,
                                                     const v1::kinds::LoadBalancerObserved& is,
                                                     RecordingReader& reader) {
  const auto& spec = static_cast<const LoadBalancerSpec&>(*object.spec);
  if (!spec.has_shared_address()) {
    if (!is.has_shared_address()) return std::optional<ActionDraft>();
    return std::optional(Removal(server));
  }
  PW_ASSIGN(const kinds::SharedAddress shared, kinds::ParseSharedAddress(spec.shared_address().address()));
  LoadBalancerAddressAction payload;
  payload.set_address(shared.Text());
  payload.set_interface(spec.shared_address().interface());
  payload.set_router_id(kinds::SharedRouterId(object.key.name, spec.shared_address()));
  payload.set_priority(kinds::SharedPriority(spec, server));
  AddSides(spec, payload);
  payload.set_own_address(AddressOf(server, reader));
  bool known = !payload.own_address().empty();
  for (const std::string& peer : spec.servers()) {
    if (peer == server) continue;
    std::string& address = (*payload.mutable_peers())[peer];
    address = AddressOf(peer, reader);
    known = known && !address.empty();
  }
  if (known && is.shared_address().configuration() == kinds::SharedAddressDigest(payload)) {
    return std::optional<ActionDraft>();
  }
  ActionDraft draft;
  draft.action.set_server(server);
  draft.action.set_verb("load_balancer.address.configure");
  draft.action.set_subject("address");
  draft.action.set_summary("stand by for " + shared.Text() + " with priority " + std::to_string(payload.priority()));
  draft.SetPayload(payload);
  if (payload.own_address().empty()) draft.Bind("peer/" + server, {"server", server}, server, "address");
  for (const std::string& peer : spec.servers()) {
    if (peer == server || !payload.peers().at(peer).empty()) continue;
    draft.Bind("peer/" + peer, {"server", peer}, peer, "address");
    draft.after_objects.push_back({"server", peer});
  }
  if (is.has_shared_address()) {
    draft.action.set_disruption(v1::DISRUPTION_RELOAD);
    draft.action.set_downtime_ms(kMoveMs);
  }
  return std::optional(std::move(draft));
}

}  // namespace podwright::planner
