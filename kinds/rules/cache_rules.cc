#include "kinds/rules/cache_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "kinds/diagnostic.h"
#include "podwright/v1/kinds/cache.pb.h"

namespace podwright::kinds {
namespace {

using v1::kinds::CacheSpec;

// The defaults of the fields `port`.
constexpr std::int64_t kRedisPort = 6379;
constexpr std::int64_t kSentinelPort = 26379;

void CheckTwice(const google::protobuf::RepeatedPtrField<std::string>& servers, const Path& at, Diagnostics* out) {
  for (int i = 0; i < servers.size(); ++i) {
    for (int k = 0; k < i; ++k) {
      if (servers.Get(k) == servers.Get(i)) out->AddError(servers.Get(i) + " is listed twice", at);
    }
  }
}

void CheckSentinel(const CacheSpec& spec, Diagnostics* out) {
  const Path at = Path().Attribute("sentinel");
  if (!spec.has_sentinel()) {
    if (spec.members_size() > 1) {
      out->AddError(
          "with " + std::to_string(spec.members_size()) + " members somebody must decide which of them is the primary",
          at, "name three Sentinel servers or more; they may be members");
    }
    return;
  }
  const auto& sentinel = spec.sentinel();
  CheckTwice(sentinel.servers(), at.Attribute("servers"), out);
  if (sentinel.has_quorum() && sentinel.quorum() > sentinel.servers_size()) {
    out->AddError("a quorum of " + std::to_string(sentinel.quorum()) + " cannot come together: there are " +
                      std::to_string(sentinel.servers_size()) + " Sentinels",
                  at.Attribute("quorum"));
  }
  // Unset is not zero: the defaults differ.
  const std::int64_t port = spec.has_port() ? spec.port() : kRedisPort;
  if ((sentinel.has_port() ? sentinel.port() : kSentinelPort) == port) {
    out->AddError("Redis and Sentinel cannot both have the port " + std::to_string(port), at.Attribute("port"));
  }
}

void CheckMinReplicas(const CacheSpec& spec, Diagnostics* out) {
  if (!spec.has_min_replicas()) return;
  const Path at = Path().Attribute("min_replicas");
  if (spec.min_replicas().count() >= spec.members_size()) {
    out->AddError("with " + std::to_string(spec.members_size()) + " members there are never " +
                      std::to_string(spec.min_replicas().count()) + " replicas: nothing could ever be written",
                  at.Attribute("count"));
  }
  if (spec.min_replicas().max_lag() % 1000 != 0) out->AddError("Redis counts whole seconds", at.Attribute("max_lag"));
}

}  // namespace

void CheckCacheRules(const google::protobuf::Message& message, Diagnostics* out) {
  const auto& spec = static_cast<const CacheSpec&>(message);
  CheckTwice(spec.members(), Path().Attribute("members"), out);
  const bool member = std::find(spec.members().begin(), spec.members().end(), spec.primary()) != spec.members().end();
  if (spec.has_primary() && !member) {
    out->AddError(spec.primary() + " is no member of the cache", Path().Attribute("primary"), "add it to `members`");
  }
  CheckSentinel(spec, out);
  CheckMinReplicas(spec, out);
  for (const auto& [name, user] : spec.users()) {
    if (name.rfind("podwright", 0) != 0) continue;
    out->AddError("names that begin with `podwright` are Podwright's own", Path().Attribute("users").Key(name));
  }
  if (spec.eviction().rfind("allkeys", 0) == 0 && !spec.has_memory()) {
    out->AddError("without a limit of the memory nothing is ever evicted", Path().Attribute("eviction"),
                  "set `memory`");
  }
}

}  // namespace podwright::kinds
