#include "reconciler/planner/kinds/cache_draft.h"

#include <algorithm>

#include "kinds/cache/cache_form.h"
#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/cache_checks.h"
#include "reconciler/planner/kinds/cache_planner.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {
namespace {

using v1::kinds::CacheObserved;
using v1::kinds::CacheTopology;

template <typename List>
std::vector<std::string> Sorted(const List& list) {
  const std::set<std::string> names(list.begin(), list.end());
  return {names.begin(), names.end()};
}

}  // namespace

CacheDraft::CacheDraft(const ObjectInput& object, const v1::kinds::CacheAllocation& allocation, v1::SecretUse password,
                       RecordingReader& reader)
    : object_(object),
      spec_(static_cast<const v1::kinds::CacheSpec&>(*object.spec)),
      allocation_(allocation),
      password_(std::move(password)),
      reader_(reader),
      members_(Sorted(spec_.members())),
      sentinels_(Sorted(spec_.sentinel().servers())) {}

bool CacheDraft::IsMember(const std::string& name) const {
  return std::binary_search(members_.begin(), members_.end(), name);
}
bool CacheDraft::IsSentinel(const std::string& name) const {
  return std::binary_search(sentinels_.begin(), sentinels_.end(), name);
}

Status CacheDraft::Look() {
  for (const std::string& name : CacheServers(object_)) {
    Node& node = nodes_[name];
    const ObservedInput* observed = reader_.Observed(object_.key, name);
    node.is = observed == nullptr ? &CacheObserved::default_instance()
                                  : static_cast<const CacheObserved*>(observed->observed.get());
    carried_out_ = std::max(carried_out_, node.is->wish());
    established_ = established_ || (IsMember(name) && node.is->has_member());
    if (spec_.has_mesh()) continue;
    if (const ObservedInput* server = reader_.Observed({"server", name}, name)) {
      node.address = static_cast<const v1::kinds::ServerObserved&>(*server->observed).address();
    }
  }
  if (spec_.has_mesh()) PW_TRY(LookAtMesh());
  primary_ = established_ ? PrimaryNow() : spec_.has_primary() ? spec_.primary() : spec_.members(0);
  return Ok();
}

Status CacheDraft::LookAtMesh() {
  const ObjectKey key{"mesh", spec_.mesh()};
  const ObjectInput* mesh = reader_.Object(key);
  const auto* allocation = static_cast<const v1::kinds::MeshAllocation*>(reader_.Allocation(key));
  if (mesh == nullptr || allocation == nullptr) return FailedPrecondition(key.Text() + " has no addresses yet");
  PW_ASSIGN(const kinds::MeshRange range,
            kinds::MeshRange::Parse(static_cast<const v1::kinds::MeshSpec&>(*mesh->spec).range()));
  mesh_interface_ = allocation->interface();
  for (auto& [name, node] : nodes_) {
    const auto place = allocation->places().find(name);
    if (place == allocation->places().end()) {
      return FailedPrecondition("server/" + name + " has no address in " + key.Text() + " yet");
    }
    PW_ASSIGN(node.address, range.AddressAt(place->second));
  }
  return Ok();
}

Status CacheDraft::Plan() {
  PW_TRY(Look());
  const bool joins = std::any_of(members_.begin(), members_.end(),
                                 [&](const std::string& name) { return !nodes_.at(name).is->has_member(); });
  if (established_ && primary_.empty() && joins) {
    return FailedPrecondition("which member of " + object_.key.Text() +
                              " is the primary cannot be told now, and a new one must follow it: the Sentinels have to "
                              "agree first");
  }
  for (auto& [name, node] : nodes_) PlanTools(name);
  // The first primary before those that copy its data.
  if (IsMember(primary_)) PlanMember(primary_);
  for (const std::string& name : members_) {
    if (name != primary_) PlanMember(name);
  }
  for (const std::string& name : members_) PW_TRY(PlanUsers(name));
  for (const std::string& name : sentinels_) PlanSentinel(name);
  PlanWish();
  PlanLeaving();
  return Ok();
}

ActionDraft CacheDraft::Action(const std::string& server, std::string verb, std::string subject,
                               std::string summary) const {
  ActionDraft draft;
  draft.action.set_server(server);
  draft.action.set_verb(std::move(verb));
  draft.action.set_subject(std::move(subject));
  draft.action.set_summary(std::move(summary));
  return draft;
}

std::size_t CacheDraft::Add(const std::string& server, ActionDraft action, const Places& also) {
  Node& node = nodes_.at(server);
  action.after = node.own;
  action.after.insert(action.after.end(), also.begin(), also.end());
  action.after_objects.push_back({"server", server});
  if (spec_.has_mesh()) action.after_objects.push_back({"mesh", spec_.mesh()});
  draft_.actions.push_back(std::move(action));
  node.own = {draft_.actions.size() - 1};
  return node.own.front();
}

