#include "reconciler/planner/kinds/mesh_draft.h"

#include <algorithm>

#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/mesh_names.h"
#include "reconciler/planner/kinds/mesh_planner.h"
#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {

namespace {

using v1::kinds::MeshObserved;

std::string Counted(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// What the others must learn of the peers, by words for people: "web-1, web-2 and web-3".
std::string Some(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 5;
  if (names.size() <= kNamed) return Listed(names);
  return Listed({names.begin(), names.begin() + kNamed}) + " and " + std::to_string(names.size() - kNamed) + " more";
}

std::vector<std::string> Keys(const std::map<std::string, std::vector<std::string>>& map) {
  std::vector<std::string> out;
  for (const auto& entry : map) out.push_back(entry.first);
  return out;
}

}  // namespace

MeshDraft::MeshDraft(const ObjectInput& object, const v1::kinds::MeshAllocation& allocation, RecordingReader& reader)
    : object_(object),
      spec_(static_cast<const v1::kinds::MeshSpec&>(*object.spec)),
      allocation_(allocation),
      reader_(reader),
      names_(SortedKeys(spec_.members())) {}

Status MeshDraft::Look(const std::string& name) {
  Member& member = members_[name];
  const ObservedInput* observed = reader_.Observed(object_.key, name);
  member.is = observed == nullptr ? &MeshObserved::default_instance()
                                  : static_cast<const MeshObserved*>(observed->observed.get());
  member.has_key = member.is->has_public_key();
  PW_ASSIGN(const kinds::MeshRange range, kinds::MeshRange::Parse(spec_.range()));
  prefix_length_ = range.prefix_length();
  PW_ASSIGN(member.address, range.AddressAt(allocation_.places().at(name)));
  if (const ObservedInput* server = reader_.Observed({"server", name}, name)) {
    member.reached_at = static_cast<const v1::kinds::ServerObserved&>(*server->observed).address();
  }
  return Ok();
}

Status MeshDraft::Plan() {
  for (const std::string& name : names_) PW_TRY(Look(name));
  PW_ASSIGN(services_, MeshServices(object_, reader_));
  for (const std::string& name : names_) {
    PlanTools(name);
    PlanKey(name);
    PlanRules(name);
    PlanInterface(name);
  }
  for (const std::string& name : names_) {
    PlanPeers(name);
    PlanNames(name);
  }
  PlanRotation();
  return Ok();
}

ActionDraft MeshDraft::Action(const std::string& server, std::string verb, std::string subject,
                              std::string summary) const {
  ActionDraft draft;
  draft.action.set_server(server);
  draft.action.set_verb(std::move(verb));
  draft.action.set_subject(std::move(subject));
  draft.action.set_summary(std::move(summary));
  return draft;
}

std::size_t MeshDraft::Add(const std::string& server, ActionDraft action, const Places& also) {
  Member& member = members_.at(server);
  action.after = member.own;
  action.after.insert(action.after.end(), also.begin(), also.end());
  action.after_objects = {{"server", server}};
  draft_.actions.push_back(std::move(action));
  const std::size_t place = draft_.actions.size() - 1;
  member.own = {place};
  return place;
}

void MeshDraft::PlanTools(const std::string& name) {
  const MeshObserved& is = *members_.at(name).is;
  // Of a server that was never looked at nothing is known; its agent finds out.
  const bool unseen = reader_.Observed(object_.key, name) == nullptr;
  if (!unseen && is.lacking().empty()) return;
  const std::vector<std::string> lacking(is.lacking().begin(), is.lacking().end());
  ActionDraft action = Action(name, "mesh.tools.install", "tools",
                              unseen ? "install what WireGuard needs and is not there" : "install " + Listed(lacking));
  action.SetPayload(v1::kinds::MeshToolsAction());
  Add(name, std::move(action));
}

void MeshDraft::PlanKey(const std::string& name) {
  Member& member = members_.at(name);
  if (member.has_key) return;
  ActionDraft action = Action(name, "mesh.key.make", "key", "make a key; it stays on the server");
  v1::kinds::MeshKeyAction payload;
  payload.set_version(spec_.key_version());
  action.SetPayload(payload);
  member.key = {Add(name, std::move(action))};
}

v1::kinds::MeshRulesAction MeshDraft::RulesOf(const std::string& name) const {
  v1::kinds::MeshRulesAction rules;
  rules.set_interface(allocation_.interface());
  rules.set_allow(spec_.default_access() == "allow");
  for (const std::string& rule_name : SortedKeys(spec_.rules())) {
    const v1::kinds::MeshRule& rule = spec_.rules().at(rule_name);
    if (!rule.to().empty() && std::find(rule.to().begin(), rule.to().end(), name) == rule.to().end()) continue;
    std::set<std::string> sources;
    for (const std::string& from : rule.from()) {
      const auto member = members_.find(from);
      if (from != name && member != members_.end()) sources.insert(member->second.address);
    }
    if (sources.empty() && !rule.from().empty()) continue;  // only from itself
    v1::kinds::MeshRuleLine& line = *rules.add_lines();
    line.set_name(rule_name);
    for (const std::string& source : sources) line.add_sources(source);
    line.set_protocol(rule.protocol());
    line.set_port(rule.port());
    line.set_port_end(rule.has_port_end() ? rule.port_end() : rule.port());
  }
  return rules;
}

void MeshDraft::PlanRules(const std::string& name) {
  const v1::kinds::MeshRulesAction rules = RulesOf(name);
  const MeshObserved& is = *members_.at(name).is;
  if (is.rules() == kinds::MeshRulesDigest(rules)) return;
  const std::string what = rules.allow()
                               ? "let everything of the mesh in"
                               : "let in from the mesh what " + Counted(static_cast<std::size_t>(rules.lines_size()),
                                                                        "rule allows", "rules allow");
  ActionDraft action = Action(name, "mesh.rules.apply", "rules", what);
  action.SetPayload(rules);
  Add(name, std::move(action));
}

void MeshDraft::PlanInterface(const std::string& name) {
  const Member& member = members_.at(name);
  v1::kinds::MeshInterfaceAction payload;
  payload.set_interface(allocation_.interface());
  payload.set_address(member.address + "/" + std::to_string(prefix_length_));
  payload.set_port(spec_.port());
  const MeshObserved& is = *member.is;
  const bool same = is.interface() == payload.interface() && is.address() == payload.address() &&
                    is.port() == payload.port() && member.has_key;
  if (same) return;
  const bool moves = is.has_interface() && is.port() != payload.port();
  ActionDraft action = Action(name, "mesh.interface.set", payload.interface(),
                              moves ? "listen on port " + std::to_string(payload.port())
                                    : "bring up " + payload.interface() + " with " + payload.address());
  action.SetPayload(payload);
  if (moves) {
    action.action.set_disruption(v1::DISRUPTION_RELOAD);
    action.action.set_downtime_ms(kMeshSwitchMs);
  }
  Add(name, std::move(action));
}

std::int64_t MeshDraft::KeepaliveOf(const std::string& peer) const {
  const v1::kinds::MeshMember& member = spec_.members().at(peer);
  return member.has_keepalive() ? member.keepalive() : spec_.keepalive();
}

std::string MeshDraft::EndpointOf(const std::string& peer) const {
  const v1::kinds::MeshMember& member = spec_.members().at(peer);
  if (member.has_endpoint()) return kinds::EndpointWithPort(member.endpoint(), spec_.port());
  const std::string& address = members_.at(peer).reached_at;
  return address.empty() ? "" : kinds::JoinHostPort(address, spec_.port());
}

bool MeshDraft::PeerDiffers(const Member& at, const std::string& peer) const {
  const auto found = at.is->peers().find(peer);
  if (found == at.is->peers().end()) return true;
  const v1::kinds::MeshObservedPeer& is = found->second;
  const Member& wanted = members_.at(peer);
  return !wanted.has_key || is.public_key() != wanted.is->public_key() || is.address() != wanted.address ||
         is.keepalive() != KeepaliveOf(peer) || is.endpoint() != EndpointOf(peer);
}

// Only those that differ are sent.
void MeshDraft::PlanPeers(const std::string& name) {
  const Member& at = members_.at(name);
  v1::kinds::MeshPeersAction payload;
  std::vector<std::string> set;
  Places keys;
  for (const std::string& peer : names_) {
    if (peer == name || !PeerDiffers(at, peer)) continue;
    set.push_back(peer);
    v1::kinds::MeshPeer& one = (*payload.mutable_set())[peer];
    one.set_address(members_.at(peer).address);
    if (spec_.members().at(peer).has_endpoint()) one.set_endpoint(EndpointOf(peer));
    one.set_port(spec_.port());
    one.set_keepalive_ms(KeepaliveOf(peer));
    keys.insert(keys.end(), members_.at(peer).key.begin(), members_.at(peer).key.end());
  }
  std::vector<std::string> gone;
  for (const std::string& peer : SortedKeys(at.is->peers())) {
    if (!spec_.members().contains(peer)) gone.push_back(peer);
  }
  if (set.empty() && gone.empty()) return;
  for (const std::string& peer : gone) payload.add_remove(peer);
  std::string what;
  if (!set.empty()) what = "join with " + Some(set);
  if (!gone.empty()) what += (what.empty() ? "" : "; ") + ("part from " + Some(gone));
  ActionDraft action = Action(name, "mesh.peers.sync", "peers", what);
  action.SetPayload(payload);
  std::vector<ObjectKey> servers;
  for (const std::string& peer : set) {
    action.Bind("key/" + peer, object_.key, peer, "public_key");
    if (payload.set().at(peer).endpoint().empty()) action.Bind("endpoint/" + peer, {"server", peer}, peer, "address");
    servers.push_back({"server", peer});
  }
  const std::size_t place = Add(name, std::move(action), keys);
  std::vector<ObjectKey>& after = draft_.actions[place].after_objects;
  after.insert(after.end(), servers.begin(), servers.end());
}

void MeshDraft::PlanNames(const std::string& name) {
  v1::kinds::MeshNamesAction payload;
  const std::string suffix = "." + kinds::MeshDomain(object_.key.name, spec_);
  for (const std::string& member : names_) {
    (*payload.mutable_names())[member + suffix] = members_.at(member).address;
  }
  for (const auto& [service, servers] : services_) {
    v1::kinds::MeshAddresses& addresses = (*payload.mutable_services())[service + suffix];
    for (const std::string& server : servers) addresses.add_addresses(members_.at(server).address);
  }
  if (members_.at(name).is->names() == kinds::MeshNamesDigest(payload)) return;
  ActionDraft action =
      Action(name, "mesh.names.write", "names",
             "write the names of " + Counted(names_.size(), "member", "members") +
                 (services_.empty() ? std::string() : " and " + Some(Keys(services_))) + " to /etc/hosts");
  action.SetPayload(payload);
  Add(name, std::move(action));
}

MeshDraft::Places MeshDraft::Stage(const std::vector<std::string>& rotating) {
  Places staged;
  for (const std::string& name : rotating) {
    const MeshObserved& is = *members_.at(name).is;
    if (is.has_next_public_key() && is.next_key_version() == spec_.key_version()) continue;
    ActionDraft action = Action(name, "mesh.key.stage", "next-key",
                                "make the key of version " + std::to_string(spec_.key_version()) + ", not yet used");
    v1::kinds::MeshKeyAction payload;
    payload.set_version(spec_.key_version());
    action.SetPayload(payload);
    staged.push_back(Add(name, std::move(action)));
  }
  return staged;
}

void MeshDraft::Announce(const std::vector<std::string>& rotating, const Places& staged, Places& announced) {
  for (const std::string& name : names_) {
    v1::kinds::MeshAnnounceAction payload;
    for (const std::string& peer : rotating) {
      if (peer == name) continue;
      const MeshObserved& is = *members_.at(peer).is;
      const auto known = members_.at(name).is->peers().find(peer);
      const bool told = known != members_.at(name).is->peers().end() && is.has_next_public_key() &&
                        is.next_key_version() == spec_.key_version() &&
                        known->second.next_public_key() == is.next_public_key();
      if (!told) payload.add_peers(peer);
    }
    if (payload.peers().empty()) continue;
    const std::vector<std::string> peers(payload.peers().begin(), payload.peers().end());
    ActionDraft action = Action(name, "mesh.peers.announce", "keys", "learn the next keys of " + Some(peers));
    action.SetPayload(payload);
    for (const std::string& peer : peers) action.Bind("next/" + peer, object_.key, peer, "next_public_key");
    announced.push_back(Add(name, std::move(action), staged));
  }
}

void MeshDraft::PlanRotation() {
  std::vector<std::string> rotating;
  for (const std::string& name : names_) {
    if (members_.at(name).has_key && members_.at(name).is->key_version() < spec_.key_version()) {
      rotating.push_back(name);
    }
  }
  if (rotating.empty()) return;
  const Places staged = Stage(rotating);
  Places before = staged;  // of the next switch: everything that the members do before it
  Announce(rotating, staged, before);
  Places last_switch;
  for (const std::string& name : rotating) {
    Places stage;
    // The others first: they are to wait when the member switches.
    for (const std::string& other : names_) {
      if (other == name) continue;
      ActionDraft follow = Action(other, "mesh.peer.follow", name, "follow " + name + " to its new key");
      v1::kinds::MeshFollowAction payload;
      payload.set_peer(name);
      follow.SetPayload(payload);
      stage.push_back(Add(other, std::move(follow), last_switch));
    }
    ActionDraft change =
        Action(name, "mesh.key.switch", "key", "use the key of version " + std::to_string(spec_.key_version()));
    v1::kinds::MeshKeyAction payload;
    payload.set_version(spec_.key_version());
    change.SetPayload(payload);
    change.action.set_disruption(v1::DISRUPTION_RELOAD);
    change.action.set_downtime_ms(kMeshSwitchMs);
    last_switch = {Add(name, std::move(change), before)};
    stage.push_back(last_switch.front());
    before = std::move(stage);
  }
}

}  // namespace podwright::planner
