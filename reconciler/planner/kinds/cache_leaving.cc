// What goes from servers that are no members or Sentinels any more.
#include <algorithm>

#include "kinds/cache/cache_form.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/cache_checks.h"
#include "reconciler/planner/kinds/cache_draft.h"
#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {
namespace {

using v1::kinds::CacheObserved;
using v1::kinds::CacheSpec;

const CacheSpec& SpecOf(const ObjectInput& object) {
  return static_cast<const CacheSpec&>(*object.spec);
}

bool Has(const google::protobuf::RepeatedPtrField<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// What others on the server still need of what the cache may have brought.
std::set<std::string> PackagesInUse(const ObjectInput& object, const std::string& server, RecordingReader& reader) {
  std::set<std::string> out;
  if (const ObjectInput* declared = reader.Object({"server", server})) {
    for (const auto& [name, package] : static_cast<const v1::kinds::ServerSpec&>(*declared->spec).packages()) {
      if (!package.absent()) out.insert(name);
    }
  }
  const auto add = [&](const CacheSpec& spec) {
    if (Has(spec.members(), server)) out.insert(kinds::kRedisServer);
    if (Has(spec.sentinel().servers(), server)) out.insert(kinds::kRedisSentinel);
  };
  if (object.lifecycle == ObjectLifecycle::kLive) add(SpecOf(object));
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    const bool other = referrer.key.kind == object.key.kind && referrer.key != object.key;
    if (!other || referrer.lifecycle != ObjectLifecycle::kLive) continue;
    if (const ObjectInput* cache = reader.Object(referrer.key)) add(SpecOf(*cache));
  }
  return out;
}

ActionDraft Leave(const ObjectInput& object, const std::string& server, bool member, RecordingReader& reader) {
  const bool purge = member && SpecOf(object).purge();
  const std::string what = member ? "Redis" : "Sentinel";
  ActionDraft action;
  action.action.set_server(server);
  action.action.set_verb("cache.leave");
  action.action.set_subject(member ? "redis" : "sentinel");
  action.action.set_summary("take " + what + " of cache " + object.key.name + " away from " + server +
                            (purge    ? " WITH ITS DATA"
                             : member ? "; its data stays"
                                      : ""));
  action.action.set_deletes(true);
  if (purge) action.action.set_disruption(v1::DISRUPTION_DATA_LOSS);
  v1::kinds::CacheLeaveAction payload;
  payload.set_member(member);
  payload.set_sentinel(!member);
  payload.set_purge(purge);
  for (const std::string& package : PackagesInUse(object, server, reader)) payload.add_keep_packages(package);
  action.SetPayload(payload);
  return action;
}

}  // namespace

// The Sentinels first: one that is to go must not make anybody the primary meanwhile.
std::vector<std::size_t> PlanCacheLeaving(const ObjectInput& object, RecordingReader& reader, SliceDraft& draft,
                                          const std::vector<std::size_t>& after) {
  const bool live = object.lifecycle == ObjectLifecycle::kLive;
  std::vector<std::string> members;
  std::vector<std::size_t> places;
  const auto add = [&](const std::string& server, bool member, const std::vector<std::size_t>& before) {
    draft.actions.push_back(Leave(object, server, member, reader));
    draft.actions.back().after = before;
    places.push_back(draft.actions.size() - 1);
  };
  for (const std::string& server : reader.ObservedServers(object.key)) {
    const ObservedInput* observed = reader.Observed(object.key, server);
    if (observed == nullptr || reader.Agent(server) == nullptr) continue;
    const auto& is = static_cast<const CacheObserved&>(*observed->observed);
    const bool member = live && Has(SpecOf(object).members(), server);
    const bool sentinel = live && Has(SpecOf(object).sentinel().servers(), server);
    if (is.managed().empty()) continue;
    if (is.has_sentinel() && !sentinel) add(server, false, after);
    // Also where only packages were installed so far.
    if (!member && (is.has_member() || (!sentinel && !is.has_sentinel()))) members.push_back(server);
  }
  std::vector<std::size_t> before = after;
  before.insert(before.end(), places.begin(), places.end());
  for (const std::string& server : members) add(server, true, before);
  return places;
}

}  // namespace podwright::planner