void CacheDraft::PlanTools(const std::string& name) {
  const Node& node = nodes_.at(name);
  v1::kinds::CacheToolsAction payload;
  if (IsSentinel(name)) payload.add_packages(kinds::kRedisSentinel);
  if (IsMember(name)) payload.add_packages(kinds::kRedisServer);
  const std::vector<std::string> lacking(node.is->lacking().begin(), node.is->lacking().end());
  // An agent tells what lacks of what was set up before; else it finds out when it acts.
  const bool anew = (IsMember(name) && !node.is->has_member()) || (IsSentinel(name) && !node.is->has_sentinel());
  if (!anew && lacking.empty()) return;
  ActionDraft action = Action(name, "cache.tools.install", "tools",
                              anew ? "install what Redis needs and is not there" : "install " + Listed(lacking));
  action.SetPayload(payload);
  Add(name, std::move(action));
}

CacheTopology CacheDraft::Topology() const {
  CacheTopology topology;
  const auto address = [&](const std::string& name) { return spec_.has_mesh() ? nodes_.at(name).address : ""; };
  for (const std::string& name : members_) (*topology.mutable_members())[name] = address(name);
  for (const std::string& name : sentinels_) (*topology.mutable_sentinels())[name] = address(name);
  topology.set_port(spec_.port());
  if (spec_.has_sentinel()) topology.set_sentinel_port(spec_.sentinel().port());
  topology.set_mesh_interface(mesh_interface_);
  return topology;
}

void CacheDraft::BindTopology(const CacheTopology& topology, ActionDraft& action) const {
  std::set<std::string> names;
  for (const auto* servers : {&topology.members(), &topology.sentinels()}) {
    for (const auto& [name, address] : *servers) {
      if (address.empty()) names.insert(name);
    }
  }
  for (const std::string& name : names) {
    action.Bind("address/" + name, {"server", name}, name, "address");
    action.after_objects.push_back({"server", name});
  }
}

template <typename Found>
bool CacheDraft::AddressesStand(const Found& found) const {
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& entry) {
    const auto known = found.addresses().find(entry.first);
    return known != found.addresses().end() && (entry.second.address.empty() || known->second == entry.second.address);
  });
}

void CacheDraft::PlanMember(const std::string& name) {
  v1::kinds::CacheMemberAction payload;
  *payload.mutable_topology() = Topology();
  payload.set_self(name);
  payload.set_memory(spec_.memory());
  payload.set_eviction(spec_.eviction());
  payload.set_persistence(spec_.persistence());
  payload.set_min_replicas(spec_.min_replicas().count());
  if (spec_.has_min_replicas()) payload.set_max_lag_s(spec_.min_replicas().max_lag() / 1000);
  *payload.mutable_password() = password_;
  const CacheObserved& is = *nodes_.at(name).is;
  const bool same = is.member().running() && is.member().settings() == kinds::CacheMemberDigest(payload) &&
                    AddressesStand(is.member());
  if (same) return;
  std::string summary =
      is.has_member() ? "change the settings of Redis, which goes on running"
                      : "start Redis as " + std::string(name == primary_ ? "the primary" : "a replica of " + primary_);
  if (is.has_member() && !is.member().running()) summary = "start Redis, whose role the Sentinels say";
  payload.set_first_primary(primary_);
  payload.set_wish(established_ ? carried_out_ : allocation_.serial());
  ActionDraft action = Action(name, "cache.member.set", "redis", summary);
  action.SetPayload(payload);
  AddSecret(password_, action);
  BindTopology(payload.topology(), action);
  const std::size_t place =
      Add(name, std::move(action), name == primary_ || established_ ? Places() : nodes_.at(primary_).own);
  members_set_.push_back(place);
}

Status CacheDraft::PlanUsers(const std::string& name) {
  v1::kinds::CacheUsersAction payload;
  std::vector<v1::SecretUse> uses;
  for (const std::string& user : SortedKeys(spec_.users())) {
    const v1::kinds::CacheUser& wanted = spec_.users().at(user);
    v1::kinds::CacheUserWish& wish = (*payload.mutable_users())[user];
    *wish.mutable_commands() = wanted.commands();
    *wish.mutable_keys() = wanted.keys();
    *wish.mutable_channels() = wanted.channels();
    PW_ASSIGN(const v1::SecretUse use,
              ReadSecret(reader_, wanted.password(), "the user " + user + " of " + object_.key.Text()));
    *wish.mutable_password() = use;
    uses.push_back(use);
  }
  const CacheObserved& is = *nodes_.at(name).is;
  if (is.has_member() && is.member().users() == kinds::CacheUsersDigest(payload)) return Ok();
  const std::vector<std::string> names = SortedKeys(spec_.users());
  ActionDraft action = Action(name, "cache.users.set", "users",
                              names.empty() ? "let nobody log in" : "let " + Listed(names) + " log in");
  action.SetPayload(payload);
  for (const v1::SecretUse& use : uses) AddSecret(use, action);
  members_set_.push_back(Add(name, std::move(action)));
  return Ok();
}

