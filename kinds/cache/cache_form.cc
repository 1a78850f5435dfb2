#include "kinds/cache/cache_form.h"

#include <map>

#include "core/digest.h"
#include "podwright/v1/kinds/cache.pb.h"

namespace podwright::kinds {
namespace {

void AddNumber(Sha256Hasher& hasher, std::int64_t number) {
  hasher.UpdateField(std::to_string(number));
}

void AddUse(Sha256Hasher& hasher, const v1::SecretUse& use) {
  hasher.UpdateField(use.name());
  AddNumber(hasher, use.version());
  hasher.UpdateField(use.key());
}

void AddTopology(Sha256Hasher& hasher, const v1::kinds::CacheTopology& topology) {
  for (const auto* servers : {&topology.members(), &topology.sentinels()}) {
    AddNumber(hasher, static_cast<std::int64_t>(servers->size()));
    for (const auto& [name, address] : std::map<std::string, std::string>(servers->begin(), servers->end())) {
      hasher.UpdateField(name);
      hasher.UpdateField(address);
    }
  }
  AddNumber(hasher, topology.port());
  AddNumber(hasher, topology.sentinel_port());
  hasher.UpdateField(topology.mesh_interface());
}

template <typename List>
void AddList(Sha256Hasher& hasher, const List& list) {
  AddNumber(hasher, list.size());
  for (const std::string& item : list) hasher.UpdateField(item);
}

}  // namespace

std::string CacheMemberDigest(const v1::kinds::CacheMemberAction& action) {
  Sha256Hasher hasher;
  hasher.UpdateField("podwright cache member 1");
  AddTopology(hasher, action.topology());
  hasher.UpdateField(action.self());
  AddNumber(hasher, action.memory());
  hasher.UpdateField(action.eviction());
  hasher.UpdateField(action.persistence());
  AddNumber(hasher, action.min_replicas());
  AddNumber(hasher, action.max_lag_s());
  AddUse(hasher, action.password());
  return hasher.Finish().Hex();
}

std::string CacheSentinelDigest(const v1::kinds::CacheSentinelAction& action) {
  Sha256Hasher hasher;
  hasher.UpdateField("podwright cache sentinel 1");
  AddTopology(hasher, action.topology());
  hasher.UpdateField(action.self());
  AddNumber(hasher, action.quorum());
  AddNumber(hasher, action.down_after_ms());
  AddNumber(hasher, action.failover_timeout_ms());
  AddUse(hasher, action.password());
  return hasher.Finish().Hex();
}

std::string CacheUsersDigest(const v1::kinds::CacheUsersAction& action) {
  Sha256Hasher hasher;
  hasher.UpdateField("podwright cache users 1");
  std::map<std::string, const v1::kinds::CacheUserWish*> users;
  for (const auto& [name, user] : action.users()) users[name] = &user;
  for (const auto& [name, user] : users) {
    hasher.UpdateField(name);
    AddList(hasher, user->commands());
    AddList(hasher, user->keys());
    AddList(hasher, user->channels());
    AddUse(hasher, user->password());
  }
  return hasher.Finish().Hex();
}

std::string CacheEndpoint(const std::string& address, std::int64_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace podwright::kinds