void CacheDraft::PlanSentinel(const std::string& name) {
  v1::kinds::CacheSentinelAction payload;
  *payload.mutable_topology() = Topology();
  payload.set_self(name);
  const auto& sentinel = spec_.sentinel();
  payload.set_quorum(sentinel.has_quorum() ? sentinel.quorum() : sentinel.servers_size() / 2 + 1);
  payload.set_down_after_ms(sentinel.down_after());
  payload.set_failover_timeout_ms(sentinel.failover_timeout());
  *payload.mutable_password() = password_;
  const CacheObserved& is = *nodes_.at(name).is;
  const bool same = is.sentinel().running() && is.sentinel().settings() == kinds::CacheSentinelDigest(payload) &&
                    AddressesStand(is.sentinel());
  if (same) return;
  payload.set_first_primary(primary_);
  ActionDraft action = Action(name, "cache.sentinel.set", "sentinel",
                              is.has_sentinel() ? "change the settings of Sentinel, which goes on running"
                                                : "start Sentinel, which watches over " + primary_);
  action.SetPayload(payload);
  AddSecret(password_, action);
  BindTopology(payload.topology(), action);
  sentinels_set_.push_back(Add(name, std::move(action), members_set_));
}

std::size_t CacheDraft::Failover(const std::string& to, std::int64_t wish, const std::string& summary, bool moves,
                                 const Places& after) {
  v1::kinds::CacheFailoverAction payload;
  payload.set_wish(wish);
  ActionDraft action = Action(to, "cache.failover", to, summary);
  action.SetPayload(payload);
  if (moves) {
    action.action.set_disruption(v1::DISRUPTION_FAILOVER);
    action.action.set_downtime_ms(kCacheFailoverMs);
  }
  return Add(to, std::move(action), after);
}

void CacheDraft::PlanWish() {
  if (!established_ || !spec_.has_primary() || carried_out_ >= allocation_.serial()) return;
  Places after = members_set_;
  after.insert(after.end(), sentinels_set_.begin(), sentinels_set_.end());
  const bool moves = primary_ != spec_.primary();
  const std::string from = primary_.empty() ? "" : " (is " + primary_ + ")";
  sentinels_set_ = {Failover(spec_.primary(), allocation_.serial(),
                             moves
                                 ? "make " + spec_.primary() + " the primary" + from + "; nothing acknowledged is lost"
                                 : spec_.primary() + " is the primary already: that is the wish now",
                             moves, after)};
  if (moves) primary_ = spec_.primary();
}

void CacheDraft::PlanLeaving() {
  Places before = members_set_;
  before.insert(before.end(), sentinels_set_.begin(), sentinels_set_.end());
  if (established_ && !primary_.empty() && !IsMember(primary_)) {
    const std::string& to = spec_.has_primary() ? spec_.primary() : members_.front();
    before.push_back(
        Failover(to, carried_out_, "make " + to + " the primary, since " + primary_ + " leaves", true, before));
  }
  Places last = PlanCacheLeaving(object_, reader_, draft_, before);
  const bool leaves = !last.empty();
  // One after the other: a Sentinel that forgets finds the others again within seconds.
  for (const std::string& name : sentinels_) {
    const CacheObserved& is = *nodes_.at(name).is;
    if (!is.has_sentinel() || (!leaves && is.sentinel().strangers().empty())) continue;
    ActionDraft action = Action(name, "cache.sentinel.forget", "sentinel", "let Sentinel forget who is no more");
    action.SetPayload(v1::kinds::CacheForgetAction());
    last = {Add(name, std::move(action), last)};
  }
}

std::string CacheDraft::PrimaryNow() const {
  std::map<std::string, const CacheObserved*> seen;
  for (const std::string& name : reader_.ObservedServers(object_.key)) {
    const ObservedInput* observed = reader_.Observed(object_.key, name);
    if (observed != nullptr) seen[name] = static_cast<const CacheObserved*>(observed->observed.get());
  }
  return CachePrimaryOf(spec_, seen);
}

std::string CachePrimaryOf(const v1::kinds::CacheSpec& spec, const std::map<std::string, const CacheObserved*>& seen) {
  constexpr int kSentinel = 100;  // beats what any number of members say of themselves
  std::map<std::string, int> votes;
  for (const auto& [server, is] : seen) {
    if (is->member().role() == "primary") votes[server] += 1;
    // An address may be one that a server had before: who told it knows whose it was.
    for (const std::string& name : SortedKeys(is->sentinel().addresses())) {
      if (kinds::CacheEndpoint(is->sentinel().addresses().at(name), spec.port()) != is->sentinel().primary_address())
        continue;
      votes[name] += kSentinel;
      break;
    }
  }
  const auto most =
      std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? "" : most->first;
}

}  // namespace podwright::planner
